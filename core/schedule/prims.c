/* prims.c -- the rows: what each primitive is called, takes, and does. */
#include "core/schedule/prims.h"

const Prim prims[] = {
    {"split", "L:loop F:factors S:names",
     "Splits a loop into nested loops whose extents are the factors; -1 stands for the one to be found.  An\n"
     "integer n means {-1, n}.  Where the factors cover more than the extent, the blocks below are\n"
     "guarded, by a condition behind `where`.  Returns the new loops, outermost first: yo and yi, or y0, y1, y2 …\n"
     "of more than two, unless names are given.\n"
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
     "  for y in range(64):            for yo in range(8):\n"
     "    for x in range(64):    →       for xo in range(4):\n"
     "      block C(y, x): …               for yi in range(8):\n"
     "                                       for xi in range(16):\n"
     "                                         block C(y = yo*8 + yi, …): …",
     prim_tile, true},
    {"parallel", "M:loops",
     "Runs the iterations of a loop on several cores of the CPU at once, in any order.  Every iteration must\n"
     "write elements of its own.\n"
     "  for y in range(64):      →     for y in parallel(64):",
     prim_parallel, false},
    {"vectorize", "M:loops",
     "Runs all iterations of a loop at once, one to a vector lane.  Every iteration must write elements of its\n"
     "own; guards become masks.\n"
     "  for xi in range(16):     →     for xi in vectorized(16):",
     prim_vectorize, false},
    {"unroll", "M:loops",
     "Writes the iterations of a loop out one after the other.  Elements that a loop around it only adds to may then\n"
     "stay in registers.\n"
     "  for yi in range(8):      →     for yi in unrolled(8):",
     prim_unroll, false},
    {"bind", "E:loop N:axis",
     "Gives each iteration of a loop, or of each loop of a list, to a GPU thread block (blockIdx.x …) or to a\n"
     "thread (threadIdx.x …).  A block has at most 1024 threads, 64 along z; split a longer loop first.\n"
     "  for y in range(64):      →     for y in bind(\"blockIdx.x\", 64):",
     prim_bind_axis, false},
    {"annotate", "P:place N:key V:value",
     "Leaves a hint on a loop or a block; it does not change what the program means.\n"
     "  for k in range(64):      →     for k in range(64) {pipeline: 2}:",
     prim_annotate, false},
    {"compute_inline", "B:block",
     "Puts a block's expression in place of every read of what it computes; the buffer goes.\n"
     "  B[y] = A[y] * 2\n"
     "  D[i] = B[i] + B[i + 1]   →     D[i] = A[i]*2 + A[i + 1]*2",
     prim_compute_inline, false},
    {"reverse_compute_inline", "B:block",
     "Puts a block into the one that computes its input, which then computes the result of both.\n"
     "  B[y] = A[y] * 2\n"
     "  D[i] = max(B[i], 0)      →     D[y] = max(A[y] * 2, 0)",
     prim_reverse_compute_inline, false},
    {"compute_at", "B:block L:loop",
     "Computes a block inside a loop of the blocks that read it, in each iteration just the part that is read\n"
     "there.  The block's own loops are built anew, named after its axes.  On a GPU, a copy in\n"
     "shared memory goes under the loop that is bound to blocks.\n"
     "  for y in range(32):            for i in range(30):\n"
     "    block B(y): …                  for y in range(3):\n"
     "  for i in range(30):      →         block B(y = i + y): …\n"
     "    block D(i): …                  block D(i): …",
     prim_compute_at, false},
    {"reverse_compute_at", "B:block L:loop",
     "Computes a block inside a loop of the block whose result it reads, in each iteration just the part that\n"
     "is ready there.\n"
     "  for yo, yi:                    for yo in range(8):\n"
     "    block C(…): …                  for yi in range(4): block C(…): …\n"
     "  for i in range(32):      →       for i in range(4):\n"
     "    block D(i): … C[i] …             block D(i = yo*4 + i): …",
     prim_reverse_compute_at, false},
    {"cache_read", "B:block T:buffer N:scope",
     "Copies a buffer into a nearer scope (local, shared, global) before a block reads it.  The copy keeps the\n"
     "buffer's indices; compute_at then moves it to where it is read, and its memory shrinks to the window\n"
     "in use there: packing.  On a GPU, the threads of a block see the same shared memory, and\n"
     "local is each thread's own.  Returns the name of the block that copies.\n"
     "  C[y, x] += A[k, y] * B[k, x]   →   B.local[k, x] = B[k, x]\n"
     "                                     C[y, x] += A[k, y] * B.local[k, x]",
     prim_cache_read, true},
    {"cache_write", "B:block N:scope",
     "Lets a block write into a nearer scope, and copies the result out afterwards.  reverse_compute_at then\n"
     "moves the copy to where a part is ready.  Returns the name of the block that copies.\n"
     "  C[y, x] += …             →     C.local[y, x] += …\n"
     "                                 C[y, x] = C.local[y, x]",
     prim_cache_write, true},
    {"set_scope", "T:buffer N:scope",
     "Changes the memory scope of an allocated buffer: global, shared (by the threads of a GPU's\n"
     "block) or local.\n"
     "  alloc B: float32[8]      →     alloc B: float32[8] local",
     prim_set_scope, false},
    {"transform_layout", "T:buffer D:layout",
     "Puts the elements of an allocated buffer in another order, so that those that are used together\n"
     "lie together, as the panels of a packed matrix do.  The layout lists the dimensions of the new one,\n"
     "from the outside in: each dimension of the buffer, by the name of the axis that writes it (ax0, ax1 …\n"
     "where none does, or one that an earlier dimension has), as a whole (k) or in two parts (x//8 and x%8).\n"
     "The number must divide a dimension in which an index, by what is in memory, may be outside.  Steps that\n"
     "ask what a block writes by its axes, such as compute_at and decompose_reduction, come before it.\n"
     "  alloc P: float32[4, 16]             alloc P: float32[2, 4, 8]\n"
     "  C[x] += A[k] * P[k, x]         →    C[x] += A[k] * P[x//8, k, x % 8]",
     prim_transform_layout, false},
    {"decompose_reduction", "B:block L:loop",
     "Takes the init of a reduction out into a block of its own before a loop.  Returns its name.\n"
     "  for k in range(64):            for x in range(8): block C.init(x): C[x] = 0\n"
     "    for x in range(8):     →     for k in range(64):\n"
     "      block C(x, k: reduce):       for x in range(8):\n"
     "        init: C[x] = 0               block C(x, k: reduce):\n"
     "        C[x] += …                      C[x] += …",
     prim_decompose_reduction, true},
    {"contract", "B:block",
     "Lets a sum of products use fused multiply-add: each product is added without being rounded first.\n"
     "Quick on a processor that has such an instruction (tvm.has_fma()); elsewhere a call for each, right and slow.\n"
     "  C[y, x] += A[k, y] * B[k, x]   →   C[y, x] fma= A[k, y] * B[k, x]",
     prim_contract, false},
};

const size_t prim_count = sizeof prims / sizeof *prims;
