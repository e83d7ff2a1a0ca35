# SPDX-License-Identifier: Apache-2.0
"""The first command of the README, from a built tree."""

import subprocess

import cluster
import pytest
from conftest import need_binary

TRY = f"{cluster.ROOT}/dist/try"


def test_the_example_job_runs_and_everything_stops_again():
    need_binary()
    if subprocess.run([TRY, "status"], capture_output=True).returncode == 0:
        pytest.skip("somebody's dist/try is up in this checkout")
    done = subprocess.run([TRY, "--built", "--once"], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello, world" in done.stdout
    assert subprocess.run([TRY, "status"], capture_output=True).returncode != 0
