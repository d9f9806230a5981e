/* prims.c -- the rows: what each primitive is called, takes, and does. */
#include "core/schedule/prims.h"

const Prim prims[] = {
    {"split", "L:loop F:factors S:names",
     "Splits a loop into nested loops whose extents are the factors; -1 stands for the one to be found.  An\n"
     "integer n means {-1, n}.  Where the factors cover more than the extent, the blocks below get a guard.\n"
     "Returns the new loops, outermost first, named y.0, y.1 … unless names are given.\n"
     "  for y in range(20):            for yo in range(3):\n"
     "    block C(y): …          →       for yi in range(8):\n"
     "                                     block C(y = yo*8 + yi) where y < 20: …",
     prim_split, true},
    {"fuse", "M:loops S:names",
     "Joins loops that are nested in turn into one; a list of loops may be followed by a name.\n"
     "  for y in range(4):             for y_x in range(32):\n"
     "    for x in range(8):     →       block C(y = y_x//8, x = y_x%8): …\n"
     "      block C(y, x): …",
     prim_fuse, true},
    {"reorder", "M:loops",
     "Puts loops of one nest in the order given; other loops of the nest stay where they are.\n"
     "  for y in range(4):             for x in range(8):\n"
     "    for x in range(8):     →       for y in range(4):\n"
     "      block C(y, x): …               block C(y, x): …",
     prim_reorder, false},
    {"tile", "L:y L:x I:ty I:tx S:names",
     "Splits two loops, one in the other, and brings the inner parts inside: yo, xo, yi, xi.\n"
     "  for y in range(64):            for y.0 in range(8):\n"
     "    for x in range(64):    →       for x.0 in range(4):\n"
     "      block C(y, x): …               for y.1 in range(8):\n"
     "                                       for x.1 in range(16):\n"
     "                                         block C(y = y.0*8 + y.1, x = x.0*16 + x.1): …",
     prim_tile, true},
    {"parallel", "M:loops",
     "Runs the iterations of a loop on several threads of the CPU, in any order.  Every iteration must write\n"
     "elements of its own.\n"
     "  for y in range(64):      →     for y in parallel(64):",
     prim_parallel, false},
    {"vectorize", "M:loops",
     "Runs all iterations of a loop at once, one to a vector lane.  Every iteration must write elements of its\n"
     "own; guards become masks.\n"
     "  for xi in range(16):     →     for xi in vectorized(16):",
     prim_vectorize, false},
    {"unroll", "M:loops",
     "Writes the iterations of a loop out one after the other.\n"
     "  for yi in range(8):      →     for yi in unrolled(8):",
     prim_unroll, false},
    {"bind", "L:loop N:axis",
     "Gives each iteration of a loop to a GPU thread block (blockIdx.x …) or to a thread (threadIdx.x …).\n"
     "  for y in range(64):      →     for y in bind(\"blockIdx.x\", 64):",
     prim_bind_axis, false},
    {"annotate", "P:place N:key V:value",
     "Leaves a hint on a loop or a block; it does not change what the program means.\n"
     "  for k in range(64):      →     for k in range(64) {pipeline: 2}:",
     prim_annotate, false},
};

const size_t prim_count = sizeof prims / sizeof *prims;
