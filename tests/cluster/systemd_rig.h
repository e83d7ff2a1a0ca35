// SPDX-License-Identifier: Apache-2.0
/* One loop, one unit manager, tasks that are shell scripts. Waits for states, never for a time; a
 * state that does not come within 30 s ends the program. */
#pragma once
#include <uv.h>

#include "base/clock.h"
#include "systemd/launch.h"
#include "systemd/units.h"

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "  %s:%d: %s: ", __FILE__, __LINE__, #cond);                           \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            rig_failed = true;                                                                     \
        }                                                                                          \
    } while (0)

extern bool rig_failed;

struct rig {
    uv_loop_t loop;
    uv_timer_t deadline;
    struct units *units;
    const char *launcher, *relay, *only;
    unsigned kills, n_units, relists, n_run, n_failed;
    struct uuid alloc;
    struct unit_name slice;
    uint32_t nonce;
    int null_fd;
};

struct rig_task {
    struct rig *rig;
    struct unit_name name;
    struct unit_watch *watch;
    bool answered, ended;
    int started;
    struct err start_err;
    struct unit_state state;
    struct unit_exit ex;
    nsec_t asked_at, started_at, ended_at;
};

void rig_open(struct rig *r, int argc, char **argv);
int rig_close(struct rig *r);
/* Runs the loop until *flag or the deadline. */
void rig_wait(struct rig *r, const bool *flag);
void rig_run(struct rig *r, const char *name, void (*test)(struct rig *r));
#define RUN(rig, test) rig_run(rig, #test, test)

/* A spec for one more unit in the rig's slice; stdin is left to the caller. */
struct unit_spec rig_spec(struct rig *r, struct rig_task *t);
/* Starts `sh -c script` by the launcher. stdout and stderr as in spec (NULL: a plain one). */
void rig_start_script(struct rig *r, struct rig_task *t, const char *script);
void rig_start(struct rig *r, struct rig_task *t, struct unit_spec *spec, const char *script);
/* One argument vector of one word instead of a script, in a directory of its own. */
void rig_start_command(struct rig *r, struct rig_task *t, struct unit_spec *spec,
                       const char *command, const char *cwd);
void rig_start_argv(struct rig *r, struct rig_task *t, struct unit_spec *spec,
                    const char *const *argv, const char *cwd);
void rig_attach(struct rig *r, struct rig_task *t, const uint8_t invocation_id[16]);
/* Asks until the unit says that its process has ended. */
void rig_sleep_until_exited(struct rig *r, struct rig_task *t);
struct unit_state rig_get(struct rig *r, const char *name);
/* Runs a shell command to its end; its status. The loop does not turn meanwhile. */
int rig_spawn(const char *command);
void rig_wait_started(struct rig *r, struct rig_task *t);
/* Until the started task has made this file, which is then removed. */
void rig_wait_file(struct rig *r, struct rig_task *t, const char *path);
void rig_wait_exit(struct rig *r, struct rig_task *t);
void rig_reap(struct rig *r, struct rig_task *t);

/* One verb and its answer. */
struct rig_answer {
    bool done;
    int r;
    struct err err;
};
void rig_done_cb(void *user, int r, const struct err *err);
int rig_await(struct rig *r, struct rig_answer *a, int verb_result);

void run_relay_tests(struct rig *r);
/* The part of this program that a unit runs: `lines` numbered lines of 100 bytes, `rate` a second.
 */
int write_numbered_lines(unsigned lines, unsigned rate);
