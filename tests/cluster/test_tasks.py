# SPDX-License-Identifier: Apache-2.0
"""Tasks as units of systemd, and what becomes of them when the agent or systemd goes away."""

import os
import re

import pytest
from cluster import wait_until
from conftest import need_binary
from jobs import (
    NO_RETRY,
    alloc_path,
    events,
    exits,
    hexid,
    job,
    main_pid,
    purge,
    ready,
    restart_hard,
    start_agent,
    task_state,
    units,
)

# NOMAD_TEST_KILLS=100 for the long run.
KILLS = int(os.environ.get("NOMAD_TEST_KILLS", "5"))
SECRET = "a-word-nobody-may-see"
# Ends with the code in the file "end" of the allocation's directory, once that is there.
ENDS_WHEN_TOLD = (
    "until [ -s $NOMAD_ALLOC_DIR/end ]; do sleep 0.05; done; exit $(cat $NOMAD_ALLOC_DIR/end)"
)
# About 1 MB/s of numbered lines until the file "end" is there, the last of them "end".
COUNTER = """exec python3 -c '
import os, sys, time
n, end = 0, os.environ["NOMAD_ALLOC_DIR"] + "/end"
while not os.path.exists(end):
    for _ in range(500):
        n += 1
        os.write(1, b"%d %s\\n" % (n, b"x" * 90))
    time.sleep(0.05)
os.write(1, b"%d end\\n" % (n + 1))
time.sleep(100000)
'"""


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    return start_agent(host)


def tell(agent, alloc, code):
    agent.host.run("tee", alloc_path(agent, alloc, "alloc/end"), stdin=str(code))


def ended_unit(agent, alloc):
    """True once systemd knows how the allocation's task ended."""
    (unit,) = units(agent, alloc)
    return agent.host.unit(unit, "SubState")["SubState"] in ("exited", "failed")


def test_a_service_is_a_unit_with_names_a_person_understands(agent):
    """Someone who knows systemd finds job, group and task in systemctl without knowing nomad."""
    agent.run_job(job("names", count=2))
    for alloc in agent.wait_allocs("names", count=2):
        (unit,) = wait_until(lambda alloc=alloc: units(agent, alloc), 10, "its unit")
        shown = agent.host.unit(unit, "Description", "Slice", "ControlGroup", "LoadState")
        assert shown["Description"] == f"{alloc['Name']} t"
        assert shown["Slice"] == f"nomad-{hexid(alloc)}.slice"
        assert shown["ControlGroup"] == f"/nomad.slice/nomad-{hexid(alloc)}.slice/{unit}"
        pid = main_pid(agent, alloc)
        group = agent.host.read(f"/proc/{pid}/cgroup").strip()
        assert group.endswith(f"/nomad-{hexid(alloc)}.slice/{unit}")
    names = sorted(a["Name"] for a in agent.allocs("names"))
    assert names == ["names.g[0]", "names.g[1]"]
    purge(agent, "names")


def test_a_task_gets_its_environment_and_nobody_else_sees_it(agent):
    """The NOMAD_ variables are set; values of the job never show on the bus, in argv or in /run."""
    told = 'env {\n  PASSWORD = "%s"\n}\n' % SECRET
    agent.run_job(job("env", "env; echo done; exec sleep 100000", in_task=told))
    (alloc,) = agent.wait_allocs("env")

    def printed():
        out = agent.cli("alloc", "logs", alloc["ID"]).stdout
        return out if "done\n" in out else None

    seen = dict(line.split("=", 1) for line in wait_until(printed).splitlines() if "=" in line)
    assert seen["PASSWORD"] == SECRET
    assert seen["NOMAD_ALLOC_ID"] == alloc["ID"]
    assert seen["NOMAD_ALLOC_NAME"] == "env.g[0]"
    assert seen["NOMAD_ALLOC_INDEX"] == "0"
    assert seen["NOMAD_JOB_ID"] == seen["NOMAD_JOB_NAME"] == "env"
    assert seen["NOMAD_GROUP_NAME"] == "g" and seen["NOMAD_TASK_NAME"] == "t"
    assert seen["NOMAD_DC"] == "dc1" and seen["NOMAD_REGION"] == "global"
    assert seen["NOMAD_CPU_LIMIT"] == "20" and seen["NOMAD_MEMORY_LIMIT"] == "16"
    for name in ("NOMAD_ALLOC_DIR", "NOMAD_TASK_DIR", "NOMAD_SECRETS_DIR"):
        assert agent.host.run("test", "-d", seen[name], check=False).returncode == 0, name
    (unit,) = units(agent, alloc)
    assert SECRET not in agent.host.run("systemctl", "show", "--all", unit).stdout
    assert SECRET not in agent.host.run("systemctl", "cat", unit).stdout
    assert SECRET not in agent.host.journal()
    found = agent.host.run("grep", "-rl", SECRET, "/run", check=False)
    assert found.stdout == ""
    argv = agent.host.run("sh", "-c", "cat /proc/[0-9]*/cmdline").stdout
    assert SECRET not in argv
    purge(agent, "env")


def test_status_and_logs_tell_what_runs(agent):
    """job status, alloc status and alloc logs agree on one running task, stdout and stderr apart."""
    agent.run_job(job("status", "echo to-out; echo to-err >&2; exec sleep 100000"))
    (alloc,) = agent.wait_allocs("status")
    short = alloc["ID"][:8]
    out = agent.cli("job", "status", "status").stdout
    assert re.search(r"^ID +=  ?status$", out, re.M) and re.search(r"^Status +=  ?running$", out, re.M)
    assert re.search(r"^g +0 +0 +1 +0 +0 +0", out, re.M), out
    assert re.search(rf"^{short} +\S+ +g +0 +run +running", out, re.M), out
    out = agent.cli("alloc", "status", short).stdout
    assert alloc["ID"] in out and 'Task "t" is "running"' in out
    assert "Task started by client" in out and "Task received by client" in out
    wait_until(lambda: agent.cli("alloc", "logs", short, "t").stdout == "to-out\n", 10, "stdout")
    assert agent.cli("alloc", "logs", "-stderr", short).stdout == "to-err\n"
    purge(agent, "status")


def test_stop_ends_every_process_of_a_task(agent):
    """job stop leaves neither unit nor slice nor any child the task has started."""
    agent.run_job(job("stops", "sleep 100001 & setsid sleep 100002 & exec sleep 100003"))
    (alloc,) = agent.wait_allocs("stops")
    slice_name = f"nomad-{hexid(alloc)}.slice"
    procs = f"find /sys/fs/cgroup/nomad.slice/{slice_name} -name cgroup.procs -exec cat {{}} + | wc -l"
    wait_until(lambda: agent.host.run("sh", "-c", procs).stdout.strip() == "3", 10, "3 processes")
    out = agent.cli("job", "stop", "stops").stdout
    assert 'finished with status "complete"' in out
    agent.wait_allocs("stops", status="complete")
    wait_until(lambda: not agent.host.units(f"nomad-{hexid(alloc)}*"), 20, "no unit, no slice")
    assert agent.host.run("pgrep", "-f", "sleep 10000[123]", check=False).stdout == ""
    out = agent.cli("job", "status", "stops").stdout
    assert re.search(r"^Status +=  ?dead \(stopped\)$", out, re.M), out
    purge(agent, "stops")


def test_a_batch_job_that_succeeds_never_runs_again(agent):
    """Exit 0 of a batch task is the end of it, also for an agent that is killed and comes back."""
    agent.run_job(job("once", "echo ran >> /tmp/once; exit 0", kind="batch"))
    (alloc,) = agent.wait_allocs("once", status="complete")
    assert exits(agent, alloc) == [(0, 0)]
    restart_hard(agent)
    agent.run_job(job("after-once"))
    agent.wait_allocs("after-once")
    assert agent.host.read("/tmp/once") == "ran\n"
    assert [a["ID"] for a in agent.allocs("once")] == [alloc["ID"]]
    assert exits(agent, alloc) == [(0, 0)]
    assert agent.get("/v1/job/once")["Status"] == "dead"
    purge(agent, "once", "after-once")


def test_a_batch_job_that_fails_is_tried_as_often_as_its_policy_says(agent):
    """Exit 3 is restarted twice, then failed for good, and the events say so in nomad's words."""
    policy = """
    restart {
      attempts = 2
      interval = "10m"
      delay    = "100ms"
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
"""
    agent.run_job(job("thrice", "echo ran >> /tmp/thrice; exit 3", kind="batch", in_group=policy))
    (alloc,) = agent.wait_allocs("thrice", status="failed")
    assert agent.host.read("/tmp/thrice") == "ran\n" * 3
    assert exits(agent, alloc) == [(3, 0)] * 3
    texts = [e["DisplayMessage"] for e in events(agent, alloc)]
    assert len(texts) == 10, "the latest ten are kept"
    assert texts.count("Exit Code: 3") == 3
    assert sum(text.startswith("Task restarting in ") for text in texts) == 2
    assert texts[-1] == 'Exceeded allowed attempts 2 in interval 10m0s and mode is "fail"'
    state = task_state(agent, alloc)
    assert state["Failed"] and state["State"] == "dead" and state["Restarts"] == 2
    out = agent.cli("alloc", "status", alloc["ID"]).stdout
    assert 'Task "t" is "dead"' in out and "Total Restarts = 2" in out
    purge(agent, "thrice")


def test_tasks_keep_their_processes_over_kills_of_the_agent(agent):
    """kill -9 of the agent, several times: the same processes, the same allocations, no events."""
    agent.run_job(job("keep", count=3))
    before = agent.wait_allocs("keep", count=3)
    pids = {alloc["ID"]: main_pid(agent, alloc) for alloc in before}
    assert all(pids.values())
    for _ in range(min(KILLS, 3)):
        restart_hard(agent)
        after = agent.wait_allocs("keep", count=3)
        assert {alloc["ID"]: main_pid(agent, alloc) for alloc in after} == pids
    for alloc in before:
        assert [e["Type"] for e in events(agent, alloc)].count("Started") == 1
    purge(agent, "keep")


def test_an_end_nobody_watched_is_reported_once_and_truly(agent):
    """Tasks end while the agent is dead; it reports their real exit codes, and each only once."""
    expected = {"end-0": (0, 0), "end-3": (3, 0), "end-kill": (137, 9)}
    for name in expected:
        agent.run_job(job(name, ENDS_WHEN_TOLD, kind="batch", in_group=NO_RETRY))
    found = {name: agent.wait_allocs(name)[0] for name in expected}
    agent.kill()
    tell(agent, found["end-0"], 0)
    tell(agent, found["end-3"], 3)
    (unit,) = units(agent, found["end-kill"])
    agent.host.run("systemctl", "kill", "--signal=KILL", unit)
    for alloc in found.values():
        wait_until(lambda alloc=alloc: ended_unit(agent, alloc), 10, "the end of a task")
    agent.start()
    ready(agent)
    agent.wait_allocs("end-0", status="complete")
    agent.wait_allocs("end-3", status="failed")
    agent.wait_allocs("end-kill", status="failed")
    seen = {name: exits(agent, alloc) for name, alloc in found.items()}
    assert seen == {name: [value] for name, value in expected.items()}
    restart_hard(agent)
    assert {name: exits(agent, alloc) for name, alloc in found.items()} == seen
    purge(agent, *expected)


def test_an_agent_killed_while_it_starts_tasks_starts_each_once(agent):
    """kill -9 in the middle of starting eight tasks, five times over: in the end each allocation
    has one unit that runs, and no unit belongs to nothing."""
    name = "burst"
    agent.run_job(job(name, count=8, memory=10))
    for _ in range(min(KILLS, 5)):
        agent.kill()
        agent.start()
        agent.wait_leader()
    ready(agent)
    found = agent.wait_allocs(name, count=8)
    for alloc in found:
        wait_until(lambda alloc=alloc: main_pid(agent, alloc), 20, "its process")
        assert len(units(agent, alloc)) == 1, units(agent, alloc)
        assert [e["Type"] for e in events(agent, alloc)].count("Started") == 1
    of_allocs = {unit for alloc in found for unit in units(agent, alloc)}
    others = {"nomad-agent.service", "nomad-relay.service"}
    assert set(agent.host.units("nomad-*.service")) == of_allocs | others
    assert agent.host.http("DELETE", f"/v1/job/{name}")[0] == 200
    restart_hard(agent)
    agent.wait_allocs(name, status="complete", count=8)
    wait_until(lambda: set(agent.host.units("nomad-*.service")) == others, 30, "no unit of it")
    purge(agent, name)


def test_a_killed_task_is_started_again_with_a_new_unit(agent):
    """SIGKILL from outside is an end like any other: told with its signal, restarted by policy."""
    policy = 'restart {\n  attempts = 1\n  delay = "100ms"\n  mode = "fail"\n}\n'
    agent.run_job(job("again", in_group=policy))
    (alloc,) = agent.wait_allocs("again")
    (unit,) = units(agent, alloc)
    agent.host.run("systemctl", "kill", "--signal=KILL", unit)
    wait_until(lambda: main_pid(agent, alloc) and units(agent, alloc) != [unit], 30, "a new attempt")
    wait_until(lambda: len(units(agent, alloc)) == 1, 20, "the old unit's end")
    assert exits(agent, alloc) == [(137, 9)]
    wait_until(lambda: task_state(agent, alloc)["Restarts"] == 1, 10, "the restart to be told")
    purge(agent, "again")


def written(agent, alloc):
    """Checks all log files of a counting task together: (lines, whether the last was seen)."""
    folder = alloc_path(agent, alloc, "alloc/logs")
    script = """
cd "$1" && ls | grep 't[.]stdout[.][0-9]*$' | sort -t. -k3n | xargs cat |
awk '$1 != NR && !bad { bad = NR " is " $1 } { last = $2 }
     END { print NR, (last == "end" ? "end" : "more"), bad }'
"""
    lines, last, *bad = agent.host.run("sh", "-c", script, "sh", folder).stdout.split()
    return int(lines), last == "end", " ".join(bad)


def log_files(agent, alloc):
    return agent.host.run("ls", alloc_path(agent, alloc, "alloc/logs")).stdout.split()


def main_pid_of(agent, unit):
    shown = agent.host.unit(unit, "MainPID", "ActiveState")
    return int(shown["MainPID"]) if shown["ActiveState"] == "active" else 0


@pytest.mark.parametrize("victim", ["agent", "relay"])
def test_no_line_is_lost_or_doubled_when_someone_is_killed(agent, victim):
    """A task writes 1 MB/s while agent or relay are killed: every line is in the files once."""
    limits = f"""
      logs {{
        max_files     = {40 + 3 * KILLS}
        max_file_size = 1
      }}
"""
    disk = f"ephemeral_disk {{\n  size = {100 + 6 * KILLS}\n}}\n"
    name = f"lines-{victim}"
    agent.run_job(job(name, COUNTER, memory=64, in_task=limits, in_group=disk + NO_RETRY))
    (alloc,) = agent.wait_allocs(name)
    seen = 0
    for _ in range(KILLS):
        wait_until(lambda: written(agent, alloc)[0] > seen + 2000, 30, "more lines")
        seen = written(agent, alloc)[0]
        if victim == "agent":
            restart_hard(agent)
        else:
            old = main_pid_of(agent, "nomad-relay")
            agent.host.run("systemctl", "kill", "--signal=KILL", "nomad-relay")
            wait_until(lambda: main_pid_of(agent, "nomad-relay") not in (0, old), 20, "a new relay")
    wait_until(lambda: written(agent, alloc)[0] > max(seen, 12000), 30, "more lines")
    tell(agent, alloc, "now")
    wait_until(lambda: written(agent, alloc)[1], 30, "the last line")
    lines, _, bad = written(agent, alloc)
    assert not bad, f"of {lines} lines, {bad}"
    assert len([f for f in log_files(agent, alloc) if f.startswith("t.stdout.")]) > 1
    assert exits(agent, alloc) == []
    purge(agent, name)


@pytest.mark.parametrize("verb", ["daemon-reload", "daemon-reexec"])
def test_a_reload_of_systemd_loses_nothing(agent, verb):
    """The service manager reads its files anew or replaces itself: tasks run on, ends are seen."""
    name = f"over-{verb}"
    agent.run_job(job(name, ENDS_WHEN_TOLD, count=2, kind="batch", in_group=NO_RETRY))
    stays, ends = agent.wait_allocs(name, count=2)
    pid = main_pid(agent, stays)
    agent.host.run("systemctl", verb)
    tell(agent, ends, 3)
    agent.host.run("systemctl", verb)
    wait_until(lambda: exits(agent, ends) == [(3, 0)], 20, "the end of one")
    assert main_pid(agent, stays) == pid and exits(agent, stays) == []
    (unit,) = units(agent, stays)
    agent.host.run("systemctl", verb)
    agent.host.run("systemctl", "kill", "--signal=TERM", unit)
    wait_until(lambda: exits(agent, stays) == [(143, 15)], 20, "the other's end")
    purge(agent, name)
