/* cuda.c -- PTX for GPU programs: accepted by ptxas where it is installed, refused with a reason
** where a program is none. */
#include "tests/build_files.h"
#include "tests/program.h"
#include "tests/ptxas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/cuda/cuda.h"
#include "backends/cuda/launch.h"
#include "backends/cuda/plan.h"

static const char vector_add[] =
    "func add(A: float32[1000], B: float32[1000]) -> C: float32[1000]:\n"
    "  for bx in bind(\"blockIdx.x\", 8):\n    for tx in bind(\"threadIdx.x\", 128):\n"
    "      if bx*128 + tx < 1000:\n"
    "        C[bx*128 + tx] = A[bx*128 + tx] + B[bx*128 + tx]\n";

static const char matmul[] =
    "func matmul(A: float32[256, 256], B: float32[256, 256]) -> C: float32[256, 256]:\n"
    "  for by in bind(\"blockIdx.y\", 4):\n    for bx in bind(\"blockIdx.x\", 4):\n"
    "      for ty in bind(\"threadIdx.y\", 16):\n        for tx in bind(\"threadIdx.x\", 16):\n"
    "          alloc L: float32[4, 4] local\n"
    "          for i in unrolled(4):\n            for j in unrolled(4):\n              L[i, j] = 0\n"
    "          alloc P: float32[16, 64] shared\n          alloc Q: float32[16, 64] shared\n"
    "          for ko in range(16):\n"
    "            for v in vectorized(4):\n"
    "              P[ty, tx*4 + v] = A[ko*16 + ty, by*64 + tx*4 + v]\n"
    "              Q[ty, tx*4 + v] = B[ko*16 + ty, bx*64 + tx*4 + v]\n"
    "            barrier(\"shared\")\n"
    "            for ki in range(16):\n              for i in unrolled(4):\n"
    "                for j in unrolled(4):\n"
    "                  L[i, j] fma= P[ki, ty*4 + i] * Q[ki, tx*4 + j]\n"
    "            barrier(\"shared\")\n"
    "          for i in unrolled(4):\n            for j in vectorized(4):\n"
    "              C[by*64 + ty*4 + i, bx*64 + tx*4 + j] = L[i, j]\n";

static const char *ptx_of(Arena *A, const char *text, const char *target)
{
    Err err = {0};
    const Backend *b = backend_find(target, &err);
    const char *ptx = b ? b->view(A, parse(A, text), target, "ptx", &err) : NULL;
    if (!ptx)
        fail_msg("%s\n%s", err.why, text);
    return ptx;
}

static void assemble(const char *ptx, const char *arch)
{
    if (!find_ptxas())
        print_message("skipped ptxas: it is not installed\n");
    else if (!ptxas_takes(ptx, arch))
        fail_msg("ptxas refuses this for %s:\n%s", arch, ptx);
}

static void examples_assemble(void **state)
{
    (void)state;
    static const char *const arch[] = {"sm_80", "sm_90", "sm_75"};
    for (int i = 0; i < 3; i++) {
        Arena *A = arena_new(NULL);
        const char *target = arena_printf(A, "cuda -arch=%s", arch[i]);
        assemble(ptx_of(A, vector_add, target), arch[i]);
        assemble(ptx_of(A, matmul, target), arch[i]);
        arena_release(A);
    }
}

/* What makes the matmul fast is there: 16-byte accesses, fused multiplications, barriers. */
static void matmul_is_good_code(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *ptx = ptx_of(A, matmul, "cuda");
    assert_non_null(strstr(ptx, ".target sm_80"));
    assert_non_null(strstr(ptx, "ld.global"));
    assert_non_null(strstr(ptx, "st.shared.v4.f32"));
    assert_non_null(strstr(ptx, "ld.shared.v4.f32"));
    assert_non_null(strstr(ptx, "st.global.v4.f32"));
    assert_non_null(strstr(ptx, "fma.rn.f32"));
    assert_non_null(strstr(ptx, "bar.sync"));
    assert_non_null(strstr(ptx, ".maxntid 16, 16, 1"));
    assert_null(strstr(ptx, "ld.local")); /* the accumulators are registers */
    arena_release(A);
}

/* What threads hand each other over a barrier changes behind its pointer's back; what nothing
** writes does not, nor what nobody waits for. */
static void buffers_handed_over_a_barrier_have_aliases(void **state)
{
    (void)state;
    static const char *const body[] = {"T[tx] = A[tx]\n",
                                       "T[tx] = A[tx]\n    barrier(\"shared\")\n"};
    for (int waits = 0; waits < 2; waits++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        const char *text =
            arena_printf(A,
                         "func f(A: float32[32]) -> T: float32[32], C: float32[32]:\n"
                         "  for tx in bind(\"threadIdx.x\", 32):\n"
                         "    %s    C[tx] = T[%s]\n",
                         body[waits], waits ? "31 - tx" : "tx");
        const char *ir = backend_find("cuda", &err)->view(A, parse(A, text), "cuda", "ir", &err);
        if (!ir)
            fail_msg("%s\n%s", err.why, text);
        const char *at = strchr(strstr(ir, "define "), '(');
        for (int i = 0; i < 3; i++) {
            at = strstr(at, "addrspace(1)") + strlen("addrspace(1)");
            const char *end = at + strcspn(at, ",)"), *found = strstr(at, "noalias");
            assert_int_equal(found && found < end, !waits || i == 0);
            at = end;
        }
        arena_release(A);
    }
}

/* Products and sums stay apart, for each has its own rounding. */
static void nothing_is_contracted(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *ptx = ptx_of(A,
                             "func f(A: float32[32]) -> C: float32[32]:\n"
                             "  for tx in bind(\"threadIdx.x\", 32):\n"
                             "    C[tx] = A[tx] * A[tx] + A[31 - tx]\n",
                             "cuda");
    assert_non_null(strstr(ptx, "mul.rn.f32"));
    assert_non_null(strstr(ptx, "add.rn.f32"));
    assert_null(strstr(ptx, "fma"));
    arena_release(A);
}

/* Every operation has code on a GPU too. */
static void operations_assemble(void **state)
{
    (void)state;
    static const char *const types[] = {"float32", "float64", "int8",   "uint16",
                                        "int32",   "int64",   "uint64", "bool"};
    Arena *A = arena_new(NULL);
    for (int t = 0; t < 8; t++) {
        bool f = t < 2;
        const char *name = types[t];
        const char *text = arena_printf(
            A,
            "func f(A: %s[64], B: %s[64]) -> C: %s[16, 64], D: bool[64], E: int32[64], "
            "F: float32[64]:\n"
            "  for tx in bind(\"threadIdx.x\", 64):\n"
            "    C[0, tx] = A[tx] + B[tx]\n    C[1, tx] = A[tx] - B[tx]\n"
            "    C[2, tx] = A[tx] * B[tx]\n    C[3, tx] = A[tx] / B[tx]\n"
            "    C[4, tx] = A[tx] // B[tx]\n    C[5, tx] = A[tx] %% B[tx]\n"
            "    C[6, tx] = min(A[tx], B[tx])\n    C[7, tx] = max(A[tx], B[tx])\n"
            "    C[8, tx] = %s\n    C[9, tx] = %s\n    C[10, tx] = %s\n"
            "    C[11, tx] max= A[tx]\n    C[12, tx] *= A[tx]\n"
            "    D[tx] = A[tx] < B[tx] or A[tx] == B[63 - tx]\n"
            "    E[tx] = int32(A[tx])\n    F[tx] = float32(A[tx])\n",
            name, name, name, f ? "sqrt(A[tx])" : "A[tx] << B[tx]",
            f ? "round(A[tx])" : "A[tx] >> B[tx]", f ? "fma(A[tx], B[tx], A[0])" : "A[tx] ^ B[tx]");
        assemble(ptx_of(A, text, "cuda"), "sm_80");
        assemble(ptx_of(A, text, "cuda -arch=sm_60"), "sm_60");
    }
    arena_release(A);
}

/* Masks, gathers and several kernels with a temporary between them. */
static void shapes_assemble(void **state)
{
    (void)state;
    static const char text[] =
        "func f(A: float32[32, 6], I: int32[32]) -> C: float32[32], D: float32[8]:\n"
        "  alloc T: float32[32, 4]\n"
        "  for tx in bind(\"threadIdx.x\", 32):\n    for v in vectorized(4):\n"
        "      if tx*4 + v < 70:\n        T[tx, v] = A[tx, v + 1] + A[int64(I[tx])%32, v]\n"
        "  for bx in bind(\"blockIdx.x\", 2):\n    for tx in bind(\"threadIdx.x\", 16):\n"
        "      C[bx*16 + tx] = 0\n      for v in vectorized(4):\n        C[bx*16 + tx] += T[tx, v]\n"
        "  for i in range(8):\n    D[i] = C[i*4]\n";
    Arena *A = arena_new(NULL);
    CudaPlan plan;
    Err err = {0};
    assert_true(cuda_plan(A, parse(A, text), &plan, &err));
    assert_int_equal(plan.nkernels, 3);
    assert_int_equal(plan.ntemporaries, 1);
    assert_int_equal(gpu_count(&plan.kernels[1].shape, FOR_block_x), 2);
    assert_int_equal(gpu_count(&plan.kernels[1].shape, FOR_thread_x), 16);
    assert_int_equal(plan.kernels[1].nbuffers, 2);
    assert_int_equal(gpu_count(&plan.kernels[2].shape, FOR_thread_x), 1);
    assemble(ptx_of(A, text, "cuda"), "sm_80");
    arena_release(A);
}

#define F "func f() -> C: float32[4096]:\n"

static void programs_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target, *text;
        ErrCode code;
    } bad[] = {
        {"cuda -arch=sm_99", vector_add, ERR_cuda_arch_unknown},
        {"cuda -O3", vector_add, ERR_cuda_option_unknown},
        {"cuda", F "  for i in range(4096):\n    C[i] = 0\n", ERR_cuda_not_bound},
        {"cuda", F "  for i in bind(\"threadIdx.x\", 4096):\n    C[i] = 0\n", ERR_cuda_too_many},
        {"cuda",
         F "  for i in bind(\"threadIdx.x\", 64):\n"
           "    for j in bind(\"threadIdx.y\", 64):\n      C[i*64 + j] = 0\n",
         ERR_too_many_threads},
        {"cuda",
         F "  for i in range(4):\n    for j in bind(\"blockIdx.x\", 4):\n      C[i*4 + j] = 0\n",
         ERR_cuda_block_inside},
        {"cuda",
         F "  for i in range(4):\n    for j in bind(\"blockIdx.x\", 4):\n      C[j] = C[3 - j]\n",
         ERR_barrier_blocks},
        {"cuda",
         F "  for i in bind(\"blockIdx.x\", 4):\n    for j in bind(\"threadIdx.x\", 4):\n"
           "      C[i*4 + j] = 0\n    for j in bind(\"threadIdx.x\", 8):\n"
           "      C[i*8 + j + 64] = 0\n",
         ERR_thread_extent},
        {"cuda",
         F "  for i in bind(\"blockIdx.x\", 4):\n    alloc T: float32[4]\n    T[0] = 0\n"
           "    C[i] = T[0]\n",
         ERR_cuda_global_inside},
        {"cuda",
         F "  for i in bind(\"blockIdx.x\", 4):\n    alloc T: float32[20000] shared\n"
           "    T[0] = 0\n    C[i] = T[0]\n",
         ERR_cuda_shared_bytes},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        const Backend *b = backend_find("cuda", &err);
        assert_null(b->view(A, parse(A, bad[i].text), bad[i].target, "ptx", &err));
        if (err.code != bad[i].code)
            fail_msg("%s instead of %s: %s", err_name(err.code), err_name(bad[i].code), err.why);
        arena_release(A);
    }
}

/* ---- launching ---- */

static void use_driver(bool fake)
{
    cuda_shutdown();
    if (fake)
        setenv("LD_LIBRARY_PATH", build_file("fakes"), 1);
    else
        unsetenv("LD_LIBRARY_PATH");
}

static Kernel *compile(Arena *A, const char *text, Err *err)
{
    return cuda_backend.compile(parse(A, text), "cuda", err);
}

static void data_goes_there_and_back(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    use_driver(true);
    const char *device = cuda_device(A, &err);
    if (!device)
        fail_msg("%s", err.why);
    assert_string_equal(device, "Pretended GPU, sm_80, driver 12.4");
    Kernel *k = compile(A, vector_add, &err), *other = compile(A, vector_add, &err);
    if (!k || !other)
        fail_msg("%s", err.why);
    Tensor *t[3];
    for (int i = 0; i < 3; i++)
        t[i] = tensor_new(DT_float32, 1, (int64_t[]){1000}, &err);
    tensor_arange(t[0], 0, 1);
    tensor_arange(t[1], 5, 2);
    kernel_release(other);
    for (int turn = 0; turn < 3; turn++)
        if (!k->call(k, t, &err))
            fail_msg("%s", err.why);
    for (int64_t i = 0; i < 1000; i++)
        assert_true(tensor_at(t[2], i).f == (double)(3 * i + 5));
    use_driver(false); /* the process ends, and the program with it */
    assert_false(k->call(k, t, &err));
    assert_int_equal(err.code, ERR_cuda_lost);
    for (int i = 0; i < 3; i++)
        tensor_release(t[i]);
    kernel_release(k);
    arena_release(A);
}

/* The index is what the kernel reads: no compiler knows where it leads. */
static void faults_are_reported(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    use_driver(true);
    Kernel *k = compile(A,
                        "func f(A: float32[7], I: int32[7]) -> C: float32[7]:\n"
                        "  for x in bind(\"threadIdx.x\", 7):\n    C[x] = A[int64(I[x])]\n",
                        &err);
    if (!k)
        fail_msg("%s", err.why);
    Tensor *t[3];
    for (int i = 0; i < 3; i++)
        t[i] = tensor_new(i == 1 ? DT_int32 : DT_float32, 1, (int64_t[]){7}, &err);
    tensor_arange(t[0], 5, 1);
    tensor_arange(t[1], 0, 1);
    assert_true(k->call(k, t, &err));
    assert_true(tensor_at(t[2], 6).f == 11);
    tensor_arange(t[1], 1, 1);
    assert_false(k->call(k, t, &err));
    assert_int_equal(err.code, ERR_cuda_call);
    assert_non_null(strstr(err.why, "cuCtxSynchronize"));
    assert_non_null(strstr(err.why, "CUDA_ERROR_ILLEGAL_ADDRESS"));
    for (int i = 0; i < 3; i++)
        tensor_release(t[i]);
    kernel_release(k);
    use_driver(false);
    arena_release(A);
}

static void no_driver_is_said(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    use_driver(false);
    if (cuda_device(A, &err)) {
        print_message("skipped: this machine has a GPU\n");
    } else {
        assert_int_equal(err.code, ERR_cuda_no_driver);
        assert_null(compile(A, vector_add, &err));
        assert_int_equal(err.code, ERR_cuda_no_driver);
    }
    cuda_shutdown();
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_assemble),
        cmocka_unit_test(matmul_is_good_code),
        cmocka_unit_test(buffers_handed_over_a_barrier_have_aliases),
        cmocka_unit_test(nothing_is_contracted),
        cmocka_unit_test(operations_assemble),
        cmocka_unit_test(shapes_assemble),
        cmocka_unit_test(programs_are_refused),
        cmocka_unit_test(data_goes_there_and_back),
        cmocka_unit_test(faults_are_reported),
        cmocka_unit_test(no_driver_is_said),
    };
    return cmocka_run_group_tests(tests, open_processes, close_processes);
}
