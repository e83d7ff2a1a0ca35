# SPDX-License-Identifier: Apache-2.0
"""What people do with jobs on one node: change, plan, block, constrain, find, stop, run again."""

import re

import pytest
from cluster import NOMAD, wait_until
from conftest import need_binary
from jobs import NO_RETRY, exits, job, main_pid, purge, start_agent, task_state

ROLLING = """
    update {
      max_parallel     = 1
      min_healthy_time = "300ms"
      healthy_deadline = "20s"
    }
"""


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    return start_agent(host)


def write(agent, text):
    agent.host.write("/tmp/job.nomad.hcl", text)
    return "/tmp/job.nomad.hcl"


def run(agent, text, *flags, check=True):
    return agent.cli("job", "run", *flags, write(agent, text), check=check)


def plan(agent, text):
    return agent.cli("job", "plan", write(agent, text), check=False)


def said(done):
    return done.stdout + done.stderr


def field(name, value):
    return re.compile(rf"^{name} += {re.escape(value)}$", re.M)


def pids(agent, allocs):
    return {alloc["ID"]: main_pid(agent, alloc) for alloc in allocs}


def test_scaling_leaves_the_others_alone(agent):
    """Up adds, down removes; whoever stays keeps its process."""
    run(agent, job("scale", count=2))
    two = pids(agent, agent.wait_allocs("scale", count=2))
    run(agent, job("scale", count=4))
    four = pids(agent, agent.wait_allocs("scale", count=4))
    assert two.items() <= four.items()
    run(agent, job("scale", count=1))
    (one,) = agent.wait_allocs("scale", count=1)
    agent.wait_allocs("scale", status="complete", count=3)
    assert one["Name"] == "scale.g[0]"
    assert pids(agent, [one]).items() <= two.items()
    purge(agent, "scale")


def test_a_change_that_needs_no_new_process_is_made_in_place(agent):
    """A new kill_timeout updates job and allocation; the process does not notice."""
    run(agent, job("place", count=2))
    before = pids(agent, agent.wait_allocs("place", count=2))
    changed = job("place", count=2, in_task='kill_timeout = "7s"')
    planned = plan(agent, changed)
    assert planned.returncode == 0 and "2 in-place update" in planned.stdout
    run(agent, changed)
    after = wait_until(
        lambda: [a for a in agent.allocs("place") if a["JobVersion"] == 1], 20, "version 1"
    )
    assert pids(agent, after) == before
    purge(agent, "place")


def test_a_change_that_needs_a_new_process_rolls(agent):
    """max_parallel 1: each replacement starts only when the one before it was healthy."""
    run(agent, job("roll", "echo v0; exec sleep 100000", count=3, in_group=ROLLING))
    agent.wait_allocs("roll", count=3)
    changed = job("roll", "echo v1; exec sleep 100000", count=3, in_group=ROLLING)
    planned = plan(agent, changed)
    assert planned.returncode == 1
    assert "1 create/destroy update, 2 ignore" in planned.stdout
    assert '"echo v0; exec sleep 100000" => "echo v1; exec sleep 100000"' in planned.stdout
    run(agent, changed)

    def all_new():
        alive = [a for a in agent.allocs("roll") if a["ClientStatus"] == "running"]
        return alive if len(alive) == 3 and all(a["JobVersion"] == 1 for a in alive) else None

    new = sorted(wait_until(all_new, 60, "three new"), key=lambda a: a["CreateIndex"])
    agent.wait_allocs("roll", status="complete", count=3)
    started = [task_state(agent, a)["StartedAt"] for a in new]
    for earlier, later in zip(started, new[1:]):
        assert earlier < task_state(agent, later)["StartedAt"]
    indexes = [a["CreateIndex"] for a in new]
    assert len(set(indexes)) == 3, f"not one by one: {indexes}"
    purge(agent, "roll")


def test_what_does_not_fit_waits_and_is_placed_when_it_does(agent):
    """A second large job is blocked on memory, says so, and runs when the first is stopped."""
    (node,) = agent.get("/v1/nodes")
    total = agent.get(f"/v1/node/{node['ID']}")["NodeResources"]["Memory"]["MemoryMB"]
    large = total * 6 // 10
    run(agent, job("large-1", memory=large))
    agent.wait_allocs("large-1")
    planned = plan(agent, job("large-2", memory=large))
    assert "WARNING: Failed to place all allocations" in planned.stdout
    done = run(agent, job("large-2", memory=large), check=False)
    assert done.returncode == 2, said(done)
    assert 'Dimension "memory" exhausted on 1 node' in said(done)
    assert agent.allocs("large-2") == []
    out = agent.cli("job", "status", "large-2").stdout
    assert field("Status", "pending").search(out) and "Placement Failure" in out
    states = [e["Status"] for e in agent.get("/v1/job/large-2/evaluations")]
    assert "blocked" in states
    agent.cli("job", "stop", "-detach", "large-1")
    agent.wait_allocs("large-2")
    states = [e["Status"] for e in agent.get("/v1/job/large-2/evaluations")]
    assert "blocked" not in states
    purge(agent, "large-1", "large-2")


def test_a_constraint_filters_and_says_which(agent):
    """A node that lacks the wanted meta is filtered with the constraint's text; one that has it runs."""
    text = 'constraint {\n  attribute = "${meta.rack}"\n  value = "%s"\n}\n'
    done = run(agent, job("rack", in_job=text % "r9"), check=False)
    assert done.returncode == 2
    assert 'Constraint "${meta.rack} = r9": 1 nodes excluded by filter' in said(done), said(done)
    run(agent, job("rack", in_job=text % "r1"))
    agent.wait_allocs("rack")
    purge(agent, "rack")


def test_plan_says_with_its_exit_code_what_would_happen(agent):
    """0: nothing changes, 1: allocations do, 255: the plan itself fails. Nothing is registered."""
    assert plan(agent, job("plans")).returncode == 1
    assert agent.host.http("GET", "/v1/job/plans")[0] == 404
    run(agent, job("plans"))
    agent.wait_allocs("plans")
    index = agent.get("/v1/job/plans")["JobModifyIndex"]
    same = plan(agent, job("plans"))
    assert same.returncode == 0 and f"Job Modify Index: {index}" in same.stdout
    assert plan(agent, job("plans", count=2)).returncode == 1
    assert plan(agent, 'job "plans" {').returncode == 255
    assert plan(agent, job("plans", kind="servant")).returncode == 255
    assert agent.get("/v1/job/plans")["JobModifyIndex"] == index
    purge(agent, "plans")


def test_check_index_refuses_what_someone_else_changed(agent):
    """-check-index registers at the planned index, and refuses with both numbers at any other."""
    run(agent, job("checked"), "-check-index", "0")
    agent.wait_allocs("checked")
    index = agent.get("/v1/job/checked")["JobModifyIndex"]
    run(agent, job("checked", count=2), "-check-index", str(index))
    agent.wait_allocs("checked", count=2)
    now = agent.get("/v1/job/checked")["JobModifyIndex"]
    assert now > index
    late = run(agent, job("checked", count=3), "-check-index", str(index), check=False)
    assert late.returncode == 1
    assert f"Enforcing job modify index {index}" in said(late) and str(now) in said(late)
    assert agent.get("/v1/job/checked")["TaskGroups"][0]["Count"] == 2
    again = run(agent, job("checked"), "-check-index", "0", check=False)
    assert again.returncode == 1 and "job already exists" in said(again)
    purge(agent, "checked")


def test_prefixes_find_what_they_are_unique_for(agent):
    """Jobs, allocations, evaluations and nodes by the start of their id; an ambiguous one lists."""
    run(agent, job("prefix-a"))
    run(agent, job("prefix-b"))
    (alloc,) = agent.wait_allocs("prefix-a")
    (node,) = agent.get("/v1/nodes")
    evaluation = agent.get("/v1/job/prefix-a/evaluations")[0]["ID"]
    assert field("ID", "prefix-a").search(agent.cli("job", "status", "prefix-a").stdout)
    assert field("ID", "prefix-b").search(agent.cli("status", "prefix-b").stdout)
    several = agent.cli("job", "status", "prefix", check=False)
    assert "prefix-a" in said(several) and "prefix-b" in said(several)
    assert several.returncode == 1 or "matched multiple" in said(several)
    assert alloc["ID"] in agent.cli("alloc", "status", alloc["ID"][:6]).stdout
    assert evaluation[:8] in agent.cli("eval", "status", evaluation[:8]).stdout
    assert node["ID"] in agent.cli("node", "status", node["ID"][:6]).stdout
    short = agent.cli("alloc", "status", alloc["ID"][:1], check=False)
    assert short.returncode == 1 and "at least two characters" in said(short)
    none = agent.cli("alloc", "status", "ffffffff-ffff", check=False)
    assert none.returncode == 1 and "No allocation(s) with prefix or id" in said(none)
    purge(agent, "prefix-a", "prefix-b")


def test_stopped_runs_again_and_purged_is_forgotten(agent):
    """A stopped job is dead but known, runs again when it is run again; a purged one is unknown."""
    run(agent, job("twice"))
    (first,) = agent.wait_allocs("twice")
    agent.cli("job", "stop", "twice")
    agent.wait_allocs("twice", status="complete")
    assert field("Status", "dead (stopped)").search(agent.cli("job", "status", "twice").stdout)
    run(agent, job("twice"))
    (second,) = agent.wait_allocs("twice")
    assert second["ID"] != first["ID"]
    assert field("Status", "running").search(agent.cli("job", "status", "twice").stdout)
    agent.cli("job", "stop", "-purge", "twice")
    gone = agent.cli("job", "status", "twice", check=False)
    assert gone.returncode == 1 and 'No job(s) with prefix or id "twice" found' in said(gone)
    wait_until(lambda: main_pid(agent, second) is None, 20, "the task's end")


def test_a_mistake_in_a_job_file_is_refused_with_its_place(agent):
    """A misspelt word is named with file, line and what was probably meant."""
    done = run(agent, 'job "bad" {\n  group "g" {\n    cout = 1\n  }\n}\n', check=False)
    assert done.returncode == 1
    assert "cout" in said(done) and "3" in said(done) and "count" in said(done), said(done)


# ---- job files as people print them ----

PRINTED = """
job "printed" {
  datacenters = ["dc1"] // one of them
  group "workers" {
    count = 2  // set the number of workers to 2 instances

    update {
      max_parallel     = 1
      canary           = 2 // set 2 canary app instances on release
      min_healthy_time = "30s"
      healthy_deadline = "10m"
      auto_revert      = true
      auto_promote     = false
    }

    task "worker" {
      driver = "raw_exec"

      config {
        command = "%s"
      }
      %s
      resources {
        cpu    = 20
        memory = 16
      }
    }
  }
}
"""
SHORT_DIGEST = """
      artifact {
        source = "https://artifactory.server/my_service"

        options {
          checksum = "md5:123445555555555"
        }
      }
"""
LABELS = """
job "labelled" {
  datacenters = ["dc1"]
  group "g" {
    task "webservice" {
      driver = "docker"

      config {
        image = "webserver:3.2"
        labels {
          group = "webserver"
        }
      }
    }
  }
}
"""


def test_a_command_with_its_arguments_in_one_string_runs(agent):
    """The seed's way to write a command: one string, split at its blanks; // comments are fine."""
    run(agent, PRINTED % ("/bin/sleep 100001", ""), "-detach")
    allocs = agent.wait_allocs("printed", count=2)
    for alloc in allocs:
        argv = agent.host.read(f"/proc/{main_pid(agent, alloc)}/cmdline").split("\0")
        assert argv[0].endswith("sleep") and argv[1] == "100001", argv
    purge(agent, "printed")


def test_a_digest_that_is_too_short_is_refused_where_it_would_run(agent):
    """run -output prints the seed's job; validate, plan and run refuse its 15 digits."""
    path = write(agent, PRINTED % ("my_service --arg1=test1 --arg2=test2", SHORT_DIGEST))
    shown = agent.cli("job", "run", "-output", path)
    assert '"md5:123445555555555"' in shown.stdout
    for verb in ("validate", "run", "plan"):
        done = agent.cli("job", verb, path, check=False)
        assert done.returncode != 0, verb
        assert "md5:123445555555555" in said(done), said(done)
    assert agent.host.http("GET", "/v1/job/printed")[0] == 404


def test_a_block_in_a_driver_configuration_is_read(agent):
    """labels { } is a block inside config; the job file is valid whatever drivers a node has."""
    path = write(agent, LABELS)
    shown = agent.cli("job", "run", "-output", path).stdout
    assert re.search(r'"labels": \[?\s*\{\s*"group": "webserver"\s*\}', shown), shown


def test_the_words_may_come_in_the_old_order(agent):
    """nomad run FILE, nomad run job FILE, nomad status job ID, nomad stop ID."""
    path = write(agent, job("words"))
    agent.cli("run", path)
    agent.wait_allocs("words")
    assert field("ID", "words").search(agent.cli("status", "job", "words").stdout)
    assert field("ID", "words").search(agent.cli("status", "words").stdout)
    agent.cli("run", "job", path)
    agent.cli("stop", "words")
    agent.wait_allocs("words", status="complete")
    agent.cli("job", "stop", "-purge", "words")


def test_init_writes_a_job_file_that_is_valid(agent):
    """job init gives a file to start from: valid as it is, and never written over."""
    work = "/tmp/init"
    agent.host.run("mkdir", "-p", work)
    shell = f"cd {work} && {NOMAD} job init && {NOMAD} job validate example.nomad*"
    out = agent.host.run("sh", "-c", shell).stdout
    assert "Job validation successful" in out
    again = agent.host.run("sh", "-c", f"cd {work} && {NOMAD} job init", check=False)
    assert again.returncode == 1 and "already exists" in said(again)


def test_a_task_is_stopped_with_the_signal_its_job_asks_for(agent):
    """kill_signal reaches the task: it may end on its own terms and its exit code is kept."""
    script = "trap 'exit 7' INT; echo up > $NOMAD_ALLOC_DIR/up; while :; do sleep 0.1; done"
    text = job("polite", script, in_task='kill_signal = "SIGINT"', in_group=NO_RETRY)
    run(agent, text)
    (alloc,) = agent.wait_allocs("polite")
    up = f"{agent.data_dir}/alloc/{alloc['ID']}/alloc/up"
    wait_until(lambda: agent.host.run("test", "-s", up, check=False).returncode == 0, 10, "the trap")
    agent.cli("job", "stop", "-detach", "polite")
    agent.wait_allocs("polite", status="complete")
    assert exits(agent, alloc) == [(7, 0)]
    purge(agent, "polite")
