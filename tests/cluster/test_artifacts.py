# SPDX-License-Identifier: Apache-2.0
"""Artifacts over HTTP: what a task finds in its directory, and what never gets there."""

import hashlib
import json

import pytest
from cluster import wait_until
from conftest import need_binary
from jobs import NO_RETRY, alloc_path, events, job, purge, start_agent

FILES = "/srv/artifacts"
SERVER = "http://127.0.0.1:8123"
# Everything that is served; the names of the hostile ones say what is wrong with them.
MAKE_FILES = r"""
import io, os, sys, tarfile, zipfile
os.makedirs(sys.argv[1]), os.chdir(sys.argv[1])
program = b"#!/bin/sh\necho plain-program-ran\nexec sleep 100000\n"
open("program.sh", "wb").write(program)

def tar(name, *members, mode="w:gz"):
    with tarfile.open(name, mode) as out:
        for path, kind, rest in members:
            info = tarfile.TarInfo(path)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size, info.mode = len(rest), 0o755
                out.addfile(info, io.BytesIO(rest))
            else:
                info.linkname = rest if isinstance(rest, str) else ""
                info.devmajor, info.devminor = rest if isinstance(rest, tuple) else (0, 0)
                out.addfile(info)

FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
tar("tree.tar.gz", ("bin/program.sh", FILE, program), ("bin/again.sh", LINK, "program.sh"))
with zipfile.ZipFile("tree.zip", "w") as out:
    info = zipfile.ZipInfo("bin/program.sh")
    info.external_attr = 0o100755 << 16
    out.writestr(info, program)
tar("dotdot.tar.gz", ("../../../../evil", FILE, b"x"))
tar("absolute.tar.gz", ("/tmp/evil", FILE, b"x"))
tar("link-out.tar.gz", ("to", LINK, "/etc"), ("to/evil", FILE, b"x"))
tar("link-up.tar.gz", ("to", LINK, "../../../../tmp"), ("to/evil", FILE, b"x"))
tar("hard-link.tar.gz", ("shadow", HARD, "/etc/shadow"))
tar("hard-link-to-none.tar.gz", ("evil-not", HARD, "nothing"))
tar("device.tar.gz", ("evil", tarfile.BLKTYPE, (8, 0)))
tar("fifo.tar.gz", ("evil", tarfile.FIFOTYPE, ""))
with zipfile.ZipFile("dotdot.zip", "w") as out:
    out.writestr("../../../../evil", b"x")
"""
REFUSED = {
    "dotdot.tar.gz": "leads out of the directory",
    "dotdot.zip": "leads out of the directory",
    "absolute.tar.gz": "has an absolute path",
    "link-out.tar.gz": "is a link that leads out of the directory",
    "link-up.tar.gz": "is a link that leads out of the directory",
    "hard-link.tar.gz": "has an absolute path",
    "hard-link-to-none.tar.gz": "is a hard link to something that is no file of the archive",
    "device.tar.gz": "is a device",
    "fifo.tar.gz": "is neither file, directory nor link",
}


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    host.run("python3", "-c", MAKE_FILES, FILES)
    host.start_unit(
        "files", "python3", "-m", "http.server", "8123", "--bind", "127.0.0.1", "-d", FILES
    )
    wait_until(lambda: host.http("GET", "/program.sh", port=8123)[0] == 200, 20, "a file server")
    return start_agent(host)


def artifact(source, destination="", **options):
    text = f"source = {json.dumps(source)}\n"
    if destination:
        text += f"destination = {json.dumps(destination)}\n"
    if options:
        text += "options {\n%s}\n" % "".join(f'{k} = "{v}"\n' for k, v in options.items())
    return "artifact {\n%s}\n" % text


def sha256(agent, name):
    return agent.host.run("sha256sum", f"{FILES}/{name}").stdout.split()[0]


def fetch_error(agent, name, text):
    """The event of a task whose artifact cannot be had."""
    agent.run_job(job(name, kind="batch", in_task=text, in_group=NO_RETRY))
    (alloc,) = agent.wait_allocs(name, status="failed", timeout=60)
    types = [event["Type"] for event in events(agent, alloc)]
    assert "Started" not in types, types
    (failed,) = events(agent, alloc, "Failed Artifact Download")
    return alloc, failed["DisplayMessage"]


@pytest.mark.parametrize(
    "source, program",
    [
        ("program.sh", "local/program.sh"),
        ("tree.tar.gz", "local/bin/again.sh"),
        ("tree.zip", "local/bin/program.sh"),
    ],
)
def test_an_artifact_is_there_before_the_task_runs(agent, source, program):
    """A checked file, tar or zip from a web server is what the task executes."""
    name = f"get-{source.split('.', 1)[1].replace('.', '-')}"
    text = artifact(f"{SERVER}/{source}", checksum=f"sha256:{sha256(agent, source)}")
    agent.run_job(job(name, f"exec sh {program}", in_task=text))
    (alloc,) = agent.wait_allocs(name)
    wait_until(
        lambda: agent.cli("alloc", "logs", alloc["ID"]).stdout == "plain-program-ran\n", 20, "its log"
    )
    assert [e["Type"] for e in events(agent, alloc)].count("Downloading Artifacts") == 1
    listed = agent.cli("alloc", "fs", alloc["ID"], "t/" + program.rsplit("/", 1)[0]).stdout
    assert program.rsplit("/", 1)[1] in listed
    purge(agent, name)


def test_the_destination_and_the_archive_option_are_respected(agent):
    """archive=false keeps the file as it is, at the place the job names."""
    text = artifact(f"{SERVER}/tree.zip", "local/here/", archive="false")
    agent.run_job(job("kept", in_task=text))
    (alloc,) = agent.wait_allocs("kept")
    path = alloc_path(agent, alloc, "t/local/here/tree.zip")
    assert agent.host.run("cmp", path, f"{FILES}/tree.zip").stdout == ""
    purge(agent, "kept")


def test_a_wrong_digest_names_both_and_fails_the_task(agent):
    """Who pinned a digest reads which was expected and which one came, and nothing is kept."""
    wrong = hashlib.sha256(b"something else").hexdigest()
    text = artifact(f"{SERVER}/program.sh", checksum=f"sha256:{wrong}")
    alloc, message = fetch_error(agent, "digest", text)
    assert wrong in message and sha256(agent, "program.sh") in message
    assert f"{SERVER}/program.sh" in message
    out = agent.cli("alloc", "status", alloc["ID"]).stdout
    assert "Failed Artifact Download" in out and wrong in out
    assert agent.host.run("ls", alloc_path(agent, alloc, "t/local")).stdout == ""
    purge(agent, "digest")


def test_a_file_that_is_not_there_is_an_event_with_the_status(agent):
    """404 of the server is what the user reads."""
    _, message = fetch_error(agent, "missing", artifact(f"{SERVER}/nope"))
    assert "404" in message and f"{SERVER}/nope" in message
    purge(agent, "missing")


@pytest.mark.parametrize("source", REFUSED)
def test_a_hostile_archive_is_refused_with_the_reason(agent, source):
    """Entries that leave the directory, and what is no file, are refused, and nothing is written."""
    name = f"bad-{source.replace('.', '-')}"
    alloc, message = fetch_error(agent, name, artifact(f"{SERVER}/{source}"))
    assert REFUSED[source] in message, message
    found = agent.host.run("find", "/tmp", agent.data_dir, "/etc", "-name", "evil").stdout
    assert found == ""
    purge(agent, name)


def test_the_fetcher_leaves_no_unit(agent):
    """However a download ended, its unit is gone."""
    own = ["nomad-agent.service", "nomad-relay.service"]
    wait_until(lambda: agent.host.units("nomad-*.service") == own, 20, "no unit of a fetcher")
