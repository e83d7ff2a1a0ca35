# SPDX-License-Identifier: Apache-2.0
"""The throwaway hosts themselves: what every other cluster test relies on."""

import os
import signal
import subprocess

import cluster
from cluster import wait_until


def test_exit_code_and_stdin_pass_through(host):
    assert host.run("sh", "-c", "exit 7", check=False).returncode == 7
    assert host.run("cat", stdin="a line\n").stdout == "a line\n"


def test_boot_is_complete_and_nothing_failed(host):
    assert host.run("systemctl", "is-system-running").stdout.strip() == "running"


def test_checkout_is_visible_and_read_only(host):
    assert host.read(f"{cluster.ROOT}/meson.build").startswith("# SPDX")
    assert host.run("touch", f"{cluster.ROOT}/x", check=False).returncode != 0


def test_transient_unit_lands_in_nomad_slice(host):
    host.start_unit("sleeper", "sleep", "1000", properties=["Slice=nomad.slice"])
    shown = host.unit("sleeper", "ControlGroup", "ActiveState")
    assert shown == {"ControlGroup": "/nomad.slice/sleeper.service", "ActiveState": "active"}
    host.run("systemctl", "kill", "--signal=9", "sleeper")
    wait_until(lambda: host.unit("sleeper", "Result")["Result"] == "signal", 10, "its result")


def test_http_reaches_a_private_loopback(host):
    host.start_unit("web", "/usr/bin/python3", "-m", "http.server", "4646", "--bind", "127.0.0.1")
    status, _, text = wait_until(lambda: host.http("GET", "/"), 15, "the server")
    assert status == 200 and "Directory listing" in text
    host.run("systemctl", "stop", "web")


def test_hosts_have_units_of_their_own_and_a_link_that_can_be_cut(hosts):
    a, b = hosts(2)
    a.start_unit("only-on-a", "sleep", "1000")
    assert a.units("only-on-a.service") and not b.units("only-on-a.service")

    reach = ["ping", "-c", "1", "-W", "1", a.address]
    if b.run("sh", "-c", "command -v ping", check=False).returncode != 0:
        a.start_unit("web", "/usr/bin/python3", "-m", "http.server", "80", "--bind", a.address)
        reach = ["curl", "-sf", "-m", "1", "-o", "/dev/null", f"http://{a.address}/"]
    wait_until(lambda: b.run(*reach, check=False).returncode == 0, 15, "b reaching a")
    a.cut()
    assert b.run(*reach, check=False).returncode != 0
    a.heal()
    wait_until(lambda: b.run(*reach, check=False).returncode == 0, 15, "b reaching a again")


def test_a_crashed_host_is_cleared_by_the_next_up(hosts):
    (a,) = hosts(1)
    os.kill(a.leader, signal.SIGKILL)
    status = [cluster.DIST_HOST, "status", a.name]
    wait_until(lambda: subprocess.run(status, capture_output=True).returncode == 1, 15, "down")
    a.up()
    assert a.run("systemctl", "is-system-running").stdout.strip() == "running"


def test_down_leaves_nothing(hosts):
    (a,) = hosts(1)
    a.down()
    assert not os.path.exists(f"/run/nomad-hosts/{a.name}")
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        assert a.name not in mounts.read()
    processes = subprocess.run(["pgrep", "-f", f"machine={a.name} "], capture_output=True, text=True)
    assert processes.stdout == ""
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    assert cluster.BRIDGE not in namespaces
