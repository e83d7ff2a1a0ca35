# SPDX-License-Identifier: Apache-2.0
"""What the files about jobs share: an agent with its data on disk, job texts, looks at tasks."""

import json

import cluster
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

  meta {
    rack = "r1"
  }
}

plugin "raw_exec" {
  config {
    enabled = true
  }
}
"""

JOB = """
job %(name)s {
  datacenters = ["dc1"]
  type        = "%(kind)s"
  %(in_job)s

  group "g" {
    count = %(count)d
    %(in_group)s

    task "t" {
      driver = "raw_exec"

      config {
        command = "/bin/sh"
        args    = ["-c", %(script)s]
      }
      %(in_task)s

      resources {
        cpu    = %(cpu)d
        memory = %(memory)d
      }
    }
  }
}
"""
SLEEP = "exec sleep 100000"
NO_RETRY = """
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
"""


def quoted(text):
    """As an HCL string: no template sequence of it is expanded."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def job(name, script=SLEEP, count=1, kind="service", cpu=20, memory=16, **inner):
    """Job file text. in_job, in_group, in_task: more text at those places."""
    inner = {key: inner.pop(key, "") for key in ("in_job", "in_group", "in_task")} | inner
    values = {"name": quoted(name), "script": quoted(script), "count": count, "kind": kind}
    return JOB % (values | {"cpu": cpu, "memory": memory} | inner)


def start_agent(host):
    agent = cluster.Agent(host, args=[], config=CONFIG).start()
    ready(agent)
    return agent


def ready(agent):
    agent.wait_leader()
    agent.wait_nodes()
    return agent


def restart_hard(agent):
    """kill -9 and a new start, back when the node is ready again."""
    agent.kill()
    agent.start()
    ready(agent)


def hexid(alloc):
    return alloc["ID"].replace("-", "")


def units(agent, alloc):
    return agent.host.units(f"nomad-{hexid(alloc)}-*.service")


def main_pid(agent, alloc):
    """Of the allocation's one active unit; None where there is none."""
    for unit in units(agent, alloc):
        shown = agent.host.unit(unit, "MainPID", "SubState")
        if shown["SubState"] == "running":
            return int(shown["MainPID"])
    return None


def task_state(agent, alloc, task="t"):
    return agent.get(f"/v1/allocation/{alloc['ID']}")["TaskStates"][task]


def events(agent, alloc, kind=None, task="t"):
    """A task's events, oldest first."""
    found = task_state(agent, alloc, task)["Events"]
    return [event for event in found if kind in (None, event["Type"])]


def exits(agent, alloc, task="t"):
    """(exit code, signal) of every end of the task that was reported."""
    return [
        (int(event["Details"]["exit_code"]), int(event["Details"]["signal"]))
        for event in events(agent, alloc, "Terminated", task)
    ]


def alloc_path(agent, alloc, rest):
    return f"{agent.data_dir}/alloc/{alloc['ID']}/{rest}"


def purge(agent, *names):
    """Stops the jobs and waits until none of their units is left."""
    found = [alloc for name in names for alloc in agent.allocs(name)]
    for name in names:
        agent.cli("job", "stop", "-purge", "-detach", name)
    wait_until(
        lambda: not any(units(agent, alloc) for alloc in found), 30, f"no unit of {', '.join(names)}"
    )
