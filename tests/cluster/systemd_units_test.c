// SPDX-License-Identifier: Apache-2.0
/* The unit manager, launcher and relay against a real systemd. Runs inside a throwaway host (as
 * root, PID 1 must be systemd), not on a machine anybody needs:
 *   systemd_units_test LAUNCHER RELAY [--only WORD] [--kills N] [--units N] */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cluster/systemd_rig.h"

static void exit_codes_and_signals_are_seen(struct rig *rig)
{
    const struct {
        const char *script;
        enum unit_end end;
        int code, sig;
    } rows[] = {
        {"exit 0", UNIT_END_EXIT, 0, 0},
        {"exit 3", UNIT_END_EXIT, 3, 0},
        {"sleep 0.2; exit 203", UNIT_END_EXIT, 203, 0},
        {"exit 203", UNIT_END_EXIT, 203, 0},
        {"exit 249", UNIT_END_EXIT, 249, 0},
        {"kill -KILL $$", UNIT_END_SIGNAL, 0, SIGKILL},
        {"kill -SEGV $$", UNIT_END_SIGNAL, 0, SIGSEGV},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig_task t = {0};
        rig_start_script(rig, &t, rows[i].script);
        rig_wait_exit(rig, &t);
        CHECK(t.started == 0, "%s: start %d %s", rows[i].script, t.started, t.start_err.text);
        CHECK(t.ex.end == rows[i].end && t.ex.code == rows[i].code && t.ex.sig == rows[i].sig,
              "%s: %s code %d sig %d", rows[i].script, unit_end_name(t.ex.end), t.ex.code,
              t.ex.sig);
        CHECK(unit_state_has_invocation(&t.state), "invocation id");
        rig_reap(rig, &t);
    }
}

int main(int argc, char **argv)
{
    struct rig rig;
    rig_open(&rig, argc, argv);
    RUN(&rig, exit_codes_and_signals_are_seen);
    return rig_close(&rig);
}
