// SPDX-License-Identifier: Apache-2.0
/* Status.*, Search.*, and the sections of agent-info a server knows. */
#include <errno.h>

#include "server/server_parts.h"

static void handle_ping(void *impl, struct rpc_call *call)
{
    if (rpc_reply(call))
        rpc_finish(call);
    else
        rpc_fail(call, 503, "out of memory");
}

static void handle_leader(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct text_reply *reply = rpc_reply(call);
    if (!reply) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    reply->text = s->leader ? s->o.rpc_addr : "";
    rpc_finish(call);
}

static void handle_peers(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct texts_reply *reply = rpc_reply(call);
    if (!reply || strs_add(call->arena, &reply->texts, s->o.rpc_addr) < 0)
        rpc_fail(call, 503, "out of memory");
    else
        rpc_finish(call);
}

static void handle_regions(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct texts_reply *reply = rpc_reply(call);
    if (!reply || strs_add(call->arena, &reply->texts, s->o.region) < 0)
        rpc_fail(call, 503, "out of memory");
    else
        rpc_finish(call);
}

static int fill_member(struct server *s, struct arena *a, struct member *m)
{
    const char *colon = strrchr(s->o.rpc_addr, ':');
    struct uuid id = raft_host_id(s->raft);
    int64_t port = 4647;
    (void)parse_i64(str_of(colon ? colon + 1 : ""), &port);
    m->name = arena_printf(a, "%s.%s", s->o.name, s->o.region);
    m->addr = colon ? arena_strndup(a, s->o.rpc_addr, (size_t)(colon - s->o.rpc_addr)) : "";
    m->port = 4648;
    m->status = "alive";
    m->protocol_cur = 2;
    m->delegate_cur = 4;
    const struct {
        const char *key, *value;
    } tags[] = {
        {"role", "nomad"},
        {"region", s->o.region},
        {"dc", s->o.datacenter},
        {"build", s->o.version},
        {"id", arena_strdup(a, UUID_Z(&id))},
        {"port", arena_printf(a, "%lld", (long long)port)},
        {"rpc_addr", m->addr},
        {"raft_vsn", "3"},
        {"vsn", "1"},
        {"expect", "1"},
        {"bootstrap", "1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (!tags[i].value || smap_set(a, &m->tags, tags[i].key, tags[i].value) < 0)
            return -ENOMEM;
    return m->name && m->addr ? 0 : -ENOMEM;
}

static void handle_members(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct members_reply *reply = rpc_reply(call);
    struct member *m = model_new(&member_schema, call->arena);
    if (!reply || !m || fill_member(s, call->arena, m) < 0 ||
        objs_add(call->arena, &reply->members, m) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    reply->server_name = s->o.name;
    reply->server_region = s->o.region;
    reply->server_dc = s->o.datacenter;
    rpc_finish(call);
}

/* --- search by prefix --- */

enum { MATCHES_MAX = 20 };

static const struct {
    const char *context;
    enum state_table table;
    bool by_uuid;
} contexts[] = {
    {"allocs", TABLE_ALLOCS, true}, {"deployment", TABLE_DEPLOYMENTS, true},
    {"evals", TABLE_EVALS, true},   {"jobs", TABLE_JOBS, false},
    {"nodes", TABLE_NODES, true},
};

static const char *id_text(struct arena *a, enum state_table table, const void *o)
{
    switch (table) {
    case TABLE_ALLOCS:
        return arena_strdup(a, UUID_Z(&((const struct allocation *)o)->id));
    case TABLE_EVALS:
        return arena_strdup(a, UUID_Z(&((const struct evaluation *)o)->id));
    case TABLE_NODES:
        return arena_strdup(a, UUID_Z(&((const struct node *)o)->id));
    case TABLE_DEPLOYMENTS:
        return arena_strdup(a, UUID_Z(&((const struct deployment *)o)->id));
    default:
        return arena_strdup(a, ((const struct job *)o)->id);
    }
}

static int search_one(struct rpc_call *call, const struct snap *snap, size_t k,
                      struct val *ret_list, bool *ret_truncated)
{
    struct rpc_common *c = rpc_common_of(call);
    struct state_iter it;
    const void *o;
    struct val *items = arena_array(call->arena, struct val, MATCHES_MAX);
    size_t n = 0;
    if (!items)
        return -ENOMEM;
    *ret_truncated = false;
    if (!contexts[k].by_uuid)
        state_iter_id_prefix(&it, snap, contexts[k].table, c->ns, c->prefix);
    else
        (void)state_iter_uuid_prefix(&it, snap, contexts[k].table, nonull(c->prefix));
    while ((o = state_next(&it))) {
        if (n == MATCHES_MAX) {
            *ret_truncated = true;
            break;
        }
        const char *id = id_text(call->arena, contexts[k].table, o);
        if (!id)
            return -ENOMEM;
        items[n++] = val_str(str_of(id));
    }
    *ret_list = (struct val){.type = VAL_LIST};
    ret_list->list.items = items;
    ret_list->list.n = n;
    return 0;
}

static int read_search(struct server *s, struct rpc_call *call, const struct snap *snap,
                       struct state_key *ret_key)
{
    struct search_args *args = call->args;
    struct search_reply *reply = call->reply;
    struct val_entry *m = arena_array(call->arena, struct val_entry, ARRAY_LEN(contexts));
    struct val_entry *t = arena_array(call->arena, struct val_entry, ARRAY_LEN(contexts));
    size_t n = 0;
    *ret_key = state_key_table(TABLE_JOBS);
    for (size_t k = 0; m && t && k < ARRAY_LEN(contexts); k++) {
        bool truncated;
        if (!isempty(args->context) && !streq(args->context, "all") &&
            !streq(args->context, contexts[k].context))
            continue;
        if (search_one(call, snap, k, &m[n].value, &truncated) < 0)
            return read_error(call, 503, "out of memory");
        m[n].key = t[n].key = str_of(contexts[k].context);
        t[n++].value = val_bool(truncated);
    }
    if (!m || !t)
        return read_error(call, 503, "out of memory");
    reply->matches = val_map_of(m, n);
    reply->truncations = val_map_of(t, n);
    return 0;
}

static void handle_search(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_search);
}

const struct rpc_method status_methods[] = {
    {"Status.Ping", &empty_args_schema, &index_reply_schema, 0, CAP_NONE, handle_ping, NULL},
    {"Status.Leader", &empty_args_schema, &text_reply_schema, 0, CAP_NONE, handle_leader, NULL},
    {"Status.Peers", &empty_args_schema, &texts_reply_schema, 0, CAP_NONE, handle_peers, NULL},
    {"Status.Members", &empty_args_schema, &members_reply_schema, 0, CAP_NODE_READ, handle_members,
     NULL},
    {"Region.List", &empty_args_schema, &texts_reply_schema, 0, CAP_NONE, handle_regions, NULL},
    {"Search.PrefixSearch", &search_args_schema, &search_reply_schema, RPC_ANY_THREAD,
     CAP_LIST_JOBS, handle_search, NULL},
};
const size_t n_status_methods = ARRAY_LEN(status_methods);

/* --- agent-info --- */

struct pairs {
    struct arena *arena;
    struct val_entry *items;
    size_t n;
};

static void pair(struct pairs *p, const char *key, const char *fmt, ...) printf_like(3, 4);
static void pair(struct pairs *p, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    p->items[p->n].key = str_of(key);
    p->items[p->n++].value = val_str(str_of(nonull(text)));
}

#define U(x) (unsigned long long)(x)

int server_info(struct server *s, struct arena *a, struct val *ret)
{
    struct raft_host_stats rs;
    struct scheduling_stats ss;
    struct val_entry *sections = arena_array(a, struct val_entry, 3);
    struct pairs nomad = {a, arena_array(a, struct val_entry, 16), 0};
    struct pairs raft = {a, arena_array(a, struct val_entry, 24), 0};
    if (!sections || !nomad.items || !raft.items)
        return -ENOMEM;
    raft_host_stats(s->raft, &rs);
    scheduling_stats(s->scheduling, &ss);
    pair(&nomad, "server", "true");
    pair(&nomad, "leader", "%s", s->leader ? "true" : "false");
    pair(&nomad, "leader_addr", "%s", s->leader ? s->o.rpc_addr : "");
    pair(&nomad, "bootstrap", "true");
    pair(&nomad, "known_regions", "1");
    pair(&nomad, "evaluations_ready", "%zu", ss.ready);
    pair(&nomad, "evaluations_waiting", "%zu", ss.waiting);
    pair(&nomad, "evaluations_blocked", "%zu", ss.blocked);
    pair(&nomad, "evaluations_done", "%llu", U(ss.evals_done));
    pair(&nomad, "placements", "%llu", U(ss.placements));
    pair(&nomad, "placements_refused", "%llu", U(ss.dropped));
    pair(&raft, "state", "%s", rs.state);
    pair(&raft, "term", "%llu", U(rs.term));
    pair(&raft, "last_log_index", "%llu", U(rs.last_log_index));
    pair(&raft, "last_log_term", "%llu", U(rs.last_log_term));
    pair(&raft, "commit_index", "%llu", U(rs.commit_index));
    pair(&raft, "applied_index", "%llu", U(rs.applied_index));
    pair(&raft, "fsm_pending", "%llu", U(rs.fsm_pending));
    pair(&raft, "num_peers", "%llu", U(rs.num_peers));
    pair(&raft, "last_snapshot_index", "%llu", U(rs.last_snapshot_index));
    pair(&raft, "last_snapshot_term", "%llu", U(rs.last_snapshot_term));
    pair(&raft, "protocol_version", "%u", rs.protocol_version);
    sections[0].key = str_of("nomad");
    sections[0].value = val_map_of(nomad.items, nomad.n);
    sections[1].key = str_of("raft");
    sections[1].value = val_map_of(raft.items, raft.n);
    *ret = val_map_of(sections, 2);
    return 0;
}
