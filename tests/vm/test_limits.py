# SPDX-License-Identifier: Apache-2.0
"""What systemd makes of resource properties where every cgroup controller is real."""

import pytest

CGROUP = "/sys/fs/cgroup/nomad.slice/limited.service"


@pytest.fixture
def limited(vm):
    """start(property...): unit limited.service in nomad.slice, sleeping, with those properties."""

    def start(*properties, command=("sleep", "1000")):
        settings = [f"--property={p}" for p in properties]
        vm.run("systemd-run", "--quiet", "--unit=limited", "--slice=nomad.slice", *settings, *command)

    yield start
    vm.sh("systemctl stop limited; systemctl reset-failed limited", check=False)


def test_every_controller_reaches_nomad_slice(vm, limited):
    limited("CPUWeight=100", "MemoryMax=64M", "TasksMax=7", "IOWeight=50", "AllowedCPUs=1")
    there = vm.run("cat", f"{CGROUP}/cgroup.controllers").split()
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(there)


def test_limits_arrive_in_the_kernel(vm, limited):
    limited("MemoryMax=64M", "MemoryHigh=48M", "CPUQuota=20%", "CPUWeight=77", "TasksMax=7")
    names = ["memory.max", "memory.high", "cpu.max", "cpu.weight", "pids.max"]
    read = vm.sh("cat " + " ".join(f"{CGROUP}/{name}" for name in names)).splitlines()
    assert dict(zip(names, read)) == {
        "memory.max": str(64 << 20),
        "memory.high": str(48 << 20),
        "cpu.max": "20000 100000",
        "cpu.weight": "77",
        "pids.max": "7",
    }


def test_a_task_over_its_memory_is_killed_and_says_so(vm, limited):
    limited(
        "MemoryMax=16M", "MemorySwapMax=0", "OOMPolicy=kill", "RemainAfterExit=yes",
        command=("busybox", "tail", "/dev/zero"),
    )  # fmt: skip
    vm.sh("until systemctl is-failed -q limited; do sleep 0.1; done", timeout=60)
    assert vm.unit("limited", "Result") == {"Result": "oom-kill"}


def test_the_checkout_is_visible(vm):
    import os

    from vm import ROOT

    assert vm.run("cat", f"{ROOT}/meson.build").startswith("# SPDX")
    binary = os.path.join(ROOT, "build", "nomad")
    if os.access(binary, os.X_OK):
        missing = vm.sh(f"ldd {binary} | grep 'not found' || true")
        assert missing == ""
