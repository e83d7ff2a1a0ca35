# SPDX-License-Identifier: Apache-2.0
"""Builds the tree, runs the test layers this machine can run, and counts test cases.

The last line printed is "N passed, N failed, N skipped"; the exit code is non-zero when
something failed. Every skip is named with its reason.
"""

import argparse
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = str(os.cpu_count() or 1)
# Seconds each layer may take of a budget of 1200; builds are outside of it.
SHARES = {"unit": 240, "sim": 220, "fuzz": 180, "cluster": 300, "vm": 260, "bench": 600}
DEFAULT = ["unit", "sim", "fuzz", "cluster", "vm"]
PYTHON = "/usr/bin/python3"
CLEAN_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": os.environ.get("HOME", "/root"),
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
for name in ("http_proxy", "https_proxy", "no_proxy", "XDG_CACHE_HOME", "TERM"):
    if name in os.environ:
        CLEAN_ENV[name] = os.environ[name]


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def ok(self, count=1):
        self.passed += count

    def fail(self, name, why=""):
        self.failed.append((name, why))
        say(f"  FAILED {name}" + (f": {why}" if why else ""))

    def skip(self, name, why):
        self.skipped.append((name, why))
        say(f"  skipped {name}: {why}")


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n== {text}")


def run(argv, timeout=None, capture=False, env=None):
    """Returns (exit code or None at timeout, output). Kills the whole group at timeout."""
    out = subprocess.PIPE if capture else None
    err = subprocess.STDOUT if capture else None
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**CLEAN_ENV, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=timeout)
        return process.returncode, text or ""
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as stop:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            text, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, _ = process.communicate()
        if isinstance(stop, KeyboardInterrupt):
            raise
        return None, text or ""


# ---- builds ----

BUILDS = {
    "build-san": (
        "gcc",
        ["-Dbuildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false"],
    ),
    "build": ("gcc", ["-Dbuildtype=release", "-Dstrip=true", "-Dtests=false"]),
    "build-bench": ("gcc", ["-Dbuildtype=release"]),
    "build-fuzz": (
        "clang",
        [
            "-Dbuildtype=debugoptimized",
            "-Db_sanitize=address,undefined",
            "-Db_lundef=false",
            "-Dfuzz=true",
        ],
    ),
}


def build(directory, results):
    """One result a build: it compiles with warnings as errors."""
    compiler, options = BUILDS[directory]
    say(f"-- {directory}: {compiler} {' '.join(options)}")
    if not os.path.exists(f"{ROOT}/{directory}/build.ninja"):
        code, text = run(
            ["meson", "setup", directory] + options, capture=True, env={"CC": compiler}
        )
        if code != 0:
            shutil.rmtree(f"{ROOT}/{directory}/meson-private", ignore_errors=True)
            say(text[-4000:])
            results.fail(f"build {directory}", "meson setup failed")
            return False
    code, text = run(["ninja", "-C", directory, "-j", JOBS], capture=True)
    if code != 0:
        say("\n".join(text.splitlines()[-60:]))
        results.fail(f"build {directory}", "does not compile")
        return False
    results.ok()
    return True


# ---- meson suites ----

CMOCKA = re.compile(r"^\[\s+(RUN|OK|FAILED|SKIPPED)\s+\]\s+(\S+)\s*$", re.M)


def cases_of(test):
    """(passed, failed names, skipped names) of one line of meson's testlog.json."""
    found, running = [], None
    for state, name in CMOCKA.findall(test.get("stdout") or ""):
        if state == "RUN":
            running = name
        elif name == running:
            # The summary at a group's end names its failures again, without a RUN before.
            found.append((state, name))
            running = None
    passed = sum(1 for state, _ in found if state == "OK")
    failed = [name for state, name in found if state == "FAILED"]
    skipped = [name for state, name in found if state == "SKIPPED"]
    if not found:
        if test["result"] == "OK":
            passed = 1
        elif test["result"] == "SKIP":
            skipped = ["whole program"]
    if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        failed = [f"{test['result'].lower()}, exit code {test.get('returncode')}"]
    return passed, failed, skipped


def meson_suite(directory, suite, results, seconds):
    listing = ["meson", "test", "-C", directory, "--no-rebuild", "--list", "--suite", suite]
    listed = run(listing, capture=True)[1]
    if "No suitable tests" in listed:
        results.skip(suite, f"this tree has no tests in suite '{suite}'")
        return
    log = f"{ROOT}/{directory}/meson-logs/testlog.json"
    if os.path.exists(log):
        os.unlink(log)
    code, _ = run(
        ["meson", "test", "-C", directory, "--no-rebuild", "--suite", suite, "--print-errorlogs"]
        + ["--timeout-multiplier", "4", "--num-processes", JOBS],
        timeout=seconds * 2,
        env={"NOMAD_TEST_BUDGET_S": str(max(5, seconds // len(listed.splitlines())))},
    )
    if code is None:
        results.fail(suite, f"did not end in {seconds * 2} s")
    counted = 0
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                test = json.loads(line)
                passed, failed, skipped = cases_of(test)
                counted += passed + len(failed) + len(skipped)
                results.ok(passed)
                for case in failed:
                    results.fail(f"{test['name']}: {case}")
                for case in skipped:
                    results.skip(f"{test['name']}: {case}", "the test says so, see its log")
    if counted == 0 and code is not None:
        results.fail(suite, "no test case was counted")
    say(f"  {suite}: {counted} test cases")


# ---- gates on the tree itself ----


def sources():
    code, text = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture=True)
    if code == 0:
        files = text.split()
    else:
        files = [
            os.path.relpath(path, ROOT)
            for top in ("src", "drivers", "fingerprint", "tests", "dist")
            for path in glob.glob(f"{ROOT}/{top}/**", recursive=True)
            if os.path.isfile(path)
        ]
    return [name for name in files if os.path.exists(f"{ROOT}/{name}")]


def gate(name, problems, results):
    if problems:
        say("\n".join(f"  {line}" for line in problems[:40]))
        results.fail(name, f"{len(problems)} findings, above")
    else:
        results.ok()


def gates(results):
    files = sources()
    code_files = [f for f in files if re.match(r"(src|drivers|fingerprint|tests|dist)/.*\.[ch]$", f)]
    if shutil.which("clang-format", path=CLEAN_ENV["PATH"]):
        _, text = run(["clang-format", "--dry-run", "-Werror"] + code_files, capture=True)
        gate("format", [line for line in text.splitlines() if "error:" in line], results)
    else:
        results.skip("format", "clang-format is not installed")
    bare, long = [], []
    for name in code_files:
        with open(f"{ROOT}/{name}", encoding="utf-8") as source:
            lines = source.readlines()
        if not lines or "SPDX-License-Identifier" not in lines[0]:
            bare.append(f"{name}: no SPDX line at its head")
        if name.endswith(".c") and len(lines) > 1200:
            long.append(f"{name}: {len(lines)} lines")
    gate("licence lines", bare, results)
    gate("file length", long, results)
    gate("includes", forbidden_includes(code_files), results)
    scripts = []
    for name in files:
        with open(f"{ROOT}/{name}", "rb") as source:
            if source.readline(60).startswith(b"#!/bin/bash"):
                scripts.append(name)
    bad = [name for name in scripts if run(["bash", "-n", name], capture=True)[0] != 0]
    gate("shell syntax", bad, results)
    binary = f"{ROOT}/build/nomad"
    if os.path.exists(binary):
        size = stripped_size(binary)
        gate("binary size", [f"{size} bytes stripped"] if size > 5 << 20 else [], results)


def use_table():
    """Directory to the directories it may use, from the table in docs/architecture.md."""
    direct = {}
    with open(f"{ROOT}/docs/architecture.md", encoding="utf-8") as text:
        for line in text:
            row = re.match(r"\| `(?:src/)?([a-z-]+)` \|.*\|([a-z, -]*)\|$", line)
            if row:
                direct[row[1]] = {name.strip() for name in row[2].split(",") if name.strip()}
    allowed = {}
    for name in direct:
        reach, todo = {name}, [name]
        while todo:
            for other in direct.get(todo.pop(), ()):
                if other not in reach:
                    reach.add(other)
                    todo.append(other)
        allowed[name] = reach
    return allowed


def forbidden_includes(code_files):
    allowed = use_table()
    problems = []
    for name in code_files:
        parts = name.split("/")
        home = parts[1] if parts[0] == "src" else parts[0]
        if home in ("tests", "dist", "main.c"):
            continue
        if home not in allowed:
            problems.append(f"{name}: {home} has no row in docs/architecture.md")
            continue
        with open(f"{ROOT}/{name}", encoding="utf-8") as source:
            for used in re.findall(r'^#include "([a-z-]+)/', source.read(), re.M):
                if used not in allowed[home]:
                    problems.append(f"{name}: includes {used}/, which {home} may not use")
    return problems


def stripped_size(binary):
    with tempfile.TemporaryDirectory() as work:
        copy = f"{work}/nomad"
        code, _ = run(["strip", "-o", copy, binary], capture=True)
        return os.path.getsize(copy if code == 0 else binary)


# ---- layers ----


def layer_unit(results, seconds):
    built = build("build-san", results)
    build("build", results)
    gates(results)
    if built:
        meson_suite("build-san", "unit", results, seconds)


def layer_sim(results, seconds):
    if build("build-san", Results()):
        meson_suite("build-san", "sim", results, seconds)
    else:
        results.fail("sim", "build-san does not compile")


def layer_fuzz(results, seconds):
    if not shutil.which("clang", path=CLEAN_ENV["PATH"]):
        results.skip("fuzz, compile with clang", "clang is not installed")
        return
    if not build("build-fuzz", results):
        return
    fuzzers = sorted(
        path
        for path in glob.glob(f"{ROOT}/build-fuzz/tests/fuzz/fuzz_*")
        if os.access(path, os.X_OK) and os.path.isfile(path)
    )
    sources_seen = {os.path.basename(p)[:-2] for p in glob.glob(f"{ROOT}/tests/fuzz/fuzz_*.c")}
    for name in sorted(sources_seen - {os.path.basename(p) for p in fuzzers}):
        results.fail(name, "has no line in tests/fuzz/meson.build, so it is not built")
    if not sources_seen:
        results.skip("fuzz", "this tree has no fuzzers")
    each = max(2, seconds // max(1, len(fuzzers)))
    for fuzzer in fuzzers:
        fuzz_one(fuzzer, min(each, 30 * max(1, seconds // 180)), results)


def fuzz_one(fuzzer, seconds, results):
    """Two results a fuzzer: every kept input once, then fresh inputs for some seconds."""
    name = os.path.basename(fuzzer)
    what = name[len("fuzz_") :]
    kept = f"{ROOT}/tests/fuzz/corpus/{what}"
    limits = ["-rss_limit_mb=2048", "-timeout=20"]
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as work:
        fresh = f"{work}/fresh"
        os.mkdir(fresh)
        inputs = [p for p in sorted(glob.glob(f"{kept}/*")) if os.path.isfile(p)]
        if inputs:
            code, text = run([fuzzer] + limits + inputs, capture=True, timeout=60)
            if code == 0:
                results.ok()
            else:
                say(text[-6000:])
                results.fail(f"{name}: kept inputs")
        dictionary = f"{ROOT}/tests/fuzz/{what}.dict"
        argv = [fuzzer] + limits + [f"-max_total_time={seconds}", f"-artifact_prefix={work}/"]
        argv += [f"-dict={dictionary}"] if os.path.exists(dictionary) else []
        argv += [fresh] + ([kept] if inputs else [])
        code, text = run(argv, capture=True, timeout=seconds + 60)
        if code == 0:
            runs = re.findall(r"Done (\d+) runs", text)
            say(f"  {name}: {len(inputs)} kept inputs, {runs[-1] if runs else '?'} fresh runs")
            results.ok()
            return
        say(text[-6000:])
        for crash in glob.glob(f"{work}/*-*"):
            if os.path.isfile(crash):
                shutil.copy(crash, f"{ROOT}/build-fuzz/")
                say(f"  input kept as build-fuzz/{os.path.basename(crash)}")
        results.fail(f"{name}: fresh inputs")


def as_root(argv):
    if os.geteuid() == 0:
        return argv
    if subprocess.call(["sudo", "-n", "true"], stderr=subprocess.DEVNULL) == 0:
        return ["sudo", "-n", "--preserve-env=NOMAD_TEST_BUDGET_S,XDG_CACHE_HOME"] + argv
    return None


def pytest_layer(folder, results, seconds):
    if not glob.glob(f"{ROOT}/tests/{folder}/test_*.py"):
        results.skip(folder, f"no tests in tests/{folder}")
        return
    argv = as_root([PYTHON, "-m", "pytest"])
    if argv is None:
        results.skip(folder, "needs root, and sudo asks for a password")
        return
    with tempfile.TemporaryDirectory() as work:
        report = f"{work}/junit.xml"
        argv += ["-v", "-rs", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={report}"]
        code, _ = run(
            argv + [f"tests/{folder}"],
            timeout=seconds * 2,
            env={"NOMAD_TEST_BUDGET_S": str(seconds)},
        )
        if code is None:
            results.fail(folder, f"did not end in {seconds * 2} s")
        elif not os.path.exists(report):
            results.fail(folder, f"pytest ended with {code} and no report")
        else:
            junit(report, folder, results)


def junit(report, folder, results):
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{folder}: {case.get('name')}"
        skipped = case.find("skipped")
        if skipped is not None:
            results.skip(name, skipped.get("message", ""))
        elif case.find("failure") is not None or case.find("error") is not None:
            results.fail(name)
        else:
            results.ok()


def layer_cluster(results, seconds):
    # The release build is the agent under test; programs written for these tests are sanitized.
    if not (build("build", Results()) and build("build-san", Results())):
        results.fail("cluster", "does not compile")
        return
    pytest_layer("cluster", results, seconds)


def layer_vm(results, seconds):
    if not shutil.which("qemu-system-x86_64", path=CLEAN_ENV["PATH"]):
        results.skip("vm", "QEMU is not installed")
        return
    # As in layer_cluster.
    if not (build("build", Results()) and build("build-san", Results())):
        results.fail("vm", "does not compile")
        return
    image = as_root(["tests/vm/image"])
    if image is None:
        results.skip("vm", "needs root, and sudo asks for a password")
        return
    say("-- image (built once, kept in the machine's cache)")
    code, text = run(image, timeout=1800, capture=True)
    if code != 0:
        results.skip("vm", f"no image: {(text.strip().splitlines() or ['?'])[-1]}")
        return
    pytest_layer("vm", results, seconds)


def layer_bench(results, seconds):
    if not build("build-bench", results):
        return
    programs = sorted(glob.glob(f"{ROOT}/build-bench/tests/bench/bench[-_]*"))
    programs = [p for p in programs if os.access(p, os.X_OK) and os.path.isfile(p)]
    if not programs:
        results.skip("bench", "this tree has no benchmarks")
    for program in programs:
        name = os.path.basename(program)
        say(f"-- {name}")
        code, _ = run([program], timeout=seconds)
        if code == 0:
            results.ok()
        else:
            results.fail(name)
    say("-- bench_tasks.py")
    tasks = as_root([PYTHON, "tests/bench/bench_tasks.py"])
    if tasks is None:
        results.skip("bench_tasks.py", "needs root, and sudo asks for a password")
    elif run(tasks, timeout=seconds)[0] == 0:
        results.ok()
    else:
        results.fail("bench_tasks.py")


LAYERS = {
    "unit": layer_unit,
    "sim": layer_sim,
    "fuzz": layer_fuzz,
    "cluster": layer_cluster,
    "vm": layer_vm,
    "bench": layer_bench,
}


def budget(text):
    match = re.fullmatch(r"(\d+)([smh]?)", text)
    if not match:
        raise argparse.ArgumentTypeError("a number with s, m or h, as in 20m")
    return int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def main():
    parser = argparse.ArgumentParser(
        prog="tests/run",
        description="Build and test. Without a layer: all of them except bench.",
    )
    parser.add_argument("layers", nargs="*", metavar="LAYER", help=", ".join(LAYERS))
    parser.add_argument(
        "--budget", type=budget, default=1200, help="time for all layers together (default 20m)"
    )
    options = parser.parse_intermixed_args()
    for name in options.layers:
        if name not in LAYERS:
            parser.error(f"unknown layer '{name}' ({', '.join(LAYERS)})")
    results = Results()
    began = time.monotonic()
    for name in options.layers or DEFAULT:
        seconds = max(10, SHARES[name] * options.budget // 1200)
        heading(f"{name} (about {seconds} s)")
        start = time.monotonic()
        LAYERS[name](results, seconds)
        say(f"  {name} took {time.monotonic() - start:.0f} s")
    heading(f"summary after {time.monotonic() - began:.0f} s")
    for name, why in results.skipped:
        say(f"skipped  {name}: {why}")
    for name, why in results.failed:
        say(f"FAILED   {name}" + (f": {why}" if why else ""))
    say(f"{results.passed} passed, {len(results.failed)} failed, {len(results.skipped)} skipped")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
