# SPDX-License-Identifier: Apache-2.0
"""An agent where limits are real: what a job asks for arrives in the kernel and holds there."""

import json
import os

import pytest
from vm import LIBRARIES, ROOT, TOOLS

NOMAD = f"{ROOT}/build/nomad"


def job_text(name, command, *args, config=""):
    return f"""
job "{name}" {{
  datacenters = ["dc1"]
  type        = "batch"

  group "g" {{
    restart {{
      attempts = 0
      mode     = "fail"
    }}

    reschedule {{
      attempts  = 0
      unlimited = false
    }}

    task "t" {{
      driver = "raw_exec"

      config {{
        command = "{command}"
        args    = {json.dumps(args)}
        {config}
      }}

      resources {{
        cpu    = 333
        memory = 40
      }}
    }}
  }}
}}
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


@pytest.fixture
def run_job(agent):
    """run_job(name, statuses, command, *args, config=""): the allocation once it has one of them."""
    names = []

    def run(name, statuses, command, *args, config=""):
        names.append(name)
        agent.sh(f"cat >/tmp/{name}.hcl <<'END'\n{job_text(name, command, *args, config=config)}\nEND")
        agent.run(NOMAD, "job", "run", "-detach", f"/tmp/{name}.hcl")
        wanted = "|".join(statuses)
        agent.sh(
            f"until curl -sf localhost:4646/v1/job/{name}/allocations | jq -e"
            f" 'any(.ClientStatus | test(\"^({wanted})$\"))' >/dev/null; do sleep 0.2; done",
            timeout=90,
        )
        return json.loads(agent.sh(f"curl -sf localhost:4646/v1/job/{name}/allocations"))[0]

    yield run
    for name in names:
        agent.run(NOMAD, "job", "stop", "-purge", "-detach", name, check=False)


def group_of(alloc):
    return f"/sys/fs/cgroup/nomad.slice/nomad-{alloc['ID'].replace('-', '')}.slice"


def ended(alloc):
    events = alloc["TaskStates"]["t"]["Events"]
    return next(e for e in events if e["Type"] == "Terminated")


def test_what_a_job_asks_for_arrives_in_the_kernel(agent, run_job):
    alloc = run_job("limits", ["running", "failed"], "/bin/sleep", "1000", config="pids_limit = 9")
    assert alloc["ClientStatus"] == "running", json.dumps(alloc["TaskStates"])
    group = group_of(alloc)
    assert agent.run("cat", f"{group}/cpu.weight").strip() == "333"
    files = ["cpu.weight", "memory.max", "memory.swap.max", "pids.max"]
    read = agent.sh(f"cd {group}/nomad-*.service; for f in {' '.join(files)}; do"
                    " [ -e $f ] && cat $f || echo none; done").split()  # fmt: skip
    assert read[0] == "333"
    assert read[1] == str(40 << 20)
    assert read[2] in ("0", "none")
    assert read[3] == "9"


def test_a_task_over_its_memory_is_killed_and_its_event_says_so(run_job):
    alloc = run_job("hog", ["complete", "failed"], "busybox", "tail", "/dev/zero")
    assert alloc["ClientStatus"] == "failed"
    event = ended(alloc)
    assert event["Signal"] == 9 and event["ExitCode"] == 137, json.dumps(event)
    assert event["Details"]["oom_killed"] == "true", json.dumps(event)
    assert "OOM Killed" in event["DisplayMessage"], json.dumps(event)


def test_a_child_over_the_memory_takes_the_whole_task_with_it(run_job):
    alloc = run_job("child", ["complete", "failed"], "sh", "-c", "busybox tail /dev/zero; sleep 1000")
    event = ended(alloc)
    assert event["Signal"] == 9 and event["Details"]["oom_killed"] == "true", json.dumps(event)


def test_a_task_cannot_have_more_processes_than_its_limit(agent, run_job):
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done; sleep 1000"
    alloc = run_job("forks", ["failed", "running", "complete"], "sh", "-c", script,
                    config="pids_limit = 6")  # fmt: skip
    unit = f"{group_of(alloc)}/nomad-*.service"
    # Either the shell gave up at a refused fork and is gone with its unit, or it is at its limit.
    text = agent.sh(
        f"i=0; until [ $i = 50 ] || [ ! -e {unit}/pids.events ] || grep -q 'max [1-9]'"
        f" {unit}/pids.events; do sleep 0.2; i=$((i+1)); done; cat {unit}/pids.current || echo gone"
    ).split()
    assert text[-1] == "gone" or int(text[-1]) <= 6
    if text[-1] == "gone":
        alloc = json.loads(agent.sh("curl -sf localhost:4646/v1/job/forks/allocations"))[0]
        assert alloc["ClientStatus"] == "failed" and ended(alloc)["ExitCode"] != 0


def test_the_unit_manager_reads_its_limits_back(agent):
    if not os.access(f"{ROOT}/{TOOLS[0]}", os.X_OK):
        pytest.skip(f"{TOOLS[0]} is not built")
    text = agent.run(
        "env", f"LD_LIBRARY_PATH={ROOT}/{LIBRARIES}", f"{ROOT}/{TOOLS[0]}",
        f"{ROOT}/build/src/launcher/nomad-launcher", f"{ROOT}/build/src/relay/nomad-relay",
        "--only", "limits", timeout=120,
    )  # fmt: skip
    assert "memory controller: yes" in text
    assert "limits_are_read_back_or_refused" in text
