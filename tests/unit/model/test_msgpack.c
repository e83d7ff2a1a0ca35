// SPDX-License-Identifier: Apache-2.0
/* Bytes marked "captured" come from connections between a real 1.0.18 client and server. */
#include "tests/unit/model/filled.h"

#include <errno.h>
#include <stdio.h>

#include "model/msgpack.h"
#include "model/table.h"

struct heartbeat {
    nsec_t ttl;
    struct strs eval_ids;
    uint64_t eval_index, node_index, features;
    const char *leader;
    int64_t num_nodes;
    struct objs servers;
    uint64_t index;
    nsec_t last_contact;
    bool known_leader;
};
struct server_info {
    const char *addr, *dc;
    int64_t major, minor;
};
#define S struct server_info
static const struct field server_fields[] = {
    F(1, addr, "RPCAdvertiseAddr", NULL, FT_STR, CHG_NONE),
    F(2, major, "RPCMajorVersion", NULL, FT_INT, CHG_NONE),
    F(3, minor, "RPCMinorVersion", NULL, FT_INT, CHG_NONE),
    F(4, dc, "Datacenter", NULL, FT_STR, CHG_NONE),
};
static SCHEMA(server_schema, "NodeServerInfo", server_fields);
#undef S
#define S struct heartbeat
static const struct field heartbeat_fields[] = {
    F(1, ttl, "HeartbeatTTL", NULL, FT_DUR, CHG_NONE),
    F(2, eval_ids, "EvalIDs", NULL, FT_STRS, CHG_NONE),
    F(3, eval_index, "EvalCreateIndex", NULL, FT_UINT, CHG_NONE),
    F(4, node_index, "NodeModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(5, features, "Features", NULL, FT_UINT, CHG_NONE),
    F(6, leader, "LeaderRPCAddr", NULL, FT_STR, CHG_NONE),
    F(7, num_nodes, "NumNodes", NULL, FT_INT, CHG_NONE),
    F(8, servers, "Servers", NULL, FT_OBJS, CHG_NONE, .sub = &server_schema),
    F(9, index, "Index", NULL, FT_UINT, CHG_NONE),
    F(10, last_contact, "LastContact", NULL, FT_DUR, CHG_NONE),
    F(11, known_leader, "KnownLeader", NULL, FT_BOOL, CHG_NONE),
};
static SCHEMA(heartbeat_schema, "NodeUpdateResponse", heartbeat_fields);
#undef S

static struct buf from_hex(const char *z)
{
    struct buf b = {0};
    unsigned byte;
    for (; *z; z++)
        if (*z != ' ' && sscanf(z, "%2x", &byte) == 1) {
            buf_addc(&b, (char)byte);
            z++;
        }
    return b;
}

static const char heartbeat_hex[] = /* captured */
    "8b ac48656172746265617454544c d3000000038e58e7cf a74576616c494473 c0"
    "af4576616c437265617465496e646578 00 af4e6f64654d6f64696679496e646578 0c"
    "a84665617475726573 00 ad4c656164657252504341646472 af3132372e302e302e313a3234373437"
    "a84e756d4e6f646573 01 a753657276657273 91 84 b052504341647665727469736541646472"
    "af3132372e302e302e313a3234373437 af5250434d616a6f7256657273696f6e 01"
    "af5250434d696e6f7256657273696f6e 01 aa4461746163656e746572 a3646331 a5496e646578 0c"
    "ab4c617374436f6e74616374 00 ab4b6e6f776e4c6561646572 c2";

static void a_captured_heartbeat_answer_reads_and_writes_byte_for_byte(void **state)
{
    struct arena *a = arena_new(0);
    struct buf in = from_hex(heartbeat_hex), out = {0};
    struct reader r = reader_of(in.p, in.n);
    struct heartbeat *h;
    struct err err = {{0}};
    assert_int_equal(model_from_msgpack(&heartbeat_schema, a, &r, (void **)&h, &err), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(h->ttl, INT64_C(15273093071));
    assert_int_equal(h->node_index, 12);
    assert_int_equal(h->servers.n, 1);
    assert_string_equal(((struct server_info *)h->servers.items[0])->dc, "dc1");
    model_msgpack(&heartbeat_schema, h, &out);
    assert_int_equal(out.n, in.n);
    assert_memory_equal(out.p, in.p, in.n);
    buf_free(&in);
    buf_free(&out);
    arena_free(a);
}

static void times_are_gos_fifteen_bytes(void **state)
{
    struct buf b = {0}, zero = from_hex("af 01 0000000000000000 00000000 ffff"),
               one = from_hex("af 01 0000000ee29217a6 12e80ca3 ffff"); /* both captured */
    nsec_t t;
    assert_int_equal(time_parse_rfc3339(str_of("2026-11-20T10:27:50.317197475Z"), &t), 0);
    msgpack_time(&b, 0);
    assert_memory_equal(b.p, zero.p, zero.n);
    buf_reset(&b);
    msgpack_time(&b, t);
    assert_int_equal(b.n, one.n);
    assert_memory_equal(b.p, one.p, one.n);
    buf_free(&b);
    buf_free(&zero);
    buf_free(&one);
}

static void drop_local(const struct field *f, void *obj)
{
    if (f->flags & FF_LOCAL)
        field_set_default(f, obj);
}

static void every_field_survives_msgpack(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        struct arena *a = arena_new(0), *c = arena_new(0);
        struct buf b = {0};
        struct err err = {{0}};
        void *obj = filled(s, a, 0, 0), *back = NULL;
        each_field(s, obj, drop_local);
        model_msgpack(s, obj, &b);
        struct reader r = reader_of(b.p, b.n);
        if (model_from_msgpack(s, c, &r, &back, &err) < 0)
            fail_msg("%s: %s", s->name, err.text);
        assert_int_equal(reader_left(&r), 0);
        if (!model_equal(s, obj, back, true))
            fail_msg("%s differs after a round trip", s->name);
        for (size_t cut = 0; cut < b.n; cut += 1 + b.n / 200) {
            struct msgpack_scan scan = {0};
            size_t size;
            r = reader_of(b.p, cut);
            assert_int_equal(model_from_msgpack(s, c, &r, &back, &err), -EBADMSG);
            assert_int_equal(msgpack_scan(&scan, b.p, cut, &size), -EAGAIN);
            assert_int_equal(msgpack_scan(&scan, b.p, b.n, &size), 0);
            assert_int_equal(size, b.n);
        }
        buf_free(&b);
        arena_free(c);
        arena_free(a);
    }
}

static void new_text_types_unknown_keys_and_nil_are_understood(void **state)
{
    /* {"Label" (str8): "x" (bin8), "New": [1, {"a": nil}, ext], "Value": uint16, "To": nil} */
    struct buf b = from_hex("84 d9054c6162656c c40178 a34e6577 93 01 81 a161 c0 d60101020304"
                            "a556616c7565 cd1f90 a2546f c0");
    struct arena *a = arena_new(0);
    struct port *p;
    struct err err = {{0}};
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(model_from_msgpack(&port_schema, a, &r, (void **)&p, &err), 0);
    assert_string_equal(p->label, "x");
    assert_int_equal(p->value, 8080);
    assert_int_equal(p->to, 0);
    assert_string_equal(p->host_network, "default");
    buf_free(&b);
    arena_free(a);
}

static void errors_name_the_path(void **state)
{
    struct arena *a = arena_new(0);
    struct buf b = {0};
    struct err err = {{0}};
    void *job;
    msgpack_map(&b, 1);
    msgpack_text(&b, "TaskGroups");
    msgpack_array(&b, 1);
    msgpack_map(&b, 1);
    msgpack_text(&b, "Count");
    msgpack_text(&b, "three");
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(model_from_msgpack(&job_schema, a, &r, &job, &err), -EINVAL);
    assert_string_equal(err.text, "Job.TaskGroups.Count: wants an integer, found text");
    buf_free(&b);
    arena_free(a);
}

static void counts_that_promise_more_than_the_bytes_cost_nothing(void **state)
{
    struct buf b = {0};
    struct arena *a = arena_new(0);
    struct val v;
    for (int i = 0; i < 60; i++) {
        msgpack_array(&b, 10000);
    }
    for (int i = 0; i < 20000; i++)
        msgpack_nil(&b);
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(msgpack_read_val(a, &r, &v), -EBADMSG);
    assert_true(arena_bytes(a) < 64 * b.n);
    buf_free(&b);
    arena_free(a);
}

static void nesting_is_bounded(void **state)
{
    struct buf b = {0};
    struct arena *a = arena_new(0);
    struct val v;
    for (int i = 0; i < 100000; i++)
        msgpack_array(&b, 1);
    msgpack_nil(&b);
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(msgpack_read_val(a, &r, &v), -EBADMSG);
    r = reader_of(b.p, b.n);
    assert_int_equal(msgpack_skip(&r), 0);
    assert_int_equal(reader_left(&r), 0);
    buf_free(&b);
    arena_free(a);
}

static void integers_take_the_form_go_gives_them(void **state)
{
    static const struct {
        int64_t v;
        const char *hex;
    } cases[] = {{0, "00"},       {127, "7f"},      {-32, "e0"},          {-33, "d0df"},
                 {128, "d10080"}, {-129, "d1ff7f"}, {40000, "d200009c40"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = {0}, want = from_hex(cases[i].hex);
        msgpack_int(&b, cases[i].v);
        assert_int_equal(b.n, want.n);
        assert_memory_equal(b.p, want.p, want.n);
        buf_free(&b);
        buf_free(&want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_captured_heartbeat_answer_reads_and_writes_byte_for_byte),
        cmocka_unit_test(times_are_gos_fifteen_bytes),
        cmocka_unit_test(every_field_survives_msgpack),
        cmocka_unit_test(new_text_types_unknown_keys_and_nil_are_understood),
        cmocka_unit_test(errors_name_the_path),
        cmocka_unit_test(counts_that_promise_more_than_the_bytes_cost_nothing),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(integers_take_the_form_go_gives_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
