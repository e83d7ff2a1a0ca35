# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cluster  # noqa: E402

LIVE = []


def interrupted(*_):
    raise KeyboardInterrupt


# The runner ends a layer that takes too long with SIGTERM: fixtures still clean up.
signal.signal(signal.SIGTERM, interrupted)


def boot(label, net="private", binds=()):
    host = cluster.Host(label, net, binds)
    LIVE.append(host)
    return host.up()


def drop(host):
    LIVE.remove(host)
    host.down()


@pytest.fixture(scope="session", autouse=True)
def machine_can():
    if os.geteuid() != 0:
        pytest.skip("throwaway hosts need root")
    if not shutil.which("systemd-nspawn"):
        pytest.skip("systemd-nspawn is not installed (dist/deps build)")
    yield
    for host in list(LIVE):
        drop(host)


@pytest.fixture(scope="module")
def host():
    """One host without a network, shared by the tests of a file."""
    one = boot("one")
    yield one
    drop(one)


@pytest.fixture
def hosts():
    """hosts(3): that many hosts with addresses 10.99.0.1 and up on one bridge, for one test."""
    made = []

    def make(count):
        for i in range(1, count + 1):
            made.append(boot(f"h{i}", f"{cluster.BRIDGE}=10.99.0.{i}/24"))
        return made

    yield make
    for one in made:
        drop(one)


@pytest.fixture
def dev_agent(host):
    """A development agent with a leader and a ready node, for one test."""
    need_binary()
    agent = cluster.Agent(host).start()
    agent.wait_leader()
    agent.wait_nodes()
    yield agent
    agent.host.run("systemctl", "stop", agent.unit, check=False)
    agent.host.run("systemctl", "stop", "nomad.slice", check=False)


def need_binary():
    if not os.access(cluster.NOMAD, os.X_OK):
        pytest.skip(f"{os.path.relpath(cluster.NOMAD, cluster.ROOT)} is not built")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for host in LIVE:
            report.sections.append((f"journal of {host.label}", host.journal()))
