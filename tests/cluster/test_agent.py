# SPDX-License-Identifier: Apache-2.0
"""One agent that is server and client, its data on disk: what an operator does on day one."""

import cluster
import pytest
from conftest import need_binary
from cluster import wait_until

CONFIG = """
data_dir  = "/var/lib/nomad-test"
bind_addr = "127.0.0.1"

server {
  enabled          = true
  bootstrap_expect = 1
}

client {
  enabled = true
}

plugin "raw_exec" {
  config {
    enabled = true
  }
}
"""

JOB = """
job "%(name)s" {
  datacenters = ["dc1"]
  type        = "service"

  group "g" {
    count = %(count)d

    task "t" {
      driver = "raw_exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo started as $NOMAD_TASK_NAME; exec sleep 100000"]
      }

      resources {
        cpu    = 20
        memory = 16
      }
    }
  }
}
"""


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    one = cluster.Agent(host, args=[], config=CONFIG).start()
    one.wait_leader()
    one.wait_nodes()
    return one


def job(name, count=1):
    return JOB % {"name": name, "count": count}


def hexid(alloc):
    return alloc["ID"].replace("-", "")


def task_pids(agent, allocs):
    """Main pid of each allocation's active unit."""
    pids = {}
    for alloc in allocs:
        for unit in agent.host.units(f"nomad-{hexid(alloc)}-*.service"):
            shown = agent.host.unit(unit, "MainPID", "ActiveState")
            if shown["ActiveState"] == "active":
                pids[alloc["ID"]] = int(shown["MainPID"])
    return pids


def test_a_job_becomes_units_in_the_allocation_slice(agent):
    agent.run_job(job("units", 2))
    allocs = agent.wait_allocs("units", count=2)
    assert all(pid > 0 for pid in task_pids(agent, allocs).values())
    for alloc in allocs:
        (unit,) = agent.host.units(f"nomad-{hexid(alloc)}-*.service")
        group = agent.host.unit(unit, "ControlGroup")["ControlGroup"]
        assert group == f"/nomad.slice/nomad-{hexid(alloc)}.slice/{unit}"
    agent.cli("job", "stop", "-purge", "-detach", "units")


def test_the_log_of_a_task_is_served(agent):
    agent.run_job(job("logs"))
    (alloc,) = agent.wait_allocs("logs")
    wait_until(
        lambda: "started as t" in agent.cli("alloc", "logs", alloc["ID"]).stdout, 20, "its log"
    )
    agent.cli("job", "stop", "-purge", "-detach", "logs")


def test_tasks_outlive_a_killed_agent_and_are_found_again(agent):
    agent.run_job(job("outlive", 3))
    allocs = agent.wait_allocs("outlive", count=3)
    before = task_pids(agent, allocs)
    assert len(before) == 3
    agent.kill()
    assert task_pids(agent, allocs) == before
    agent.start()
    agent.wait_leader()
    agent.wait_nodes()
    after = agent.wait_allocs("outlive", count=3)
    assert sorted(a["ID"] for a in after) == sorted(a["ID"] for a in allocs)
    assert task_pids(agent, after) == before
    agent.cli("job", "stop", "-purge", "-detach", "outlive")


def test_a_stopped_job_leaves_no_unit_and_no_slice(agent):
    agent.run_job(job("gone"))
    (alloc,) = agent.wait_allocs("gone")
    agent.cli("job", "stop", "-detach", "gone")
    agent.wait_allocs("gone", status="complete")
    wait_until(
        lambda: not task_pids(agent, [alloc])
        and not agent.host.units(f"nomad-{hexid(alloc)}-*.service"),
        30,
        "its units to be gone",
    )


def test_a_killed_task_is_started_again_with_a_new_unit(agent):
    agent.run_job(job("again"))
    (alloc,) = agent.wait_allocs("again")
    (unit,) = agent.host.units(f"nomad-{hexid(alloc)}-*.service")
    agent.host.run("systemctl", "kill", "--signal=KILL", unit)

    def restarted():
        units = agent.host.units(f"nomad-{hexid(alloc)}-*.service")
        return units and unit not in units and task_pids(agent, [alloc])

    wait_until(restarted, 40, "a new attempt")
    agent.cli("job", "stop", "-purge", "-detach", "again")


def test_a_job_file_with_a_mistake_is_refused_with_its_place(agent):
    agent.host.write("/tmp/bad.nomad.hcl", 'job "bad" {\n  group "g" {\n    cout = 1\n  }\n}\n')
    done = agent.cli("job", "run", "/tmp/bad.nomad.hcl", check=False)
    assert done.returncode == 1
    assert "3" in done.stdout + done.stderr and "cout" in done.stdout + done.stderr
