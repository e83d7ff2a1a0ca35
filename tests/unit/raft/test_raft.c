// SPDX-License-Identifier: Apache-2.0
/* One server against a scripted cluster: each rule the step machine must keep, one test each. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>

#include "base/buf.h"
#include "base/vec.h"
#include "raft/raft.h"

static const struct uuid me = {{1}}, two = {{2}}, three = {{3}};

struct rig {
    struct raft *r;
    struct raft_out out; /* of the last step */
    nsec_t now;
};

static struct raft_entry *entry(uint64_t index, uint64_t term, const char *text)
{
    struct raft_entry *e = raft_entry_new(RAFT_ENTRY_COMMAND, text, strlen(text));
    e->index = index;
    e->term = term;
    return e;
}

static struct raft_config servers(size_t n)
{
    struct raft_config c = {.n = n};
    for (size_t i = 0; i < n; i++)
        c.servers[i] = (struct raft_server){.id = {{(uint8_t)(i + 1)}}, .voter = true};
    return c;
}

/* `terms`: one entry per character, '1' = term 1. */
static void rig_start(struct rig *g, size_t n, uint64_t term, const char *terms)
{
    struct raft_options o = {.id = me, .seed = 1};
    struct raft_boot b = {.hard = {.term = term}, .snap_config = servers(n)};
    *g = (struct rig){0};
    b.n_entries = strlen(terms);
    b.entries = calloc(b.n_entries + 1, sizeof(*b.entries));
    for (size_t i = 0; i < b.n_entries; i++)
        b.entries[i] = entry(i + 1, (uint64_t)(terms[i] - '0'), "old");
    assert_int_equal(raft_new(&o, &b, 0, &g->r), 0);
    free(b.entries);
}

static void rig_end(struct rig *g)
{
    raft_out_clear(&g->out);
    raft_free(g->r);
}

static int step(struct rig *g, struct raft_event ev)
{
    raft_out_clear(&g->out);
    ev.now = g->now;
    return raft_step(g->r, &ev, &g->out);
}

static void tick_after(struct rig *g, nsec_t d)
{
    g->now += d;
    assert_int_equal(step(g, (struct raft_event){.type = RAFT_EV_TICK}), 0);
}

static void persisted(struct rig *g, uint64_t seq)
{
    assert_int_equal(step(g, (struct raft_event){.type = RAFT_EV_PERSISTED, .seq = seq}), 0);
}

static int receive(struct rig *g, struct raft_msg m)
{
    m.to = me;
    return step(g, (struct raft_event){.type = RAFT_EV_MESSAGE, .msg = &m});
}

/* An append from `two` with entries of the given terms behind `prev`. */
static int append(struct rig *g, uint64_t term, uint64_t prev, uint64_t prev_term, uint64_t commit,
                  const char *terms)
{
    struct raft_entry *e[16] = {0};
    struct raft_msg m = {.type = RAFT_MSG_APPEND,
                         .from = two,
                         .term = term,
                         .index = prev,
                         .index_term = prev_term,
                         .commit = commit,
                         .entries = e};
    for (; terms[m.n_entries]; m.n_entries++)
        e[m.n_entries] = entry(prev + 1 + m.n_entries, (uint64_t)(terms[m.n_entries] - '0'), "new");
    int r = receive(g, m);
    for (size_t i = 0; i < m.n_entries; i++)
        raft_entry_unref(e[i]);
    return r;
}

static const struct raft_msg *sent(const struct rig *g, enum raft_msg_type type,
                                   const struct uuid *to)
{
    for (size_t i = 0; i < g->out.n_msgs; i++)
        if (g->out.msgs[i].type == type && uuid_eq(&g->out.msgs[i].to, to))
            return &g->out.msgs[i];
    return NULL;
}

/* Makes the rig's server leader of its next term in a cluster of three; its no-op is not persisted.
 */
static void win(struct rig *g)
{
    tick_after(g, 3 * NSEC_SEC);
    assert_non_null(sent(g, RAFT_MSG_PREVOTE, &two));
    uint64_t term = raft_term(g->r);
    receive(g, (struct raft_msg){.type = RAFT_MSG_PREVOTE_REPLY, .from = two, .term = term + 1});
    uint64_t seq = g->out.persist.seq;
    assert_int_equal(raft_role(g->r), RAFT_CANDIDATE);
    persisted(g, seq);
    assert_non_null(sent(g, RAFT_MSG_VOTE, &two));
    receive(g, (struct raft_msg){.type = RAFT_MSG_VOTE_REPLY, .from = two, .term = term + 1});
    assert_int_equal(raft_role(g->r), RAFT_LEADER);
}

static int ack(struct rig *g, const struct uuid *from, uint64_t index)
{
    return receive(g, (struct raft_msg){.type = RAFT_MSG_APPEND_REPLY,
                                        .from = *from,
                                        .term = raft_term(g->r),
                                        .index = index});
}

static void a_single_voter_leads_once_its_vote_is_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 1, 0, "");
    assert_int_equal(raft_deadline(g.r), 0);
    tick_after(&g, 0);
    assert_int_equal(raft_role(g.r), RAFT_CANDIDATE);
    assert_true(g.out.persist.hard_changed);
    assert_int_equal(g.out.persist.hard.term, 1);
    assert_true(uuid_eq(&g.out.persist.hard.vote, &me));
    persisted(&g, g.out.persist.seq);
    assert_int_equal(raft_role(g.r), RAFT_LEADER);
    assert_int_equal(g.out.persist.n_entries, 1);
    assert_int_equal(raft_commit_index(g.r), 0);
    persisted(&g, g.out.persist.seq);
    assert_int_equal(raft_commit_index(g.r), 1);
    assert_int_equal(raft_noop_index(g.r), 1);
    assert_true(raft_deadline(g.r) == INT64_MAX);
    rig_end(&g);
}

static void a_vote_leaves_only_once_it_is_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 3, 1, "1");
    struct raft_msg ask = {
        .type = RAFT_MSG_VOTE, .from = two, .term = 2, .index = 1, .index_term = 1};
    receive(&g, ask);
    assert_int_equal(g.out.n_msgs, 0);
    assert_true(uuid_eq(&g.out.persist.hard.vote, &two));
    persisted(&g, g.out.persist.seq);
    assert_false(sent(&g, RAFT_MSG_VOTE_REPLY, &two)->reject);
    ask.from = three;
    receive(&g, ask);
    assert_true(sent(&g, RAFT_MSG_VOTE_REPLY, &three)->reject);
    rig_end(&g);
}

static void a_vote_goes_to_no_older_log(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "12");
    struct raft_msg ask = {
        .type = RAFT_MSG_VOTE, .from = two, .term = 3, .index = 9, .index_term = 1};
    receive(&g, ask);
    persisted(&g, g.out.persist.seq);
    assert_true(sent(&g, RAFT_MSG_VOTE_REPLY, &two)->reject);
    ask.index = 1;
    ask.index_term = 2;
    receive(&g, ask);
    assert_true(sent(&g, RAFT_MSG_VOTE_REPLY, &two)->reject);
    ask.index = 2;
    receive(&g, ask);
    persisted(&g, g.out.persist.seq);
    assert_false(sent(&g, RAFT_MSG_VOTE_REPLY, &two)->reject);
    rig_end(&g);
}

static void votes_compare_the_persisted_log(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1");
    append(&g, 2, 1, 1, 0, "22");
    g.now += 5 * NSEC_SEC;
    struct raft_msg ask = {
        .type = RAFT_MSG_VOTE, .from = three, .term = 3, .index = 1, .index_term = 1};
    receive(&g, ask);
    persisted(&g, g.out.persist.seq);
    assert_false(sent(&g, RAFT_MSG_VOTE_REPLY, &three)->reject);
    rig_end(&g);
}

static void an_entry_is_acknowledged_once_it_is_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1");
    append(&g, 2, 1, 1, 0, "22");
    uint64_t seq = g.out.persist.seq;
    assert_int_equal(g.out.n_msgs, 0);
    append(&g, 2, 3, 2, 3, "");
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 1);
    assert_int_equal(raft_commit_index(g.r), 1);
    persisted(&g, seq);
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 3);
    assert_int_equal(raft_commit_index(g.r), 3);
    rig_end(&g);
}

static void a_heartbeat_is_not_answered_with_an_unchecked_suffix(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1111");
    append(&g, 2, 2, 1, 0, "");
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 2);
    rig_end(&g);
}

static void an_append_that_ends_after_a_term_change_is_not_reported(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1");
    append(&g, 2, 1, 1, 0, "22");
    uint64_t seq = g.out.persist.seq;
    receive(&g,
            (struct raft_msg){
                .type = RAFT_MSG_APPEND, .from = three, .term = 3, .index = 1, .index_term = 1});
    uint64_t seq3 = g.out.persist.seq;
    persisted(&g, seq);
    assert_int_equal(g.out.n_msgs, 0);
    persisted(&g, seq3);
    assert_null(sent(&g, RAFT_MSG_APPEND_REPLY, &two));
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &three)->index, 1);
    rig_end(&g);
}

static void a_cut_suffix_does_not_count_as_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1");
    append(&g, 2, 1, 1, 0, "222");
    uint64_t seq = g.out.persist.seq;
    append(&g, 3, 2, 2, 0, "33");
    assert_int_equal(g.out.persist.truncate_from, 3);
    assert_int_equal(g.out.persist.n_entries, 2);
    uint64_t seq3 = g.out.persist.seq;
    persisted(&g, seq);
    assert_int_equal(g.out.n_msgs, 0);
    append(&g, 3, 4, 3, 0, "");
    persisted(&g, seq3);
    assert_int_equal(g.out.msgs[g.out.n_msgs - 1].index, 4);
    rig_end(&g);
}

static void after_a_cut_the_old_write_does_not_raise_what_is_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 3, 3, "1");
    append(&g, 3, 1, 1, 0, "2222");
    uint64_t seq = g.out.persist.seq;
    append(&g, 3, 1, 1, 0, "33");
    uint64_t seq3 = g.out.persist.seq;
    persisted(&g, seq);
    append(&g, 3, 3, 3, 3, "");
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 1);
    persisted(&g, seq3);
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 3);
    rig_end(&g);
}

static void what_is_cut_from_the_disk_is_not_vouched_for(void **state)
{
    struct rig g;
    rig_start(&g, 3, 3, "1222");
    append(&g, 3, 1, 1, 0, "3");
    uint64_t seq = g.out.persist.seq;
    assert_int_equal(g.out.persist.truncate_from, 2);
    append(&g, 3, 2, 3, 0, "");
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 1);
    persisted(&g, seq);
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 2);
    rig_end(&g);
}

static void entries_of_older_terms_are_not_committed_by_counting(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "12");
    win(&g);
    uint64_t seq = g.out.persist.seq;
    ack(&g, &two, 2);
    assert_int_equal(raft_commit_index(g.r), 0);
    ack(&g, &two, 3);
    assert_int_equal(raft_commit_index(g.r), 0);
    persisted(&g, seq);
    assert_int_equal(raft_commit_index(g.r), 3);
    rig_end(&g);
}

static void a_leaders_own_copy_counts_once_it_is_persisted(void **state)
{
    struct rig g;
    rig_start(&g, 3, 1, "");
    win(&g);
    uint64_t seq = g.out.persist.seq;
    ack(&g, &two, 1);
    struct raft_entry *e = entry(0, 0, "x");
    struct raft_event ev = {.type = RAFT_EV_PROPOSE, .entries = &e, .n_entries = 1};
    assert_int_equal(step(&g, ev), 0);
    assert_int_equal(sent(&g, RAFT_MSG_APPEND, &two)->n_entries, 1);
    ack(&g, &two, 2);
    assert_int_equal(raft_commit_index(g.r), 0);
    persisted(&g, seq);
    assert_int_equal(raft_commit_index(g.r), 1);
    persisted(&g, seq + 1);
    assert_int_equal(raft_commit_index(g.r), 2);
    rig_end(&g);
}

static void a_leader_that_contradicts_a_committed_entry_stops_us(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "11");
    append(&g, 2, 2, 1, 2, "");
    assert_int_equal(raft_commit_index(g.r), 2);
    assert_int_equal(append(&g, 2, 0, 0, 0, "22"), -EUCLEAN);
    rig_end(&g);
}

static void asking_for_votes_does_not_disturb_a_working_leader(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "1");
    append(&g, 2, 1, 1, 0, "");
    struct raft_msg ask = {
        .type = RAFT_MSG_PREVOTE, .from = three, .term = 9, .index = 9, .index_term = 9};
    receive(&g, ask);
    assert_true(sent(&g, RAFT_MSG_PREVOTE_REPLY, &three)->reject);
    ask.type = RAFT_MSG_VOTE;
    receive(&g, ask);
    assert_int_equal(raft_term(g.r), 2);
    assert_int_equal(g.out.n_msgs, 0);
    ask.type = RAFT_MSG_PREVOTE;
    g.now += 2 * NSEC_SEC;
    receive(&g, ask);
    assert_false(sent(&g, RAFT_MSG_PREVOTE_REPLY, &three)->reject);
    assert_int_equal(raft_term(g.r), 2);
    rig_end(&g);
}

static void a_leader_without_its_majority_steps_down(void **state)
{
    struct rig g;
    rig_start(&g, 3, 1, "");
    win(&g);
    persisted(&g, g.out.persist.seq);
    for (int i = 0; i < 25; i++) {
        tick_after(&g, 100 * NSEC_MSEC);
        ack(&g, &two, 1);
    }
    assert_int_equal(raft_role(g.r), RAFT_LEADER);
    for (int i = 0; i < 25; i++)
        tick_after(&g, 100 * NSEC_MSEC);
    assert_int_not_equal(raft_role(g.r), RAFT_LEADER);
    struct raft_entry *e = entry(0, 0, "x");
    struct raft_event ev = {.type = RAFT_EV_PROPOSE, .entries = &e, .n_entries = 1};
    assert_int_equal(step(&g, ev), -ENOTCONN);
    raft_entry_unref(e);
    rig_end(&g);
}

static int propose_config(struct rig *g, const struct raft_config *c)
{
    struct buf b = {0};
    raft_config_encode(c, &b);
    struct raft_entry *e = raft_entry_new(RAFT_ENTRY_CONFIG, b.p, b.n);
    buf_free(&b);
    struct raft_event ev = {.type = RAFT_EV_PROPOSE, .entries = &e, .n_entries = 1};
    int r = step(g, ev);
    if (r < 0)
        raft_entry_unref(e);
    return r;
}

static void servers_change_one_at_a_time_and_an_uncommitted_change_rolls_back(void **state)
{
    struct rig g;
    rig_start(&g, 3, 1, "");
    win(&g);
    struct raft_config four = servers(4), five = servers(5);
    assert_int_equal(propose_config(&g, &four), -EBUSY);
    persisted(&g, 2);
    ack(&g, &two, 1);
    assert_int_equal(raft_commit_index(g.r), 1);
    assert_int_equal(propose_config(&g, &five), -EINVAL);
    assert_int_equal(propose_config(&g, &four), 0);
    assert_int_equal(raft_configuration(g.r)->n, 4);
    assert_int_equal(propose_config(&g, &five), -EBUSY);
    append(&g, 9, 1, 2, 1, "9");
    assert_int_equal(raft_configuration(g.r)->n, 3);
    rig_end(&g);
}

static void a_follower_behind_the_log_is_sent_the_snapshot(void **state)
{
    struct rig g;
    rig_start(&g, 3, 1, "111");
    win(&g);
    persisted(&g, g.out.persist.seq);
    ack(&g, &three, 4);
    step(&g, (struct raft_event){.type = RAFT_EV_APPLIED, .index = 4});
    step(&g, (struct raft_event){.type = RAFT_EV_SNAPSHOT, .index = 4, .log_index = 3});
    assert_int_equal(raft_log_index(g.r), 3);
    tick_after(&g, 100 * NSEC_MSEC);
    receive(&g,
            (struct raft_msg){
                .type = RAFT_MSG_APPEND_REPLY, .from = two, .term = 2, .index = 3, .reject = true});
    const struct raft_msg *m = sent(&g, RAFT_MSG_SNAPSHOT, &two);
    assert_non_null(m);
    assert_int_equal(m->index, 4);
    assert_int_equal(m->config.n, 3);
    rig_end(&g);
}

static void an_installed_snapshot_replaces_the_log(void **state)
{
    struct rig g;
    rig_start(&g, 3, 2, "11");
    struct raft_msg m = {.type = RAFT_MSG_SNAPSHOT,
                         .from = two,
                         .term = 2,
                         .index = 9,
                         .index_term = 2,
                         .config = servers(4)};
    receive(&g, m);
    assert_int_equal(g.out.install, 9);
    step(&g, (struct raft_event){.type = RAFT_EV_INSTALLED, .index = 9, .term = 2});
    assert_int_equal(sent(&g, RAFT_MSG_APPEND_REPLY, &two)->index, 9);
    assert_int_equal(raft_commit_index(g.r), 9);
    assert_int_equal(raft_last_index(g.r), 9);
    assert_int_equal(raft_configuration(g.r)->n, 4);
    append(&g, 2, 9, 2, 9, "2");
    assert_int_equal(g.out.persist.n_entries, 1);
    rig_end(&g);
}

static void messages_survive_the_wire_and_cut_ones_are_refused(void **state)
{
    struct raft_entry *e[2] = {entry(8, 3, "hello"), entry(9, 4, "")};
    struct raft_msg m = {.type = RAFT_MSG_APPEND,
                         .from = two,
                         .to = me,
                         .term = 4,
                         .index = 7,
                         .index_term = 3,
                         .commit = 6,
                         .round = 300,
                         .entries = e,
                         .n_entries = 2};
    struct raft_msg back;
    struct buf b = {0};
    assert_int_equal(raft_msg_encode(&m, &b), 0);
    assert_int_equal(raft_msg_decode(b.p, b.n, &back), 0);
    assert_int_equal(back.n_entries, 2);
    assert_int_equal(back.entries[0]->index, 8);
    assert_int_equal(back.entries[1]->term, 4);
    assert_memory_equal(back.entries[0]->data, "hello", 5);
    assert_int_equal(back.commit, 6);
    raft_msg_clear(&back);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(raft_msg_decode(b.p, n, &back), -EBADMSG);
    b.p[0] = 9;
    assert_int_equal(raft_msg_decode(b.p, b.n, &back), -EPROTO);
    buf_free(&b);
    raft_entry_unref(e[0]);
    raft_entry_unref(e[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_voter_leads_once_its_vote_is_persisted),
        cmocka_unit_test(a_vote_leaves_only_once_it_is_persisted),
        cmocka_unit_test(a_vote_goes_to_no_older_log),
        cmocka_unit_test(votes_compare_the_persisted_log),
        cmocka_unit_test(an_entry_is_acknowledged_once_it_is_persisted),
        cmocka_unit_test(a_heartbeat_is_not_answered_with_an_unchecked_suffix),
        cmocka_unit_test(an_append_that_ends_after_a_term_change_is_not_reported),
        cmocka_unit_test(a_cut_suffix_does_not_count_as_persisted),
        cmocka_unit_test(after_a_cut_the_old_write_does_not_raise_what_is_persisted),
        cmocka_unit_test(what_is_cut_from_the_disk_is_not_vouched_for),
        cmocka_unit_test(entries_of_older_terms_are_not_committed_by_counting),
        cmocka_unit_test(a_leaders_own_copy_counts_once_it_is_persisted),
        cmocka_unit_test(a_leader_that_contradicts_a_committed_entry_stops_us),
        cmocka_unit_test(asking_for_votes_does_not_disturb_a_working_leader),
        cmocka_unit_test(a_leader_without_its_majority_steps_down),
        cmocka_unit_test(servers_change_one_at_a_time_and_an_uncommitted_change_rolls_back),
        cmocka_unit_test(a_follower_behind_the_log_is_sent_the_snapshot),
        cmocka_unit_test(an_installed_snapshot_replaces_the_log),
        cmocka_unit_test(messages_survive_the_wire_and_cut_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
