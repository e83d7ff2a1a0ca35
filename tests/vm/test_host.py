# SPDX-License-Identifier: Apache-2.0
"""dist/host on a machine that systemd runs, with plain cgroup v2: hosts there have limits too."""

from vm import ROOT

HOST = f"{ROOT}/dist/host"


def test_a_throwaway_host_under_systemd_has_real_limits(vm):
    vm.run(HOST, "up", "inner", timeout=150)
    vm.run(
        HOST, "exec", "inner", "systemd-run", "--quiet", "--unit=u", "--slice=nomad.slice",
        "--property=MemoryMax=33M", "sleep", "1000",
    )  # fmt: skip
    limit = vm.run(HOST, "exec", "inner", "cat", "/sys/fs/cgroup/nomad.slice/u.service/memory.max")
    assert int(limit) == 33 << 20
    vm.run(HOST, "down", "inner")
    assert vm.run("systemctl", "list-units", "--no-legend", "nomad-host-*") == ""
    assert vm.run("ls", "-A", "/run/nomad-hosts") == ""
