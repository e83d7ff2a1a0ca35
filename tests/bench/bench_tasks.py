#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tasks on a real systemd: how fast they start, what they cost while they run.

  tests/bench/bench_tasks.py [--build DIR] [--rounds N] [start|memory|cpu|logs|size]...

Two throwaway hosts: the agent on one, the plain loop of bench_units.c on the other, so neither
disturbs the other's PID 1. Rounds alternate; a task counts once its own process has said so into a
FIFO. A figure never fails the run; something that does not run at all does.
"""

import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/tests/cluster")
os.environ.setdefault("NOMAD_BINARY", f"{ROOT}/build-bench/nomad")
import cluster  # noqa: E402

READY = "/run/bench-ready"
DATA = "/var/lib/nomad-bench"
ALLOC = "nomad-" + 32 * "[0-9a-f]"  # units of tasks, not agent and relay
TICK = os.sysconf("SC_CLK_TCK")


def say(text=""):
    print(text, flush=True)


def row(name, value, goal=""):
    say(f"  {name:<58} {value:>14}  {goal}")


def load():
    return " ".join(open("/proc/loadavg", encoding="ascii").read().split()[:3])


class Starts:
    """Counts the bytes that tasks on a host write into READY when they run."""

    def __init__(self, host):
        host.run("rm", "-f", READY)
        host.run("mkfifo", READY)
        self.fd = os.open(f"/proc/{host.leader}/root{READY}", os.O_RDWR | os.O_NONBLOCK)

    def wait(self, count, timeout=120):
        """Monotonic time at which the count-th task said it runs."""
        seen, end = 0, time.monotonic() + timeout
        os.set_blocking(self.fd, False)
        while seen < count:
            try:
                seen += len(os.read(self.fd, 4096))
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"{seen} of {count} tasks run after {timeout} s") from None
                time.sleep(0.002)
        return time.monotonic()


def job(count, pause, lines=None, name="bench"):
    args = [READY] + ([str(lines)] if lines else [])
    task = {
        "Name": "pause",
        "Driver": "raw_exec",
        "Config": {"command": pause, "args": args},
        "Resources": {"CPU": 1, "MemoryMB": 10},
        "LogConfig": {"MaxFiles": 2, "MaxFileSizeMB": 1},
        "KillTimeout": 5_000_000_000,
    }
    group = {
        "Name": "tasks",
        "Count": count,
        "Tasks": [task],
        "EphemeralDisk": {"SizeMB": 10},
        "RestartPolicy": {"Attempts": 0, "Mode": "fail", "Interval": 10**10, "Delay": 10**9},
    }
    body = {"ID": name, "Name": name, "Type": "service", "Datacenters": ["*"]}
    body["Update"] = {
        "MaxParallel": 1,
        "HealthCheck": "checks",
        "MinHealthyTime": 10 * 10**9,
        "HealthyDeadline": 300 * 10**9,
        "ProgressDeadline": 600 * 10**9,
    }
    body["TaskGroups"] = [group]
    return {"Job": body}


class Product:
    def __init__(self, host, pause):
        self.host, self.pause = host, pause
        self.agent = cluster.Agent(host, ["-dev", "-bind", host.address, f"-data-dir={DATA}"])
        self.agent.start()
        self.agent.wait_leader()
        self.agent.wait_nodes()
        self.starts = Starts(host)

    def start(self, count, lines=None):
        began = time.monotonic()
        self.agent.put("/v1/jobs", job(count, self.pause, lines))
        return self.starts.wait(count) - began

    def known(self, count):
        """Seconds from now until the API says that all of them run."""
        began = time.monotonic()
        self.agent.wait_allocs("bench", "running", count, 60)
        return time.monotonic() - began

    def stop(self):
        self.agent.host.http("DELETE", "/v1/job/bench?purge=true")
        cluster.wait_until(lambda: not self.host.units(f"{ALLOC}-*.service"), 120, "the tasks' end")
        # As the collection of ended allocations would; both sides' PID 1 begin a round alike.
        self.host.run("systemctl", "stop", f"{ALLOC}.slice", timeout=120)
        cluster.wait_until(lambda: not self.host.units(f"{ALLOC}.slice"), 60, "the slices' end")

    def pid(self, unit):
        return pid_outside(self.host, self.host.unit(unit, "MainPID")["MainPID"])


class Plain:
    def __init__(self, host, build):
        self.host, self.starts = host, Starts(host)
        host.run("systemctl", "start", "dbus")
        self.loop = f"{build}/tests/bench/units-loop"
        self.argv = [f"{build}/src/launcher/nomad-launcher"]
        self.pause = f"{build}/tests/bench/pause"

    def start(self, count):
        done = self.host.run(self.loop, *self.argv, str(count), self.pause, READY, timeout=120)
        return self.starts.wait(count) - int(done.stdout.split()[0]) / 1e9

    def stop(self):
        self.host.run("systemctl", "stop", "nomad.slice", timeout=120)
        cluster.wait_until(lambda: not self.host.units(f"{ALLOC}-*.service"), 60, "the units' end")
        self.host.run("systemctl", "reset-failed")


# ---- what processes cost ----


def pid_outside(host, pid):
    """The pid here of a pid in the host's pid namespace."""
    space = os.readlink(f"/proc/{host.leader}/ns/pid")
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            with open(path, encoding="utf-8", errors="replace") as status:
                spaces = next(line for line in status if line.startswith("NSpid:")).split()
            here = path.split("/")[2]
            if spaces[-1] == pid and os.readlink(f"/proc/{here}/ns/pid") == space:
                return here
        except (OSError, StopIteration):
            continue
    raise LookupError(f"no process {pid} in {host.label}")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def systemd_seconds(host):
    bus = pid_outside(host, host.unit("dbus", "MainPID")["MainPID"])
    return cpu_seconds(host.leader) + cpu_seconds(bus)


def memory(pid):
    """(RSS, PSS) in KB."""
    found = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            words = line.split()
            if words[0] in ("Rss:", "Pss:"):
                found[words[0]] = int(words[1])
    return found["Rss:"], found["Pss:"]


def task_processes(host):
    """Processes in the cgroups of tasks, by name."""
    out = host.run(
        "sh", "-c", "cat $(find /sys/fs/cgroup/nomad.slice -path '*nomad-*' -name cgroup.procs) |"
        " while read p; do cat /proc/$p/comm; done"
    ).stdout.split()  # fmt: skip
    return {name: out.count(name) for name in sorted(set(out))}


def processes(host):
    return len(host.run("sh", "-c", "ls -d /proc/[0-9]*").stdout.split())


# ---- the benches ----


def bench_start(product, plain, options):
    for count in (50, 200):
        ours, theirs = [], []
        spent = {product: [], plain: []}
        for n in range(options.rounds):
            for side, times in ((product, ours), (plain, theirs))[:: 1 if n % 2 else -1]:
                before = systemd_seconds(side.host)
                times.append(side.start(count))
                spent[side].append(systemd_seconds(side.host) - before)
                if side is product:
                    late = product.known(count)
                side.stop()
        rate, bare = (count / statistics.median(t) for t in (ours, theirs))
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        say(f"tasks per second, {count} at once, medians of {options.rounds} rounds; load {load()}")
        row("job run", f"{rate:.0f}/s", " ".join(f"{t:.2f}s" for t in ours))
        row("plain StartTransientUnit loop", f"{bare:.0f}/s", " ".join(f"{t:.2f}s" for t in theirs))
        row("ratio (median of the rounds')", f"{ratio:.2f}", "goal 0.70, aim 0.85")
        busy = [statistics.median(spent[side]) for side in (product, plain)]
        row("CPU of PID 1 and bus: job run, plain", f"{busy[0]:.2f}, {busy[1]:.2f} s")
        row("API shows all running after the last start", f"{late:.2f} s")


SETTLE = 15  # health is told after 10 s, and memory is given back 2 s after the last change


def bench_memory(product, options):
    agent, count = product.pid("nomad-agent"), 200
    time.sleep(SETTLE)
    idle = memory(agent)
    product.start(0)
    before = processes(product.host)
    product.start(count // 2)
    product.known(count // 2)
    time.sleep(SETTLE)
    half = memory(agent)
    product.agent.put("/v1/jobs", job(count, product.pause))
    product.starts.wait(count // 2)
    product.known(count)
    time.sleep(SETTLE)
    full, relay = memory(agent), memory(product.pid("nomad-relay"))
    extra = processes(product.host) - before
    say(f"memory of the agent; load {load()}")
    row("idle: RSS, PSS", f"{idle[0]}, {idle[1]} KB", "goal < 20 MB")
    row(f"with {count} tasks: RSS, PSS", f"{full[0]}, {full[1]} KB")
    row(f"with {count // 2} tasks: RSS, PSS", f"{half[0]}, {half[1]} KB")
    row("per task, from idle (RSS)", f"{(full[0] - idle[0]) / count:.1f} KB", "goal < 10 KB")
    more = (full[0] - half[0]) / (count // 2)
    row(f"per task, from {count // 2} to {count} (RSS)", f"{more:.1f} KB", "goal < 10 KB")
    row(f"relay with {count} tasks: RSS, PSS", f"{relay[0]}, {relay[1]} KB")
    row("processes more than without the tasks", f"{extra}", f"the tasks themselves: {count}")
    row("in the tasks' cgroups", str(task_processes(product.host)))


def measure_cpu(product, seconds):
    pids = [product.pid(unit) for unit in ("nomad-agent", "nomad-relay")]
    first, began = [cpu_seconds(p) for p in pids], time.monotonic()
    time.sleep(seconds)
    spent = time.monotonic() - began
    return [100 * (cpu_seconds(p) - f) / spent for p, f in zip(pids, first)]


def bench_cpu(product, options):
    product.known(200)
    time.sleep(12)  # the deployment's health is decided after 10 s
    agent, relay = measure_cpu(product, 20)
    say(f"CPU while 200 tasks idle, 20 s; load {load()}")
    row("agent, relay", f"{agent:.2f}, {relay:.2f} %")
    row("together", f"{agent + relay:.2f} %", "goal < 1 % of a core")


def bench_logs(product, options):
    count, rate = 100, 10486
    product.start(count, rate)
    product.known(count)
    time.sleep(3)
    agent, relay = measure_cpu(product, 15)
    say(f"CPU while {count} tasks log 1 MB/s each, 15 s; load {load()}")
    row("agent, relay", f"{agent:.2f}, {relay:.2f} %")
    row("together", f"{agent + relay:.2f} %", "goal < 15 % of a core")
    out = product.host.run("sh", "-c", f"du -sm {DATA}/alloc; cat /run/nomad/*/*.dropped | wc -c")
    row("kept by rotation", f"{out.stdout.split()[0]} MB")
    product.stop()


def bench_size(options):
    say("sizes, stripped")
    with tempfile.TemporaryDirectory() as work:
        for name in ("nomad", "src/launcher/nomad-launcher", "src/relay/nomad-relay"):
            subprocess.run(["strip", "-o", f"{work}/s", f"{options.build}/{name}"], check=True)
            size = os.path.getsize(f"{work}/s")
            row(os.path.basename(name), f"{size} bytes", "goal < 5 MB" if name == "nomad" else "")


def live(options, wanted):
    hosts = []
    disk = tempfile.mkdtemp(prefix="nomad-bench-", dir="/var/tmp")
    binds = [f"{disk}:{DATA}"] if options.disk else []  # else the host's file system in memory
    try:
        hosts.append(cluster.Host("bench-a", binds=binds).up())
        product = Product(hosts[0], f"{options.build}/tests/bench/pause")
        if "memory" in wanted or "cpu" in wanted:
            bench_memory(product, options)
            if "cpu" in wanted:
                bench_cpu(product, options)
            product.stop()
        if "start" in wanted:
            hosts.append(cluster.Host("bench-b").up())
            bench_start(product, Plain(hosts[1], options.build), options)
        if "logs" in wanted:
            bench_logs(product, options)
    except BaseException:
        for host in hosts:
            say(host.journal("nomad-agent", 20))
        raise
    finally:
        for host in hosts:
            host.down()
        shutil.rmtree(disk)


def main():
    every = ["size", "memory", "cpu", "start", "logs"]
    parser = argparse.ArgumentParser(description="What tasks cost, against plain systemd.")
    parser.add_argument("--build", default=f"{ROOT}/build-bench", type=os.path.abspath)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--disk", action="store_true", help="data_dir below /var/tmp")
    parser.add_argument("what", nargs="*", help=", ".join(every))
    options = parser.parse_args()
    cluster.NOMAD = f"{options.build}/nomad"
    wanted = options.what or every
    if "size" in wanted:
        bench_size(options)
    if set(wanted) == {"size"}:
        return
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        say("skipped: needs root and systemd-nspawn for throwaway hosts")
        return
    live(options, wanted)


if __name__ == "__main__":
    main()
