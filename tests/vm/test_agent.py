# SPDX-License-Identifier: Apache-2.0
"""An agent where limits are real: what a job asks for arrives in the kernel."""

import json
import os

import pytest
from vm import ROOT

NOMAD = f"{ROOT}/build/nomad"
JOB = """
job "limits" {
  datacenters = ["dc1"]

  group "g" {
    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    task "t" {
      driver = "raw_exec"

      config {
        command = "/bin/sleep"
        args    = ["100000"]
      }

      resources {
        cpu    = 333
        memory = 40
      }
    }
  }
}
"""


@pytest.fixture(scope="module")
def agent(vm):
    if not os.access(NOMAD, os.X_OK):
        pytest.skip("build/nomad is not built")
    vm.run("systemd-run", "--quiet", "--unit=nomad-agent", NOMAD, "agent", "-dev")
    vm.sh(
        "until curl -sf localhost:4646/v1/nodes | jq -e 'any(.Status == \"ready\")' >/dev/null; do"
        " systemctl is-active -q nomad-agent || exit 1; sleep 0.2; done",
        timeout=90,
    )
    yield vm
    vm.sh("systemctl stop nomad-agent nomad.slice", check=False)


def allocation(vm):
    text = vm.sh("curl -sf localhost:4646/v1/job/limits/allocations")
    return json.loads(text)[0]


def test_what_a_job_asks_for_arrives_in_the_kernel(agent):
    agent.sh(f"cat >/tmp/limits.nomad.hcl <<'END'\n{JOB}\nEND")
    agent.run(NOMAD, "job", "run", "-detach", "/tmp/limits.nomad.hcl")
    agent.sh(
        "until curl -sf localhost:4646/v1/job/limits/allocations | jq -e"
        " 'any(.ClientStatus == \"running\" or .ClientStatus == \"failed\")' >/dev/null; do"
        " sleep 0.2; done",
        timeout=90,
    )
    alloc = allocation(agent)
    assert alloc["ClientStatus"] == "running", json.dumps(alloc["TaskStates"])
    name = alloc["ID"].replace("-", "")
    group = f"/sys/fs/cgroup/nomad.slice/nomad-{name}.slice"
    assert agent.run("cat", f"{group}/cpu.weight").strip() == "333"
    unit = f"{group}/nomad-{name}-*.service"
    assert agent.sh(f"cat {unit}/cpu.weight {unit}/memory.max").split() == ["333", str(40 << 20)]
    agent.run(NOMAD, "job", "stop", "-purge", "limits")
