# SPDX-License-Identifier: Apache-2.0
"""The unit manager, the launcher and the log relay against a real systemd: runs the C program
systemd_units_test inside a throwaway host and shows what it printed if anything failed. Then the
relay once more from the unit file that packages install."""

import os

import cluster
import pytest
from cluster import wait_until

BUILD = os.path.dirname(cluster.NOMAD)
PROGRAM = f"{BUILD}/tests/cluster/systemd_units_test"
LAUNCHER = f"{BUILD}/src/launcher/nomad-launcher"
RELAY = f"{BUILD}/src/relay/nomad-relay"

pytestmark = pytest.mark.skipif(not os.path.exists(PROGRAM), reason=f"{PROGRAM} is not built")


def run_program(host, *args):
    done = host.run(PROGRAM, LAUNCHER, RELAY, *args, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


def test_units_and_relay_on_a_real_systemd(host):
    out = run_program(host, "--kills", "20", "--units", "200")
    assert "ok every_line_is_written_once" in out


def test_the_packaged_relay_unit_does_the_same(host):
    host.run("systemctl", "stop", "nomad-relay.service", check=False)
    wait_until(
        lambda: "not-found" in host.run("systemctl", "show", "-p", "LoadState", "nomad-relay").stdout,
        10,
        "the transient relay's end",
    )
    text = open(f"{cluster.ROOT}/units/nomad-relay.service", encoding="utf-8").read()
    unit = text.replace("/usr/libexec/nomad/nomad-relay", RELAY)
    host.run("sh", "-c", "cat >/etc/systemd/system/nomad-relay.service", stdin=unit)
    host.run("systemctl", "daemon-reload")
    for word in ("killed", "failed_exit", "numbers_go_on", "full_disk", "links_planted"):
        run_program(host, "--only", word, "--kills", "5")
    shown = host.run("systemctl", "show", "-p", "FragmentPath", "nomad-relay").stdout
    assert "/etc/systemd/system/nomad-relay.service" in shown
