// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "base/value.h"
#include "base/vec.h"

static void err_text_is_cut_not_overrun(void **state)
{
    struct err e = {{0}};
    char long_text[3000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(err_set(&e, -EINVAL, "%s", long_text), -EINVAL);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    err_set(&e, -EINVAL, "bad \"x\"");
    assert_int_equal(err_wrap(&e, -EINVAL, "file %d", 3), -EINVAL);
    assert_string_equal(e.text, "file 3: bad \"x\"");
    assert_int_equal(err_set(NULL, -EIO, "nobody reads this"), -EIO);
}

static void durations_read_and_print_as_go_does(void **state)
{
    static const struct {
        const char *in;
        int64_t ns;
        const char *out;
    } table[] = {
        {"0", 0, "0s"},
        {"90s", 90 * NSEC_SEC, "1m30s"},
        {"1h30m", 90 * NSEC_MIN, "1h30m0s"},
        {"1.5s", 1500 * NSEC_MSEC, "1.5s"},
        {"300ms", 300 * NSEC_MSEC, "300ms"},
        {"-10us", -10 * NSEC_USEC, "-10µs"},
        {"2540400h10m10.000000000s", 9145440610 * NSEC_SEC, "2540400h10m10s"},
        {"1ns", 1, "1ns"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        int64_t ns = -1;
        struct buf b = {0};
        assert_int_equal(duration_parse(str_of(table[i].in), &ns), 0);
        assert_int_equal(ns, table[i].ns);
        duration_format(&b, ns);
        assert_string_equal(b.p, table[i].out);
        buf_free(&b);
    }
    int64_t ns;
    static const char *const bad[] = {"", "5", "s", "1x", "1h-5m", ".s", "99999999999h"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(duration_parse(str_of(bad[i]), &ns) < 0);
}

static void rfc3339_round_trips(void **state)
{
    nsec_t t;
    struct buf b = {0};
    assert_int_equal(time_parse_rfc3339(str_of("2026-11-20T10:27:50.317197475Z"), &t), 0);
    time_format_rfc3339(&b, t);
    assert_string_equal(b.p, "2026-11-20T10:27:50.317197475Z");
    buf_reset(&b);
    assert_int_equal(time_parse_rfc3339(str_of("2026-11-20T10:27:50+02:30"), &t), 0);
    time_format_rfc3339(&b, t);
    assert_string_equal(b.p, "2026-11-20T07:57:50Z");
    buf_free(&b);
    assert_true(time_parse_rfc3339(str_of("2026-11-20 10:27:50Z"), &t) < 0);
}

static void map_survives_growth_and_deletion(void **state)
{
    struct map m = {0};
    static char keys[5000][8];
    for (size_t i = 0; i < 5000; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        assert_int_equal(map_put(&m, str_of(keys[i]), keys[i], NULL), 0);
        if (i >= 100)
            assert_ptr_equal(map_del(&m, str_of(keys[i - 100])), keys[i - 100]);
    }
    assert_int_equal(m.n, 100);
    size_t seen = 0, it = 0;
    while (map_next(&m, &it))
        seen++;
    assert_int_equal(seen, 100);
    assert_ptr_equal(map_get(&m, str_of("k4999")), keys[4999]);
    assert_null(map_get(&m, str_of("k1")));
    map_free(&m);
}

static void crc32c_known_answer(void **state)
{
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void uuid_text_round_trips(void **state)
{
    struct uuid u, v;
    uuid_random(&u);
    assert_int_equal(uuid_parse(str_of(UUID_Z(&u)), &v), 0);
    assert_true(uuid_eq(&u, &v));
    assert_int_equal(uuid_parse(str_of("8e662877-2633-dc54-e4d1-72de554b74e"), &v), -EINVAL);
    assert_int_equal(uuid_parse(str_of("8e662877-2633-dc54-e4d1_72de554b74e6"), &v), -EINVAL);
    assert_int_equal(uuid_parse(str_of(""), &v), 0);
    assert_string_equal(UUID_Z(&v), "");
}

static void reader_refuses_what_is_not_there(void **state)
{
    struct buf b = {0};
    uint64_t v;
    struct str s;
    buf_add_varint(&b, UINT64_MAX);
    buf_add_varint(&b, 300);
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(reader_varint(&r, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(reader_varint(&r, &v), 0);
    assert_int_equal(v, 300);
    assert_int_equal(reader_bytes(&r, 1, &s), -EBADMSG);
    assert_true(r.bad);
    static const uint8_t endless[11] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
    r = reader_of(endless, sizeof(endless));
    assert_int_equal(reader_varint(&r, &v), -EBADMSG);
    buf_free(&b);
}

static void maps_sort_and_keep_the_last_of_equal_keys(void **state)
{
    struct arena *a = arena_new(0);
    for (size_t n = 2; n < 60; n += 19) {
        struct val_entry *e = arena_array(a, struct val_entry, n);
        for (size_t i = 0; i < n; i++) {
            e[i].key = str_of(arena_printf(a, "%zu", (n - i) / 2));
            e[i].value = val_int((int64_t)i);
        }
        struct val m = val_map_of(e, n);
        for (size_t i = 1; i < m.map.n; i++)
            assert_true(str_cmp(m.map.entries[i - 1].key, m.map.entries[i].key) < 0);
        assert_int_equal(val_get(m, str_of("0"))->i, (int64_t)n - 1);
        struct val copy;
        assert_int_equal(val_copy(a, m, &copy), 0);
        assert_true(val_eq(m, copy));
    }
    assert_true(val_eq(val_int(1), (struct val){.type = VAL_NUM, .d = 1.0}));
    arena_free(a);
}

static void nearest_name_suggests_typos_only(void **state)
{
    static const char *const names[] = {"count", "constraint", "restart"};
    assert_string_equal(nearest_name(str_of("coutn"), names, 3), "count");
    assert_string_equal(nearest_name(str_of("Restart"), names, 3), "restart");
    assert_null(nearest_name(str_of("banana"), names, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_text_is_cut_not_overrun),
        cmocka_unit_test(durations_read_and_print_as_go_does),
        cmocka_unit_test(rfc3339_round_trips),
        cmocka_unit_test(map_survives_growth_and_deletion),
        cmocka_unit_test(crc32c_known_answer),
        cmocka_unit_test(uuid_text_round_trips),
        cmocka_unit_test(reader_refuses_what_is_not_there),
        cmocka_unit_test(maps_sort_and_keep_the_last_of_equal_keys),
        cmocka_unit_test(nearest_name_suggests_typos_only),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
