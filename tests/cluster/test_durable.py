# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there after a crash."""

import threading

import pytest
from cluster import wait_until
from conftest import need_binary
from jobs import ready, start_agent
from test_http import spec

JOBS, KILLS = 50, 5


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    return start_agent(host)


def parked(name):
    """A job no node may run: registrations are what is tested, not fifty processes."""
    rule = {"LTarget": "${meta.rack}", "RTarget": "none", "Operand": "="}
    return spec(name, Constraints=[rule])


class Registrations(threading.Thread):
    """Registers jobs one after the other, whatever happens to the agent; remembers the answers."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.agent = agent
        self.tried, self.acknowledged = [], {}
        self.end = threading.Event()
        self.start()

    def run(self):
        while not self.end.is_set():
            name = f"durable-{len(self.tried)}"
            self.tried.append(name)
            try:
                answer = self.agent.put("/v1/jobs", {"Job": parked(name)}, timeout=10)
                self.acknowledged[name] = answer["JobModifyIndex"]
            except Exception:  # noqa: BLE001: the agent was killed; nothing was promised
                self.end.wait(0.02)


def test_an_acknowledged_registration_survives_kills_of_the_agent(agent):
    """Jobs are registered without a pause, kill -9 in between: what was answered with 200 is there,
    once and with the index that was told; what was not answered is there whole or not at all."""
    load = Registrations(agent)
    for part in range(1, KILLS + 1):
        enough = part * JOBS // KILLS
        wait_until(lambda n=enough: len(load.acknowledged) >= n, 60, f"{enough} registered jobs")
        agent.kill()
        agent.start()
        agent.wait_leader()
    load.end.set()
    load.join(20)
    ready(agent)
    listed = {j["ID"]: j["JobModifyIndex"] for j in agent.get("/v1/jobs")}
    assert len(load.acknowledged) >= JOBS
    assert {name: listed.get(name) for name in load.acknowledged} == load.acknowledged
    assert set(listed) <= set(load.tried)
    assert len(set(listed.values())) == len(listed)
    wait_until(
        lambda: all(e["Status"] in ("complete", "blocked") for e in agent.get("/v1/evaluations")),
        30,
        "every evaluation to be worked off",
    )
    assert {e["JobID"] for e in agent.get("/v1/evaluations")} == set(listed)
    assert all(len(agent.get(f"/v1/job/{n}/versions")["Versions"]) == 1 for n in list(listed)[:9])


def test_changes_and_stops_survive_as_well(agent):
    """The last acknowledged version of a job and a purge are what a restarted agent knows."""
    for priority in (10, 20, 30):
        agent.put("/v1/jobs", {"Job": parked("changed") | {"Priority": priority}})
    agent.put("/v1/jobs", {"Job": parked("stopped")})
    agent.put("/v1/jobs", {"Job": parked("purged")})
    assert agent.host.http("DELETE", "/v1/job/stopped")[0] == 200
    assert agent.host.http("DELETE", "/v1/job/purged?purge=true")[0] == 200
    agent.kill()
    agent.start()
    agent.wait_leader()
    changed = agent.get("/v1/job/changed")
    assert changed["Priority"] == 30 and changed["Version"] == 2
    assert agent.get("/v1/job/stopped")["Stop"] is True
    assert agent.host.http("GET", "/v1/job/purged")[0] == 404


def test_the_node_keeps_its_id(agent):
    """One node, however often its agent was killed."""
    nodes = agent.get("/v1/nodes")
    agent.kill()
    agent.start()
    ready(agent)
    assert [n["ID"] for n in agent.get("/v1/nodes")] == [n["ID"] for n in nodes]
    assert len(nodes) == 1
