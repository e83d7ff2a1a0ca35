# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vm import VM  # noqa: E402

LIVE = []


def interrupted(*_):
    raise KeyboardInterrupt


# The runner ends a layer that takes too long with SIGTERM: fixtures still clean up.
signal.signal(signal.SIGTERM, interrupted)


@pytest.fixture(scope="session")
def vm():
    """One boot for all tests; a test cleans up the units it made."""
    for tool in ("qemu-system-x86_64", "mmdebstrap"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed (dist/deps vm)")
    machine = VM()
    LIVE.append(machine)
    try:
        yield machine.up()
    finally:
        LIVE.remove(machine)
        machine.down()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for machine in LIVE:
            if machine.shell:
                report.sections.append(("journal of the VM", machine.journal()))
            report.sections.append(("console of the VM", machine.read_log()))
