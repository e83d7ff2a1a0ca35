# SPDX-License-Identifier: Apache-2.0
"""The development agent: it leaves the machine as it found it."""

import signal

import cluster
import pytest
from cluster import wait_until
from conftest import need_binary
from jobs import alloc_path, job, main_pid, ready, units

DATA = "/var/lib/nomad-dev"


@pytest.fixture
def agent(host):
    need_binary()
    one = cluster.Agent(host)
    one.data_dir = DATA
    yield ready(one.start())
    host.run("systemctl", "stop", one.unit, check=False)


def leftovers(agent):
    """Units and directories of a development agent that should be gone."""
    found = [u for u in agent.host.units("nomad-*") if not u.startswith("nomad-host")]
    if agent.host.run("test", "-e", DATA, check=False).returncode == 0:
        found.append(DATA)
    return found + agent.host.run("ls", "/run/nomad", check=False).stdout.split()


@pytest.mark.parametrize("sig", ["SIGTERM", "SIGINT"])
def test_an_interrupted_development_agent_takes_everything_with_it(agent, sig):
    """Ctrl-C: running and finished tasks, slices and directories are gone, the exit code is 0."""
    agent.run_job(job("runs", "sleep 100001 & exec sleep 100000", count=2))
    agent.run_job(job("ended", "exit 0", kind="batch"))
    agent.wait_allocs("runs", count=2)
    agent.wait_allocs("ended", status="complete")
    agent.kill(getattr(signal, sig))
    state = agent.host.unit(agent.unit, "Result", "ExecMainStatus", "ActiveState")
    assert state["ActiveState"] == "inactive", state
    assert leftovers(agent) == []
    assert agent.host.run("pgrep", "-f", "sleep 10000[01]", check=False).stdout == ""


def test_a_killed_development_agent_is_cleared_by_the_next(agent):
    """kill -9 leaves tasks running; the next -dev stops them, forgets them and runs new ones."""
    agent.run_job(job("left", count=2))
    found = agent.wait_allocs("left", count=2)
    assert all(main_pid(agent, alloc) for alloc in found)
    agent.kill()
    assert all(main_pid(agent, alloc) for alloc in found)
    agent.start()
    ready(agent)
    assert agent.get("/v1/jobs") == []
    wait_until(lambda: not any(units(agent, alloc) for alloc in found), 30, "no old unit")
    for alloc in found:
        path = alloc_path(agent, alloc, "")
        wait_until(lambda p=path: agent.host.run("test", "-e", p, check=False).returncode, 20, "no dir")
    agent.run_job(job("fresh"))
    agent.wait_allocs("fresh")
    agent.kill(signal.SIGTERM)
    assert leftovers(agent) == []


def test_two_agents_do_not_share_a_directory(agent):
    """A second agent on the same data directory says so and leaves the first alone."""
    done = agent.host.run("timeout", "20", cluster.NOMAD, "agent", "-dev", check=False)
    assert done.returncode == 1
    assert DATA in done.stdout + done.stderr
    agent.wait_nodes()
