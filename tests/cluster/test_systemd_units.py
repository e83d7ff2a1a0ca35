# SPDX-License-Identifier: Apache-2.0
"""The log relay from the unit file that packages install; test_programs.py has run the same cases
with a transient one."""

import cluster
from cluster import wait_until

BUILD = f"{cluster.ROOT}/build-san"
PROGRAM = f"{BUILD}/tests/cluster/systemd_units_test"
LAUNCHER = f"{BUILD}/src/launcher/nomad-launcher"
RELAY = f"{BUILD}/src/relay/nomad-relay"


def run_program(host, *args):
    done = host.run(PROGRAM, LAUNCHER, RELAY, *args, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


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
