# SPDX-License-Identifier: Apache-2.0
"""A small virtual machine with every cgroup controller and a root shell on its serial port.

What of the checkout a test needs (STAGED, and the programs of build/) is on a second, read-only
disk, mounted under the checkout's own path. The first disk is a snapshot: nothing is kept.
"""

import ctypes
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APPEND = (
    "root=/dev/nvme0n1 rw console=ttyS0 quiet systemd.show_status=0 apparmor=0 mitigations=off "
    "systemd.unified_cgroup_hierarchy=1"
)


STAGED = ("dist", "units", "tests/vm", "meson.build")
# Sanitized programs the tests run inside, and where the libraries the image lacks are put.
TOOLS = ("build-san/tests/cluster/systemd_units_test",)
LIBRARIES = "build-san/lib"
# Says that this machine's /dev/kvm was tried and does not carry a machine; gone after a reboot.
NO_KVM = "/run/nomad-vm-no-kvm"


def programs():
    """The executables of the release build, paths relative to the checkout; tests left out."""
    for folder, folders, files in os.walk(f"{ROOT}/build"):
        folders[:] = [f for f in folders if f not in ("tests", "try") and not f.startswith("meson-")]
        for name in files:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and not name.endswith((".so", ".py", ".sh")):
                yield os.path.relpath(path, ROOT)


def die_with_parent():
    """However pytest ends, its machine does too."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Exit(Exception):
    """A command in the VM ended with a code that was not asked for."""


class VM:
    def __init__(self, memory=1536, cpus=2):
        self.memory = memory
        self.cpus = cpus
        self.qemu = None
        self.shell = None
        self.work = None
        self.pending = b""
        self.serial = 0

    def up(self, timeout=180):
        image = subprocess.run(
            [f"{ROOT}/tests/vm/image"], stdout=subprocess.PIPE, text=True, check=True
        ).stdout.strip()
        self.work = tempfile.mkdtemp(prefix="nomad-vm-")
        self.stage()
        if os.access("/dev/kvm", os.W_OK) and not os.path.exists(NO_KVM):
            try:
                return self.boot(image, "kvm", "max,-arch-capabilities", 25)
            except (RuntimeError, TimeoutError):
                self.stop()
                with open(NO_KVM, "w", encoding="utf-8"):
                    pass
        return self.boot(image, "tcg,thread=multi", "max", timeout)

    def stage(self):
        tree = f"{self.work}/stage"
        os.mkdir(tree)
        for name in [*STAGED, *programs(), *TOOLS]:
            source, target = f"{ROOT}/{name}", f"{tree}/{name}"
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
            elif os.path.exists(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)
        self.stage_libraries(f"{tree}/{LIBRARIES}")
        subprocess.run(["truncate", "-s", "256M", f"{self.work}/stage.img"], check=True)
        make = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", tree, f"{self.work}/stage.img"]
        subprocess.run(make, check=True)
        shutil.rmtree(tree)

    def stage_libraries(self, target):
        """The compiler's own: the image has those of the release build."""
        os.makedirs(target, exist_ok=True)
        for tool in TOOLS:
            if os.path.exists(f"{ROOT}/{tool}"):
                ldd = subprocess.run(["ldd", f"{ROOT}/{tool}"], stdout=subprocess.PIPE, text=True)
                for path in re.findall(r"=> (/\S*/lib(?:[a-z]*san|stdc\+\+)\.so\S*)", ldd.stdout):
                    shutil.copy2(os.path.realpath(path), f"{target}/{os.path.basename(path)}")

    def boot(self, image, accel, cpu, timeout):
        self.accel = accel
        argv = [
            "qemu-system-x86_64", "-machine", "q35", "-cpu", cpu, "-accel", accel,
            "-smp", str(self.cpus), "-m", str(self.memory), "-display", "none", "-nodefaults",
            "-no-reboot", "-serial", f"file:{self.work}/console",
            "-serial", f"unix:{self.work}/shell,server=on,wait=off",
            "-kernel", f"{image}/vmlinuz",
            "-drive", f"file={image}/root.img,format=raw,if=none,id=d0,snapshot=on,cache=unsafe",
            "-device", "nvme,drive=d0,serial=r0",
            "-drive", f"file={self.work}/stage.img,format=raw,if=none,id=d1,readonly=on",
            "-device", "nvme,drive=d1,serial=r1",
            "-append", APPEND,
        ]  # fmt: skip
        for name in ("console", "shell"):
            if os.path.exists(f"{self.work}/{name}"):
                os.unlink(f"{self.work}/{name}")
        self.pending = b""
        self.log = open(f"{self.work}/qemu.log", "wb")
        self.qemu = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        end = time.monotonic() + timeout
        self.shell = self.connect(end)
        self.read_until(rb"VMSH-READY\r?\n", end)
        self.run("mkdir", "-p", ROOT)
        self.run("mount", "-o", "ro", "/dev/nvme1n1", ROOT)
        self.sh("until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.2; done")
        return self

    def connect(self, end):
        while True:
            try:
                shell = socket.socket(socket.AF_UNIX)
                shell.connect(f"{self.work}/shell")
                return shell
            except OSError:
                shell.close()
                if self.qemu.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("QEMU did not start:\n" + self.read_log()) from None
                time.sleep(0.05)

    def read_log(self):
        text = ""
        for name in ("qemu.log", "console"):
            path = f"{self.work}/{name}"
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += f"--- {name}\n" + file.read()[-4000:]
        return text

    def read_until(self, pattern, end):
        while True:
            match = re.search(pattern, self.pending)
            if match:
                before = self.pending[: match.start()]
                self.pending = self.pending[match.end() :]
                return before, match
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the VM did not answer; so far: {self.pending[-500:]!r}")
            self.shell.settimeout(left)
            try:
                piece = self.shell.recv(65536)
            except TimeoutError:
                continue
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise RuntimeError("the VM is gone:\n" + self.read_log())
            self.pending += piece

    def sh(self, script, check=True, timeout=120):
        """Runs shell text; returns its output (stdout and stderr) and exit code, or only the
        output with check=True, where a non-zero code is an Exit."""
        self.serial += 1
        mark = f"VMSH-END-{self.serial}"
        # In two pieces, so an echoed command line could never be taken for the answer.
        line = f"( {script}\n) </dev/null 2>&1; echo 'VMSH-''END-{self.serial}:'$?\n"
        self.shell.settimeout(timeout)
        self.shell.sendall(line.encode())
        before, match = self.read_until(
            mark.encode() + rb":(\d+)\r?\n", time.monotonic() + timeout
        )
        text = before.decode(errors="replace").replace("\r\n", "\n")
        code = int(match[1])
        if not check:
            return text, code
        if code != 0:
            raise Exit(f"vm$ {script}\nexit code {code}\n{text}")
        return text

    def run(self, *argv, check=True, timeout=120):
        return self.sh(shlex.join(argv), check, timeout)

    def unit(self, unit, *names):
        out = self.run("systemctl", "show", unit, "-p", ",".join(names))
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def journal(self, lines=200):
        return self.run("journalctl", "--no-pager", "-n", str(lines), check=False)[0]

    def stop(self):
        if self.shell:
            self.shell.close()
        if self.qemu:
            if self.qemu.poll() is None:
                self.qemu.send_signal(signal.SIGKILL)
            self.qemu.wait()
            self.log.close()
        self.qemu = self.shell = None

    def down(self):
        self.stop()
        if self.work:
            shutil.rmtree(self.work, ignore_errors=True)
        self.work = None
