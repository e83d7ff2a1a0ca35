# SPDX-License-Identifier: Apache-2.0
"""The unit manager, launcher and relay against a real systemd: systemd_units_test.c, one case a
function of it. The program runs once, in a host."""

import re

import cluster
import pytest

SOURCE = f"{cluster.ROOT}/tests/cluster/systemd_units_test.c"
with open(SOURCE, encoding="utf-8") as text:
    CASES = re.findall(r"^\s*RUN\(&rig, (\w+)\);", text.read(), re.M)


@pytest.fixture(scope="module")
def verdicts(host):
    built = f"{cluster.ROOT}/build-san"
    done = host.run(
        f"{built}/tests/cluster/systemd_units_test",
        f"{built}/src/launcher/nomad-launcher",
        f"{built}/src/relay/nomad-relay",
        check=False,
        timeout=240,
    )
    text = done.stdout + done.stderr
    found = {name: state == "ok" for state, name in re.findall(r"^(ok|not ok) (\w+)", text, re.M)}
    return found, text


@pytest.mark.parametrize("case", CASES)
def test_units(verdicts, case):
    found, text = verdicts
    assert case in found, f"{case} did not run:\n{text}"
    assert found[case], text
