// SPDX-License-Identifier: Apache-2.0
/* The log relay with real units: every line once, in order, whoever is killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/cluster/systemd_rig.h"
#include "systemd/relay_unit.h"

#define LINE 100

static const char target_dir[] = "/var/tmp/nomad-relay-test";

int write_numbered_lines(unsigned lines, unsigned rate)
{
    nsec_t start = now_mono();
    for (unsigned i = 0; i < lines; i++) {
        char line[LINE + 1];
        snprintf(line, sizeof(line), "%010u%*s\n", i, LINE - 11, "x");
        for (size_t done = 0; done < LINE;) {
            ssize_t w = write(1, line + done, LINE - done);
            if (w < 0)
                return 1;
            done += (size_t)w;
        }
        nsec_t due = start + (nsec_t)i * NSEC_SEC / rate;
        if (i % 40 == 0 && due > now_mono()) {
            struct timespec ts = {.tv_sec = due / NSEC_SEC, .tv_nsec = due % NSEC_SEC};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
        }
    }
    return 0;
}

static void ensure_relay(struct rig *rig)
{
    struct rig_answer a = {0};
    const struct relay_config c = {.binary = rig->relay};
    CHECK(rig_await(rig, &a, relay_ensure(rig->units, &c, rig_done_cb, &a, &a.err)) == 0, "%s",
          a.err.text);
}

static struct relay_stream new_stream(const char *prefix, unsigned max_files, uint64_t max_size)
{
    struct relay_stream s = {.write_fd = -1, .read_fd = -1};
    struct err err = {""};
    const struct relay_stream_spec spec = {.target_dir = target_dir,
                                           .prefix = prefix,
                                           .max_files = max_files,
                                           .max_file_size = max_size};
    int r = relay_stream_register(&spec, &err, &s);
    CHECK(r == 0, "%s", err.text);
    return s;
}

static void start_writer(struct rig *rig, struct rig_task *t, const struct relay_stream *s,
                         unsigned lines, unsigned rate)
{
    char n[16], speed[16];
    snprintf(n, sizeof(n), "%u", lines);
    snprintf(speed, sizeof(speed), "%u", rate);
    char self[256];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[MAX(len, 0)] = '\0';
    const char *const argv[] = {self, "--write", n, speed, NULL};
    struct unit_spec spec = rig_spec(rig, t);
    spec.stdout_fd = s->write_fd;
    rig_start_argv(rig, t, &spec, argv, "/");
    rig_wait_started(rig, t);
    CHECK(t->started == 0, "%s", t->start_err.text);
}

static void wait_drained(const struct relay_stream *s)
{
    nsec_t until = now_mono() + 30 * NSEC_SEC;
    while (relay_stream_is_active(NULL, s->id) && now_mono() < until)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    CHECK(!relay_stream_is_active(NULL, s->id), "the stream is still there");
}

struct count {
    unsigned files, first, last, lines, expected, wrong;
    uint64_t largest, bytes;
    bool torn; /* a file that does not end with a line */
};

static void count_file(struct count *c, FILE *f)
{
    char line[4 * LINE];
    uint64_t size = 0;
    bool whole = true;
    while (fgets(line, sizeof(line), f)) {
        size_t n = strlen(line);
        size += n;
        whole = line[n - 1] == '\n';
        if (line[0] == '[' || line[0] == '\n')
            continue;
        unsigned number = (unsigned)strtoul(line, NULL, 10);
        c->wrong += n != LINE || number != c->expected;
        c->expected = number + 1;
        c->lines++;
    }
    c->torn |= !whole;
    c->bytes += size;
    c->largest = MAX(c->largest, size);
}

/* Reads <prefix>.0, .1, ...: numbers must rise by one from `expected` on. */
static struct count count_lines(const char *prefix, unsigned expected)
{
    struct count c = {.expected = expected};
    for (unsigned i = 0; i < 5000; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s.%u", target_dir, prefix, i);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        c.first = c.files++ ? c.first : i;
        c.last = i;
        count_file(&c, f);
        fclose(f);
    }
    return c;
}

static void finish(struct rig *rig, struct rig_task *t, struct relay_stream *s)
{
    rig_wait_exit(rig, t);
    CHECK(t->ex.end == UNIT_END_EXIT && t->ex.code == 0, "%s", t->ex.text);
    rig_reap(rig, t);
    relay_stream_release(s);
    wait_drained(s);
}

/* Until another process answers for the relay: its READY comes after it took over all streams. */
static bool wait_restarted(struct rig *rig, pid_t old)
{
    nsec_t until = now_mono() + 20 * NSEC_SEC;
    while (now_mono() < until) {
        struct unit_state s = rig_get(rig, RELAY_UNIT);
        if (s.main_pid && s.main_pid != old && streq(s.active, "active"))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static void kill_relay(struct rig *rig, unsigned times)
{
    unsigned seed = 1;
    for (unsigned i = 0; i < times; i++) {
        pid_t old = rig_get(rig, RELAY_UNIT).main_pid;
        seed = seed * 1103515245u + 12345u;
        nanosleep(&(struct timespec){.tv_nsec = (seed >> 8) % 60000000}, NULL);
        CHECK(old > 0 && kill(old, SIGKILL) == 0, "kill of %d", old);
        CHECK(wait_restarted(rig, old), "relay did not come back");
    }
}

static void every_line_is_written_once_though_the_relay_is_killed(struct rig *rig)
{
    struct rig_task t = {0};
    unsigned lines = 10000 + rig->kills * 2000;
    struct relay_stream s = new_stream("web.stdout", 5000, 100000);
    start_writer(rig, &t, &s, lines, 10000);
    close(take_fd(&s.write_fd));
    kill_relay(rig, rig->kills);
    printf("  %u kills, the writer had %s\n", rig->kills, t.ended ? "ended" : "more to say");
    finish(rig, &t, &s);
    struct count c = count_lines("web.stdout", 0);
    CHECK(c.lines == lines && c.wrong == 0 && !c.torn, "%u of %u lines, %u out of order, torn %d",
          c.lines, lines, c.wrong, c.torn);
    CHECK(c.largest <= 100000 + LINE, "largest file %llu", (unsigned long long)c.largest);
    printf("  %u lines in %u files\n", c.lines, c.files);
}

static void output_before_a_failed_exit_survives_without_a_relay(struct rig *rig)
{
    struct rig_task t = {0};
    struct rig_answer stop = {0};
    CHECK(rig_await(rig, &stop, units_stop(rig->units, RELAY_UNIT, rig_done_cb, &stop)) == 0, "%s",
          stop.err.text);
    struct relay_stream s = new_stream("fail.stdout", 10, 1000000);
    struct unit_spec spec = rig_spec(rig, &t);
    spec.stdout_fd = s.write_fd;
    rig_start(rig, &t, &spec, "printf '%010d%89s\\n' 0 x; exit 3");
    rig_wait_exit(rig, &t);
    rig_reap(rig, &t);
    relay_stream_release(&s);
    CHECK(relay_stream_sweep() == 1, "unread output was given up");
    ensure_relay(rig);
    wait_drained(&s);
    CHECK(relay_stream_sweep() == 0, "a drained end is kept");
    struct count c = count_lines("fail.stdout", 0);
    CHECK(c.lines == 1 && c.wrong == 0, "%u lines", c.lines);
}

static void old_files_go_and_numbers_go_on(struct rig *rig)
{
    struct rig_task t = {0}, again = {0};
    struct relay_stream s = new_stream("rot.stdout", 3, 10000);
    start_writer(rig, &t, &s, 1000, 100000);
    finish(rig, &t, &s);
    struct count c = count_lines("rot.stdout", 700);
    CHECK(c.files == 3 && c.first == 7 && c.last == 9 && c.wrong == 0 && c.lines == 300,
          "files %u, %u..%u, lines %u wrong %u", c.files, c.first, c.last, c.lines, c.wrong);
    s = new_stream("rot.stdout", 3, 10000);
    start_writer(rig, &again, &s, 150, 100000);
    finish(rig, &again, &s);
    c = count_lines("rot.stdout", 0);
    CHECK(c.files == 3 && c.first == 9 && c.last == 11, "files %u, %u..%u", c.files, c.first,
          c.last);
}

static void a_full_disk_drops_and_counts_but_never_blocks(struct rig *rig)
{
    struct rig_task t = {0};
    CHECK(mkdir(target_dir, 0755) == 0 || errno == EEXIST, "mkdir");
    CHECK(mount("tmpfs", target_dir, "tmpfs", 0, "size=256k") == 0, "mount: %s", strerror(errno));
    struct relay_stream s = new_stream("full.stdout", 10, 100000000);
    start_writer(rig, &t, &s, 20000, 1000000);
    rig_wait_exit(rig, &t);
    CHECK(t.ex.code == 0, "%s", t.ex.text);
    nsec_t until = now_mono() + 10 * NSEC_SEC;
    while (relay_stream_dropped(NULL, s.id) < 1000000 && now_mono() < until)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    uint64_t dropped = relay_stream_dropped(NULL, s.id);
    CHECK(mount("tmpfs", target_dir, "tmpfs", MS_REMOUNT, "size=10m") == 0, "remount");
    char last[LINE + 1];
    snprintf(last, sizeof(last), "%010u%*s\n", 20000u, LINE - 11, "x");
    CHECK(write(s.write_fd, last, LINE) == LINE, "last line");
    rig_reap(rig, &t);
    relay_stream_release(&s);
    wait_drained(&s);
    struct count c = count_lines("full.stdout", 0);
    CHECK(dropped > 1000000 && c.bytes > 200000, "dropped %llu, kept %llu",
          (unsigned long long)dropped, (unsigned long long)c.bytes);
    CHECK(c.expected == 20001, "the last line is %u", c.expected);
    CHECK(rig_spawn("grep -q 'bytes of this log were dropped' /var/tmp/nomad-relay-test/full.*") ==
              0,
          "no word in the log");
    printf("  %llu bytes dropped, %llu kept\n", (unsigned long long)dropped,
           (unsigned long long)c.bytes);
    umount(target_dir);
}

static void links_planted_in_the_log_directory_are_not_followed(struct rig *rig)
{
    struct rig_task t = {0};
    struct stat st;
    CHECK(rig_spawn(
              "cd /var/tmp/nomad-relay-test && rm -f victim evil.* && touch victim && "
              "ln -s victim evil.stdout.4 && ln victim evil.stdout.5 && mkfifo evil.stdout.6") == 0,
          "plant");
    struct relay_stream s = new_stream("evil.stdout", 10, 100000);
    start_writer(rig, &t, &s, 100, 100000);
    finish(rig, &t, &s);
    CHECK(stat("/var/tmp/nomad-relay-test/victim", &st) == 0 && st.st_size == 0, "victim grew");
    CHECK(stat("/var/tmp/nomad-relay-test/evil.stdout.7", &st) == 0 && st.st_size == 100 * LINE,
          "no log file");
}

static void throughput_of_one_stream(struct rig *rig)
{
    struct rig_task t = {0};
    struct relay_stream s = new_stream("fast.stdout", 1000, 10 << 20);
    nsec_t start = now_mono();
    start_writer(rig, &t, &s, 500000, 100000000);
    finish(rig, &t, &s);
    double seconds = (double)(now_mono() - start) / NSEC_SEC;
    struct count c = count_lines("fast.stdout", 0);
    CHECK(c.lines == 500000 && c.wrong == 0, "%u lines, %u wrong", c.lines, c.wrong);
    printf("  %.0f MB/s in lines of %d bytes, one a write\n", 50 / seconds, LINE);
}

void run_relay_tests(struct rig *rig)
{
    CHECK(mkdir(target_dir, 0755) == 0 || errno == EEXIST, "mkdir");
    CHECK(rig_spawn("rm -rf /var/tmp/nomad-relay-test/*") == 0, "rm");
    ensure_relay(rig);
    ensure_relay(rig);
    RUN(rig, every_line_is_written_once_though_the_relay_is_killed);
    RUN(rig, output_before_a_failed_exit_survives_without_a_relay);
    RUN(rig, old_files_go_and_numbers_go_on);
    RUN(rig, a_full_disk_drops_and_counts_but_never_blocks);
    RUN(rig, links_planted_in_the_log_directory_are_not_followed);
    RUN(rig, throughput_of_one_stream);
}
