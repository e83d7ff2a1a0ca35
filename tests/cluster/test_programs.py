# SPDX-License-Identifier: Apache-2.0
"""The programs of this directory that drive a part of the agent against a real systemd. Each runs
once, sanitized, in a host of its own; each RUN() in its sources is a case here."""

import glob
import os
import re

import cluster
import pytest

BUILT = f"{cluster.ROOT}/build-san"
LAUNCHER, RELAY = f"{BUILT}/src/launcher/nomad-launcher", f"{BUILT}/src/relay/nomad-relay"
# Program: pattern of its sources, arguments.
PROGRAMS = {
    "systemd_units_test": (
        "systemd_*_test.c",
        [LAUNCHER, RELAY, "--kills", "20", "--units", "200"],
    ),
    "client_test": ("client_*test.c", [LAUNCHER, RELAY, "/var/lib/client-test"]),
}


def cases():
    for program, (pattern, _) in PROGRAMS.items():
        for source in sorted(glob.glob(f"{cluster.ROOT}/tests/cluster/{pattern}")):
            with open(source, encoding="utf-8") as text:
                for case in re.findall(r"^\s*RUN\(&?rig, (\w+)\);", text.read(), re.M):
                    yield pytest.param(program, case, id=f"{program}-{case}")


@pytest.fixture(scope="module")
def outcome():
    """outcome(program): (case to verdict, everything it printed)."""
    from conftest import boot, drop

    done = {}

    def of(program):
        if program not in done:
            arguments = list(PROGRAMS[program][1])
            if program == "client_test" and os.access(cluster.NOMAD, os.X_OK):
                arguments.append(cluster.NOMAD)
            host = boot("prog")
            path = f"{BUILT}/tests/cluster/{program}"
            ran = host.run("timeout", "240", path, *arguments, check=False, timeout=300)
            text = f"{ran.stdout}{ran.stderr}\nexit code {ran.returncode}\n"
            drop(host)
            verdicts = re.findall(r"^\s*(ok|not ok|FAIL)\s+(\w+)", text, re.M)
            done[program] = {case: state == "ok" for state, case in verdicts}, text
        return done[program]

    return of


@pytest.mark.parametrize("program, case", cases())
def test_program(outcome, program, case):
    verdicts, text = outcome(program)
    assert case in verdicts, f"{case} did not run:\n{text[-6000:]}"
    assert verdicts[case], text[-6000:]
