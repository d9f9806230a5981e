/* tensor.c -- tensors: views, files, printing, comparing; and that hostile files are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/pool.h"
#include "core/run/tensor.h"
#include "core/run/tensor_io.h"

static char folder[64] = "/tmp/tvmrepl-tensor-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[2][256];
    static int which;
    which ^= 1;
    snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
    return path[which];
}

static Tensor *ramp(DType t, int rank, const int64_t *shape)
{
    Tensor *x = tensor_new(t, rank, shape, NULL);
    assert_non_null(x);
    tensor_arange(x, 0, 1);
    return x;
}

static const char *printed(const Tensor *t, int width)
{
    static char text[8192];
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    bool left_out = tensor_print(t, width, &b);
    assert_int_equal(left_out, strstr(buf_str(&b), "...") != NULL);
    snprintf(text, sizeof text, "%s", buf_str(&b));
    arena_release(A);
    return text;
}

static void views(void **state)
{
    (void)state;
    Tensor *t = ramp(DT_int32, 2, (int64_t[]){4, 6});
    Tensor *s = tensor_slice(t, 1, -1, -7, -2, NULL);
    assert_int_equal(s->shape[1], 3);
    assert_int_equal(tensor_at(s, 1).i, 3);
    assert_false(tensor_is_dense(s));
    Tensor *p = tensor_pick(s, 0, -1, NULL);
    assert_int_equal(tensor_at(p, 0).i, 23);
    Tensor *tr = tensor_transpose(t, (int[]){1, 0}, NULL);
    assert_int_equal(tensor_at(tr, 1).i, 6);
    Tensor *c = tensor_copy(tr, NULL);
    assert_true(tensor_is_dense(c) && tensor_equal(c, tr));
    Fingerprint fc = tensor_fingerprint(c), ft = tensor_fingerprint(tr);
    assert_true(fp_equal(fc, ft));
    Tensor *r = tensor_reshape(tr, 3, (int64_t[]){2, -1, 4}, NULL);
    assert_int_equal(r->shape[1], 3);
    assert_int_equal(tensor_at(r, 4).i, 1);
    Err err = {0};
    assert_null(tensor_reshape(t, 1, (int64_t[]){23}, &err));
    assert_int_equal(err.code, ERR_tensor_reshape);
    assert_null(tensor_reshape(t, 3, (int64_t[]){0, INT64_MAX, INT64_MAX}, &err));
    assert_int_equal(err.code, ERR_tensor_overflow);
    assert_null(tensor_pick(t, 0, 4, &err));
    assert_int_equal(err.code, ERR_tensor_index);
    assert_null(tensor_pick(t, 2, 0, &err));
    assert_int_equal(err.code, ERR_tensor_dim);
    assert_null(tensor_slice(t, 0, 0, 1, 0, &err));
    assert_int_equal(err.code, ERR_tensor_step);
    assert_null(tensor_transpose(t, (int[]){1, 1}, &err));
    assert_int_equal(err.code, ERR_tensor_order);
    Tensor *all[] = {t, s, p, tr, c, r};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tensor_release(all[i]);
    assert_int_equal(tensor_count(), 0);
}

static void sizes_that_cannot_be(void **state)
{
    (void)state;
    Err err = {0};
    int64_t many[17] = {1};
    assert_null(tensor_new(DT_float32, 17, many, &err));
    assert_int_equal(err.code, ERR_tensor_rank);
    assert_null(tensor_new(DT_float32, 1, (int64_t[]){-1}, &err));
    assert_int_equal(err.code, ERR_tensor_extent);
    assert_null(tensor_new(DT_float32, 2, (int64_t[]){INT64_C(1) << 40, INT64_C(1) << 40}, &err));
    assert_int_equal(err.code, ERR_tensor_overflow);
    assert_null(tensor_new(DT_float64, 2, (int64_t[]){1 << 20, 1 << 20}, &err));
    assert_int_equal(err.code, ERR_tensor_too_large);
    Tensor *none = tensor_new(DT_int8, 2, (int64_t[]){0, 5}, &err);
    assert_int_equal(tensor_size(none), 0);
    assert_string_equal(printed(none, 80), "int8[0, 5]");
    tensor_release(none);
}

static void pool_slots(void **state)
{
    enum { LARGE = 100 + (1 << 14) }; /* small tensors lie on the heap; and its end is padded */
    (void)state;
    Tensor *t = tensor_empty(DT_float32, 1, (int64_t[]){LARGE}, NULL);
    const Slot *slot = &t->storage->slot;
    int64_t at, bytes;
    char *base = (char *)(uintptr_t)tensor_data(t) - slot->offset;
    assert_true(pool_fd(&bytes, NULL) >= 0);
    assert_int_equal(slot->offset % 64, 0);
    assert_int_equal((slot->page + slot->span) % POOL_PAGE, 0);
    assert_false(pool_damaged(slot, base, &at));
    ((float *)tensor_fill(t))[LARGE + 3] = 1;
    assert_true(pool_damaged(slot, base, &at));
    assert_in_range(at, (LARGE + 3) * 4, (LARGE + 3) * 4 + 3);
    pool_repair(slot);
    ((char *)tensor_fill(t))[-3] = 1;
    assert_true(pool_damaged(slot, base, &at));
    assert_int_equal(at, -3);
    tensor_release(t);
    /* What is given back comes again, and zeroed if asked. */
    for (int64_t n = 1; n < 3000000; n = n * 3 / 2 + 1) {
        Slot first, again;
        assert_true(pool_take(n, false, &first, NULL));
        int64_t home = first.home;
        memset(pool_data(&first), 7, (size_t)n);
        pool_give(&first);
        assert_true(pool_take(n, true, &again, NULL));
        assert_int_equal(again.home, home);
        for (int64_t i = 0; i < n; i += n / 7 + 1)
            assert_int_equal(pool_data(&again)[i], 0);
        pool_give(&again);
    }
}

static void npy_round_trip(void **state)
{
    (void)state;
    for (int d = 0; d < DT_COUNT; d++)
        for (int rank = 0; rank <= 3; rank++) {
            Tensor *t = ramp((DType)d, rank, (int64_t[]){2, 3, 4});
            assert_true(tensor_save(t, in_folder("a.npy"), NULL));
            Tensor *back = tensor_load(in_folder("a.npy"), NULL);
            assert_non_null(back);
            assert_true(tensor_equal(t, back));
            tensor_release(t);
            tensor_release(back);
        }
}

static void write_npy(int version, const char *header, const void *data, size_t n)
{
    FILE *f = fopen(in_folder("h.npy"), "w");
    size_t len = strlen(header);
    unsigned char start[12] = {0x93,
                               'N',
                               'U',
                               'M',
                               'P',
                               'Y',
                               (unsigned char)version,
                               0,
                               (unsigned char)(len & 255),
                               (unsigned char)(len >> 8)};
    fwrite(start, 1, version > 1 ? 12 : 10, f);
    fwrite(header, 1, len, f);
    fwrite(data, 1, n, f);
    fclose(f);
}

static void npy_foreign(void **state)
{
    (void)state;
    /* Big-endian, Fortran order, version 2: [[1, 3], [2, 4]] as columns 1 2 and 3 4. */
    const unsigned char data[] = {0, 1, 0, 2, 0, 3, 0, 4};
    write_npy(2, "{'descr': '>i2', 'fortran_order': True, 'shape': (2L, 2), }\n", data, 8);
    Err err = {0};
    Tensor *t = npy_load(in_folder("h.npy"), &err);
    assert_string_equal(printed(t, 80), "int16[2, 2]\n[[1, 3],\n [2, 4]]");
    tensor_release(t);
    static const char *const hostile[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, ), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, ), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, ), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }",
        "{'descr': '<f4', 'fortran_order': maybe, 'shape': (1, ), }",
        "{'descr': '<f4', 'shape': (1, ), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, ",
        "{'descr': '<f4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, ), 'x': 3}",
        "import os",
        ""};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        write_npy(1, hostile[i], data, 8);
        assert_null(npy_load(in_folder("h.npy"), &err));
        assert_int_equal(err.code, ERR_npy_bad);
    }
    write_npy(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", data, 8);
    assert_null(npy_load(in_folder("h.npy"), &err));
    assert_int_equal(err.code, ERR_npy_dtype);
    write_npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", data, 8);
    assert_null(npy_load(in_folder("h.npy"), &err));
    assert_int_equal(err.code, ERR_npy_dtype);
    assert_null(npy_load("/dev/zero", &err));
    assert_int_equal(err.code, ERR_npy_bad);
    assert_null(npy_load(in_folder("none.npy"), &err));
    assert_int_equal(err.code, ERR_not_readable);
}

static void images(void **state)
{
    (void)state;
    static const char *const names[] = {"i.png", "i.ppm", "i.pgm"};
    for (int format = 0; format < 3; format++)
        for (int wide = 0; wide < 2; wide++)
            for (int channels = 1; channels <= 4; channels++) {
                Tensor *t = tensor_new(wide ? DT_uint16 : DT_uint8, channels == 1 ? 2 : 3,
                                       (int64_t[]){5, 7, channels}, NULL);
                tensor_random(t, 3, 0, wide ? 65535 : 255);
                Err refused = {0};
                bool has_opacity = channels % 2 == 0, saved = format == 0 || !has_opacity;
                assert_int_equal(tensor_save(t, in_folder(names[format]), &refused), saved);
                if (!saved) {
                    assert_int_equal(refused.code, ERR_image_shape);
                    tensor_release(t);
                    continue;
                }
                Tensor *back = tensor_load(in_folder(names[format]), NULL);
                assert_non_null(back);
                assert_true(tensor_equal(t, back));
                tensor_release(t);
                tensor_release(back);
            }
    Tensor *f = tensor_new(DT_float32, 2, (int64_t[]){1, 3}, NULL);
    tensor_arange(f, 0, 0.5);
    assert_true(tensor_save(f, in_folder("f.png"), NULL));
    Tensor *g = tensor_load(in_folder("f.png"), NULL);
    assert_int_equal(tensor_at(g, 1).i, 128);
    tensor_release(g);
    Err err = {0};
    Tensor *row = tensor_pick(f, 0, 0, NULL);
    assert_false(tensor_save(row, in_folder("f.png"), &err));
    assert_int_equal(err.code, ERR_image_shape);
    assert_false(tensor_save(f, in_folder("f.gif"), &err));
    assert_int_equal(err.code, ERR_format_unknown);
    tensor_release(row);
    tensor_release(f);
    FILE *bad = fopen(in_folder("bad.png"), "w");
    fwrite("\x89PNG\r\n\x1a\n....IHDR", 1, 16, bad);
    fclose(bad);
    assert_null(tensor_load(in_folder("bad.png"), &err));
    assert_int_equal(err.code, ERR_image_bad);
    bad = fopen(in_folder("bad.pgm"), "w");
    fputs("P5 1000000 1000000 255\nxx", bad);
    fclose(bad);
    assert_null(tensor_load(in_folder("bad.pgm"), &err));
    assert_int_equal(err.code, ERR_image_bad);
}

static void full_disk(void **state)
{
    (void)state;
    Err err = {0};
    Tensor *t = ramp(DT_uint8, 2, (int64_t[]){300, 300});
    assert_false(npy_save(t, "/dev/full", &err));
    assert_int_equal(err.code, ERR_io_failed);
    assert_false(pnm_save(t, "/dev/full", &err));
    assert_int_equal(err.code, ERR_io_failed);
    assert_false(png_save(t, "/dev/full", &err));
    assert_int_equal(err.code, ERR_io_failed);
    assert_int_equal(access("/dev/full", W_OK), 0);
    assert_false(npy_save(t, in_folder("no/such/folder.npy"), &err));
    assert_int_equal(err.code, ERR_io_failed);
    assert_false(npy_save(t, folder, &err));
    assert_int_equal(err.code, ERR_io_failed);
    tensor_release(t);
}

static void prints(void **state)
{
    (void)state;
    Tensor *t = tensor_new(DT_float32, 2, (int64_t[]){2, 3}, NULL);
    tensor_arange(t, -1, 0.5);
    assert_string_equal(printed(t, 80),
                        "float32[2, 3]\n[[-1.0, -0.5,  0.0],\n [ 0.5,  1.0,  1.5]]");
    tensor_release(t);
    t = ramp(DT_int64, 2, (int64_t[]){1000, 1000});
    const char *text = printed(t, 60);
    assert_non_null(strstr(text, "..., "));
    assert_non_null(strstr(text, " ...,\n"));
    for (const char *line = strchr(text, '\n') + 1; line && *line;) {
        const char *end = strchr(line, '\n');
        assert_true((end ? end - line : (long)strlen(line)) <= 60);
        line = end ? end + 1 : NULL;
    }
    tensor_release(t);
    t = tensor_new(DT_float64, 1, (int64_t[]){3}, NULL);
    tensor_set(t, (int64_t[]){0}, (Scalar){.f = NAN});
    tensor_set(t, (int64_t[]){1}, (Scalar){.f = -INFINITY});
    tensor_set(t, (int64_t[]){2}, (Scalar){.f = 1e-30});
    assert_string_equal(printed(t, 80), "float64[3]\n[       nan,       -inf, 1.0000e-30]");
    tensor_release(t);
}

static void checks(void **state)
{
    (void)state;
    Tensor *a = ramp(DT_float32, 2, (int64_t[]){4, 5}), *b = tensor_copy(a, NULL);
    TensorDiff d;
    assert_true(tensor_check(a, b, 0, 0, &d, NULL));
    assert_int_equal(d.count, 0);
    assert_int_equal(d.first, -1);
    tensor_set(b, (int64_t[]){1, 2}, (Scalar){.f = (double)nextafterf(7, 8)});
    tensor_set(b, (int64_t[]){3, 4}, (Scalar){.f = 20});
    assert_true(tensor_check(a, b, 1e-3, 0, &d, NULL));
    assert_int_equal(d.count, 1);
    assert_int_equal(d.first, 19);
    assert_int_equal(d.worst_abs, 19);
    assert_true(d.max_abs == 1 && d.max_rel == 0.05);
    tensor_set(b, (int64_t[]){3, 4}, (Scalar){.f = 19});
    assert_true(tensor_check(a, b, 0, 0, &d, NULL));
    assert_int_equal(d.first, 7);
    assert_true(d.max_ulp == 1 && d.worst_ulp == 7);
    tensor_set(b, (int64_t[]){2, 0}, (Scalar){.f = NAN});
    assert_true(tensor_check(a, b, 1e-3, 0, &d, NULL));
    assert_int_equal(d.first_nan_b, 10);
    assert_int_equal(d.first_nan_a, -1);
    assert_int_equal(d.count, 1);
    tensor_set(a, (int64_t[]){2, 0}, (Scalar){.f = NAN});
    tensor_set(a, (int64_t[]){0, 0}, (Scalar){.f = -0.0});
    assert_true(tensor_check(a, b, 1e-3, 0, &d, NULL));
    assert_int_equal(d.count, 0);
    tensor_release(b);
    Err err = {0};
    b = ramp(DT_float32, 1, (int64_t[]){20});
    assert_false(tensor_check(a, b, 0, 0, &d, &err));
    assert_int_equal(err.code, ERR_shape_mismatch);
    tensor_release(a);
    tensor_release(b);
    a = tensor_new(DT_uint64, 1, (int64_t[]){2}, NULL);
    b = tensor_new(DT_uint64, 1, (int64_t[]){2}, NULL);
    tensor_set(a, (int64_t[]){0}, (Scalar){.i = -1});
    tensor_set(b, (int64_t[]){0}, (Scalar){.i = -2});
    assert_true(tensor_check(a, b, 0, 0, &d, NULL));
    assert_int_equal(d.count, 1);
    assert_true(d.max_abs == 1);
    tensor_release(a);
    tensor_release(b);
}

static void random_numbers(void **state)
{
    (void)state;
    /* A value of the documented generator, by hand: seed 42, element 0. */
    uint64_t z = 42 + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    Tensor *t = tensor_new(DT_float64, 1, (int64_t[]){10000}, NULL);
    tensor_random(t, 42, 0, 1);
    assert_true(tensor_at(t, 0).f == (double)(z >> 11) * 0x1p-53);
    double sum = 0, square = 0;
    tensor_randn(t, 1, 2, 3);
    for (int i = 0; i < 10000; i++) {
        double x = tensor_at(t, i).f - 2;
        sum += x;
        square += x * x;
    }
    assert_true(fabs(sum / 10000) < 0.1 && fabs(sqrt(square / 10000) - 3) < 0.1);
    tensor_release(t);
    t = tensor_new(DT_int8, 1, (int64_t[]){5000}, NULL);
    tensor_random(t, 7, -3, 3);
    int seen[7] = {0};
    for (int i = 0; i < 5000; i++) {
        assert_in_range(tensor_at(t, i).i + 3, 0, 6);
        seen[tensor_at(t, i).i + 3]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 600, 830);
    tensor_release(t);
}

static void small_tensors_are_copied_to_the_pool(void **state)
{
    (void)state;
    Tensor *t = ramp(DT_float32, 1, (int64_t[]){1000});
    assert_int_equal(t->storage->kind, STORAGE_HEAP);
    assert_true(storage_to_pool(t->storage, NULL));
    assert_memory_equal(pool_data(&t->storage->slot), tensor_data(t), 4000);
    tensor_release(t);
    assert_int_equal(tensor_count(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views),
        cmocka_unit_test(sizes_that_cannot_be),
        cmocka_unit_test(pool_slots),
        cmocka_unit_test(npy_round_trip),
        cmocka_unit_test(npy_foreign),
        cmocka_unit_test(images),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(prints),
        cmocka_unit_test(checks),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(small_tensors_are_copied_to_the_pool),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
