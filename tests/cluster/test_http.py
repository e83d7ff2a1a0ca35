# SPDX-License-Identifier: Apache-2.0
"""The HTTP API as programs see it: answers, errors, waiting for changes, streams."""

import base64
import http.client
import json
import socket
import threading

import pytest
from cluster import Namespace, wait_until
from conftest import need_binary
from jobs import alloc_path, job, purge, start_agent

FLOOD = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo $i 0123456789012345678901234567890123456789; done"


@pytest.fixture(scope="module")
def agent(host):
    need_binary()
    return start_agent(host)


@pytest.fixture(scope="module")
def ticking(agent):
    """The allocation of a running job that logs a line whenever its file "say" has one."""
    script = "touch $NOMAD_ALLOC_DIR/say; exec tail -n +1 -f $NOMAD_ALLOC_DIR/say"
    agent.run_job(job("ticking", script))
    (alloc,) = agent.wait_allocs("ticking")
    say = alloc_path(agent, alloc, "alloc/say")
    wait_until(lambda: agent.host.run("test", "-e", say, check=False).returncode == 0, 10, "its file")
    yield alloc
    purge(agent, "ticking")


class Background:
    """A request in a thread: what it answered, and whether it has."""

    def __init__(self, agent, path, **options):
        self.answer = None
        self.thread = threading.Thread(target=self.run, args=(agent, path, options), daemon=True)
        self.thread.start()

    def run(self, agent, path, options):
        self.answer = agent.host.http("GET", path, **options)

    def wait(self, timeout=30):
        self.thread.join(timeout)
        assert self.answer, "no answer"
        return self.answer


class Stream:
    """A response that is read as it comes."""

    def __init__(self, agent, path, receive_buffer=None):
        address = (agent.host.address, agent.port)
        self.connection = http.client.HTTPConnection(*address, timeout=30)
        with Namespace(agent.host.leader):
            sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(30)
        sock.connect(address)
        self.connection.sock = sock
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()

    def until(self, text):
        seen = b""
        while text not in seen:
            part = self.answer.read1(65536)
            assert part, f"ended after {seen[-200:]!r}"
            seen += part
        return seen

    def close(self):
        self.connection.close()


def index_of(headers):
    return int(headers["X-Nomad-Index"])


def spec(name, **changes):
    task = {
        "Name": "t",
        "Driver": "raw_exec",
        "Config": {"command": "/bin/sleep", "args": ["100000"]},
        "Resources": {"CPU": 20, "MemoryMB": 16},
    }
    group = {"Name": "g", "Count": 1, "Tasks": [task]}
    return {"ID": name, "Name": name, "Datacenters": ["dc1"], "TaskGroups": [group]} | changes


def say(agent, alloc, text):
    path = alloc_path(agent, alloc, "alloc/say")
    agent.host.run("sh", "-c", 'cat >> "$1"', "sh", path, stdin=text)


def test_a_job_goes_in_and_comes_out_as_json(agent):
    """Register, list, read, summary, versions, evaluations, deregister: JSON with nomad's names."""
    answer = agent.put("/v1/jobs", {"Job": spec("json")})
    assert len(answer["EvalID"]) == 36 and answer["JobModifyIndex"] > 0
    (alloc,) = agent.wait_allocs("json")
    read = agent.get("/v1/job/json")
    assert read["ID"] == "json" and read["Type"] == "service" and read["Status"] == "running"
    assert read["TaskGroups"][0]["Tasks"][0]["Config"]["args"] == ["100000"]
    (listed,) = [j for j in agent.get("/v1/jobs") if j["ID"] == "json"]
    assert listed["JobSummary"]["Summary"]["g"]["Running"] == 1
    assert agent.get("/v1/jobs?prefix=jso")[0]["ID"] == "json"
    assert agent.get("/v1/jobs?prefix=nope") == []
    assert agent.get("/v1/job/json/summary")["Summary"]["g"]["Running"] == 1
    assert agent.get("/v1/job/json/versions")["Versions"][0]["Version"] == 0
    assert agent.get("/v1/job/json/evaluations")[0]["ID"] == answer["EvalID"]
    evaluation = agent.get(f"/v1/evaluation/{answer['EvalID']}")
    assert evaluation["Status"] == "complete" and evaluation["TriggeredBy"] == "job-register"
    assert agent.get(f"/v1/allocation/{alloc['ID']}")["JobID"] == "json"
    status, _, _ = agent.host.http("DELETE", "/v1/job/json?purge=true")
    assert status == 200
    assert agent.host.http("GET", "/v1/job/json")[0] == 404


@pytest.mark.parametrize(
    "method, path, body, status, text",
    [
        ("GET", "/v1/job/nope", None, 404, "job not found"),
        ("GET", "/v1/nope", None, 404, "Invalid path"),
        ("DELETE", "/v1/jobs", None, 405, "Invalid method"),
        ("PUT", "/v1/jobs", "{", 400, "line 1"),
        ("PUT", "/v1/jobs", "{}", 400, "Job must be specified"),
        ("PUT", "/v1/jobs", '{"Job": {}}', 400, "Job ID hasn't been provided"),
        ("PUT", "/v1/job/other", '{"Job": {"ID": "one"}}', 400, "Job ID does not match"),
        ("GET", "/v1/jobs?index=abc", None, 400, "Invalid index"),
        ("GET", "/v1/jobs?index=1&wait=soon", None, 400, "Invalid wait time"),
        ("GET", "/v1/allocation/" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12, None, 404, "alloc not found"),
        ("GET", "/v1/node/" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12, None, 404, "node not found"),
        ("GET", "/v1/evaluation/" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12, None, 404, "eval not found"),
    ],
)
def test_a_mistake_is_answered_with_its_status_and_text(agent, method, path, body, status, text):
    """404, 405 and 400 with the words clients look for."""
    answer = agent.host.http(method, path, body)
    assert answer[0] == status and text in answer[2], answer[2]


def test_pretty_is_the_same_for_eyes(agent, ticking):
    """?pretty indents, without it there is no blank space; the content is the same."""
    plain, pretty = (Stream(agent, f"/v1/job/ticking{q}").answer.read() for q in ("", "?pretty"))
    assert b"\n" not in plain.strip() and b"\n    " in pretty
    assert json.loads(plain) == json.loads(pretty)


def test_a_waiting_read_wakes_on_its_own_change_only(agent, ticking):
    """A blocking query on one job sleeps through another's registration and wakes on its own."""
    agent.put("/v1/jobs", {"Job": spec("mine")})
    agent.wait_allocs("mine")
    _, headers, _ = agent.host.http("GET", "/v1/job/mine")
    index = index_of(headers)
    waiting = Background(agent, f"/v1/job/mine?index={index}&wait=60s")
    agent.put("/v1/jobs", {"Job": spec("other")})
    agent.wait_allocs("other")
    assert waiting.answer is None
    agent.put("/v1/jobs", {"Job": spec("mine", Priority=60)})
    status, headers, body = waiting.wait(10)
    assert status == 200 and body["Priority"] == 60
    assert index_of(headers) > index
    assert headers["X-Nomad-KnownLeader"] == "true" and headers["X-Nomad-LastContact"] == "0"
    purge(agent, "mine", "other")


def test_a_waiting_read_ends_with_its_time(agent, ticking):
    """wait=1s without a change answers with the same index; an old index answers at once."""
    _, headers, before = agent.host.http("GET", "/v1/job/ticking")
    index = index_of(headers)
    path = f"/v1/job/ticking?index={index}&wait=1s"
    status, headers, after = agent.host.http("GET", path)
    assert status == 200 and index_of(headers) == index and after == before
    status, headers, _ = agent.host.http("GET", f"/v1/job/ticking?index={index - 1}&wait=300s")
    assert status == 200 and index_of(headers) == index


def test_a_wait_for_something_new_wakes_when_it_comes(agent, ticking):
    """A list, and a job that does not exist yet, can be waited for."""
    _, headers, _ = agent.host.http("GET", "/v1/jobs")
    jobs = Background(agent, f"/v1/jobs?index={index_of(headers)}&wait=60s")
    allocations = Background(agent, "/v1/job/awaited/allocations?index=1&wait=60s")
    agent.put("/v1/jobs", {"Job": spec("awaited")})
    assert "awaited" in [j["ID"] for j in jobs.wait(10)[2]]
    assert isinstance(allocations.wait(10)[2], list)
    purge(agent, "awaited")


def test_a_log_is_followed_over_http(agent, ticking):
    """follow=true delivers each line when it is written, as plain text and as frames."""
    base = f"/v1/client/fs/logs/{ticking['ID']}?task=t&type=stdout&follow=true"
    plain, frames = Stream(agent, base + "&plain=true"), Stream(agent, base)
    for word in ("one", "two", "three"):
        say(agent, ticking, f"said-{word}\n")
        assert plain.until(f"said-{word}\n".encode())
    seen, text = b"", b""
    while b"said-three\n" not in text:
        seen += frames.answer.read1(65536)
        found = [json.loads(part) for part in seen.replace(b"}{", b"}\n{").split(b"\n") if part.endswith(b"}")]
        text = b"".join(base64.b64decode(f["Data"]) for f in found if f.get("Data"))
    assert all(f.get("File", "alloc/logs/t.stdout.0").endswith("t.stdout.0") for f in found)
    plain.close()
    frames.close()
    tail = agent.cli("alloc", "logs", "-tail", "-n", "1", ticking["ID"]).stdout
    assert tail == "said-three\n"


def test_who_reads_slowly_keeps_nobody_waiting(agent, ticking):
    """A follower that stops reading a large log does not hold up others, nor the agent's memory."""
    agent.run_job(job("flood", FLOOD, kind="batch"))
    (alloc,) = agent.wait_allocs("flood", status="complete", timeout=60)
    path = f"/v1/client/fs/logs/{alloc['ID']}?task=t&type=stdout&plain=true&follow=true"
    slow = [Stream(agent, path, receive_buffer=4096) for _ in range(8)]
    for stream in slow:
        assert stream.answer.status == 200 and stream.answer.read1(10)
    quick = Stream(agent, path)
    assert quick.until(b"\n60000 ").startswith(b"1 0123")
    say(agent, ticking, "while-slow\n")
    other = f"/v1/client/fs/logs/{ticking['ID']}?task=t&type=stdout&plain=true"
    wait_until(lambda: "while-slow" in agent.host.http("GET", other)[2], 10, "another log")
    agent.put("/v1/jobs", {"Job": spec("while-slow")})
    agent.wait_allocs("while-slow")
    assert b"\n60000 " in slow[0].until(b"\n60000 ")
    for stream in slow + [quick]:
        stream.close()
    pid = agent.host.unit(agent.unit, "MainPID")["MainPID"]
    sockets = f"ls -l /proc/{pid}/fd | grep -c socket"
    count = lambda: int(agent.host.run("sh", "-c", sockets).stdout)  # noqa: E731
    wait_until(lambda: count() < 20, 20, "closed connections to be let go")
    purge(agent, "flood", "while-slow")


def test_files_of_an_allocation_are_listed_and_read(agent, ticking):
    """fs/ls, fs/stat, fs/cat, fs/readat; a path out of the allocation is refused."""
    fs = "/v1/client/fs/{}/" + ticking["ID"]
    say(agent, ticking, "0123456789\n")
    names = {entry["Name"]: entry for entry in agent.get(fs.format("ls") + "?path=/")}
    assert names["alloc"]["IsDir"] and names["t"]["IsDir"]
    size = agent.get(fs.format("stat") + "?path=alloc/say")["Size"]
    assert agent.get(fs.format("cat") + "?path=alloc/say").endswith("0123456789\n")
    part = agent.get(fs.format("readat") + f"?path=alloc/say&offset={size - 11}&limit=4")
    assert part == "0123"
    for path in ("../../../../etc/passwd", "alloc/../../../../../etc/passwd"):
        status, _, text = agent.host.http("GET", fs.format("cat") + f"?path={path}")
        assert status >= 400 and "root:" not in text, text
    agent.host.run("ln", "-s", "/etc/passwd", alloc_path(agent, ticking, "alloc/link"))
    status, _, text = agent.host.http("GET", fs.format("cat") + "?path=alloc/link")
    assert status >= 400 and "root:" not in text, text
    status, _, _ = agent.host.http("GET", fs.format("cat") + "?path=t/secrets/x")
    assert status >= 400
