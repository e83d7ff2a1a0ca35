# SPDX-License-Identifier: Apache-2.0
"""Hosts and agents for the cluster tests.

A Host is a throwaway systemd machine of dist/host. An Agent is a nomad agent running on one as
a unit. Nothing here sleeps for a time: wait_until() waits for something observable.
"""

import ctypes
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST_HOST = f"{ROOT}/dist/host"
NOMAD = os.environ.get("NOMAD_BINARY", f"{ROOT}/build/nomad")
# Two checkouts on one machine must not meet.
MARK = f"{zlib.crc32(ROOT.encode()) % 100000:05d}"
BRIDGE = f"ct{MARK}"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def wait_until(condition, timeout=30, what=None):
    """Calls condition until it returns something true, and returns that. Errors it raises count
    as "not yet" and are shown when the time is up."""
    end = time.monotonic() + timeout
    while True:
        try:
            last = condition()
            if last:
                return last
        except Exception as error:  # noqa: BLE001: any error means "not yet"
            last = error
        if time.monotonic() > end:
            raise TimeoutError(f"{what or 'condition'} not seen in {timeout} s; last: {last!r}")
        time.sleep(0.05)


class Namespace:
    """Runs socket() calls in another process's network namespace; affects this thread only."""

    def __init__(self, pid):
        self.path = f"/proc/{pid}/ns/net"

    def __enter__(self):
        self.own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.enter(self.path)

    def __exit__(self, *_):
        if LIBC.setns(self.own, CLONE_NEWNET) != 0:
            os.abort()
        os.close(self.own)

    @staticmethod
    def enter(path):
        fd = os.open(path, os.O_RDONLY)
        try:
            if LIBC.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {path}")
        finally:
            os.close(fd)


class Host:
    def __init__(self, label, net="private", binds=()):
        self.label = label
        self.name = f"c{MARK}-{label}"
        self.net = net
        self.binds = list(binds)
        self.address = net.split("=")[1].split("/")[0] if "=" in net else "127.0.0.1"
        self.leader = None

    def up(self):
        self.down()
        argv = [DIST_HOST, "up", self.name, "--net", self.net]
        for bind in self.binds:
            argv += ["--bind", bind]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"host {self.label} did not boot:\n{done.stderr}")
        found = subprocess.run([DIST_HOST, "leader", self.name], capture_output=True, text=True)
        self.leader = int(found.stdout)
        return self

    def down(self):
        subprocess.run([DIST_HOST, "down", self.name], check=True, timeout=60)
        self.leader = None

    def reboot(self):
        """A power cut: everything in memory, disk of this host included, is gone."""
        self.down()
        self.up()

    def cut(self):
        subprocess.run([DIST_HOST, "cut", self.name], check=True)

    def heal(self):
        subprocess.run([DIST_HOST, "heal", self.name], check=True)

    def run(self, *argv, check=True, stdin="", timeout=60):
        done = subprocess.run(
            [DIST_HOST, "exec", self.name, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{self.label}$ {shlex.join(argv)}\nexit code {done.returncode}\n"
                f"{done.stdout}{done.stderr}"
            )
        return done

    def write(self, path, text, mode="0644"):
        self.run("mkdir", "-p", os.path.dirname(path))
        self.run("tee", path, stdin=text)
        self.run("chmod", mode, path)

    def read(self, path):
        return self.run("cat", path).stdout

    def start_unit(self, unit, *argv, properties=()):
        settings = [f"--property={p}" for p in properties]
        self.run("systemd-run", "--quiet", f"--unit={unit}", *settings, *argv)

    def unit(self, unit, *names):
        """Properties of a unit as a dict of strings."""
        out = self.run("systemctl", "show", unit, "-p", ",".join(names)).stdout
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def units(self, pattern):
        out = self.run("systemctl", "list-units", "--all", "--plain", "--no-legend", pattern).stdout
        return [line.split()[0] for line in out.splitlines() if line.strip()]

    def journal(self, unit=None, lines=200):
        argv = ["journalctl", "--no-pager", "-o", "short-monotonic", "-n", str(lines)]
        argv += ["-u", unit] if unit else []
        return self.run(*argv, check=False).stdout

    def http(self, method, path, body=None, port=4646, headers=None, timeout=30):
        """(status, headers, body): JSON decoded where it is JSON."""
        connection = http.client.HTTPConnection(self.address, port, timeout=timeout)
        with Namespace(self.leader):
            connection.sock = socket.create_connection((self.address, port), timeout=timeout)
        try:
            payload = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
            connection.request(method, path, payload, headers or {})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if "json" in (answer.getheader("Content-Type") or ""):
            return answer.status, answer.headers, json.loads(text) if text else None
        return answer.status, answer.headers, text.decode(errors="replace")


class Agent:
    """A nomad agent on a host, as unit nomad-agent.service; its data outlives its process."""

    def __init__(self, host, args=None, config=None, port=4646):
        self.host = host
        self.unit = "nomad-agent"
        self.port = port
        self.data_dir = "/var/lib/nomad-test"
        self.args = ["-dev", "-bind", host.address] if args is None else list(args)
        self.config = config

    def start(self):
        args = self.args
        if self.config is not None:
            self.host.write("/etc/nomad-test/agent.hcl", self.config)
            args = args + ["-config=/etc/nomad-test/agent.hcl"]
        self.host.run("systemctl", "reset-failed", self.unit, check=False)
        self.host.start_unit(
            self.unit, NOMAD, "agent", *args, properties=["KillMode=process", "LimitCORE=0"]
        )
        return self

    def stop(self):
        self.host.run("systemctl", "stop", self.unit)

    def kill(self, sig=signal.SIGKILL):
        """To the agent's own process; returns when the unit is no longer active."""
        self.host.run("systemctl", "kill", "--kill-whom=main", f"--signal={int(sig)}", self.unit)
        wait_until(lambda: not self.alive(), 20, "the killed agent to be gone")

    def alive(self):
        state = self.host.run("systemctl", "is-active", self.unit, check=False).stdout.strip()
        return state in ("active", "activating", "deactivating", "reloading")

    def get(self, path, **options):
        status, _, body = self.host.http("GET", path, port=self.port, **options)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body}")
        return body

    def put(self, path, body=None, **options):
        status, _, body = self.host.http("PUT", path, body, port=self.port, **options)
        if status != 200:
            raise AssertionError(f"PUT {path}: {status} {body}")
        return body

    def cli(self, *args, check=True, stdin="", timeout=60):
        address = f"NOMAD_ADDR=http://{self.host.address}:{self.port}"
        return self.host.run("env", address, NOMAD, *args, check=check, stdin=stdin, timeout=timeout)

    def wait_leader(self, timeout=30):
        def leader_or_dead():
            if not self.alive():
                return "dead"
            return self.get("/v1/status/leader")

        seen = wait_until(leader_or_dead, timeout, "a leader")
        assert seen != "dead", "the agent died:\n" + self.host.journal(self.unit, 40)
        return seen

    def wait_nodes(self, count=1, timeout=30):
        def ready():
            nodes = [n for n in self.get("/v1/nodes") if n["Status"] == "ready"]
            return nodes if len(nodes) >= count else None

        return wait_until(ready, timeout, f"{count} ready nodes")

    def run_job(self, text, name="job"):
        """Submits job file text through the command line."""
        path = f"/tmp/{name}.nomad.hcl"
        self.host.write(path, text)
        return self.cli("job", "run", "-detach", path)

    def allocs(self, job):
        return self.get(f"/v1/job/{job}/allocations")

    def wait_allocs(self, job, status="running", count=1, timeout=30):
        def there():
            found = [a for a in self.allocs(job) if a["ClientStatus"] == status]
            return found if len(found) == count else None

        return wait_until(there, timeout, f"{count} {status} allocations of {job}")
