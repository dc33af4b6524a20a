"""The app itself on the local stack: what the tiny app cannot show."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from cli.credentials import Credential
from infra.local.project import ROOT
from infra.local.watching import take
from tests.factories.credentials import credential
from tests.factories.people_elsewhere import People
from tests.local.tiny_stack import DEADLINE, LocalStack, eventually, http

pytestmark = pytest.mark.scenario
_SPEC = {
    "sluice": 1,
    "name": "hotel",
    "nodes": {
        "greet": {"type": "tool_call", "tool": "text.template", "with": {"template": "Hello {{ $context.city }}"}},
        "approve": {"type": "human_gate", "ask": "Book in {{ $context.city }}?", "after": ["greet"]},
        "when": {"type": "tool_call", "tool": "time.now", "with": {}},
    },
    "edges": [{"from": "approve", "to": "when", "when": "approve"}],
    "input": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "output": {"greeting": "$greet.text"},
}
_ENDED = {"succeeded", "failed", "timed_out", "cancelled"}


class Api:
    def __init__(self, url: str, credentials: Callable[[str], Credential] = credential) -> None:
        self._url, self._credentials = url, credentials
        self._known: dict[str, str] = {}

    def __call__(self, path: str, body: Any = None, person: str = "ann") -> Any:
        if person not in self._known:
            self._known[person] = self._credentials(person).bearer
        sent = None if body is None else json.dumps(body).encode()
        answer = http(f"{self._url}/api/v1/{path}", sent, Authorization=f"Bearer {self._known[person]}")
        assert answer.status < 300, answer.body
        return answer.json()

    def start(self) -> str:
        workflow = self("workflows", {"spec": _SPEC})["id"]
        self(f"workflows/{workflow}/versions", {})
        return str(self(f"workflows/{workflow}/run", {"input": {"city": "Rome"}})["id"])

    def open_gate(self) -> str:
        return str(eventually(lambda: self("gates")["gates"])[0]["id"])

    def ended(self, run_id: str) -> Any:
        return eventually(lambda: (run := self(f"workflows/runs/{run_id}"))["status"] in _ENDED and run)


@contextmanager
def _process(data: Path, people: People) -> Iterator[tuple["subprocess.Popen[str]", Api]]:
    command = [sys.executable, "-m", "infra.local", "up", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            people.meet(url, process.stdout)
            yield process, Api(url, people)
        finally:
            process.kill()


def test_a_run_is_followed_live_decided_and_finished_across_a_change_of_code() -> None:
    with LocalStack() as stack:
        api = Api(stack.url)
        run_id = api.start()
        ticket = api("live/tickets", {})
        assert ticket["url"].startswith(stack.websocket_url)
        url = ticket["url"] if "ticket=" in ticket["url"] else f"{ticket['url']}?ticket={ticket['ticket']}"
        with connect(url, open_timeout=DEADLINE) as socket:
            socket.send(json.dumps({"action": "subscribe", "run_id": run_id, "since": 0}))
            gate = api.open_gate()
            assert take(stack.reload)
            api(f"gates/{gate}/decision", {"choice": "approve"}, person="bob")
            run = api.ended(run_id)
            assert (run["status"], run["output"]) == ("succeeded", {"greeting": "Hello Rome"})
            seen = []
            while "run_succeeded" not in seen:
                seen.append(json.loads(socket.recv(DEADLINE))["type"])
        assert {"run_queued", "gate_opened", "gate_decided"} <= set(seen)
        decided = eventually(lambda: [entry for entry in api("audit")["entries"] if entry["noun"] == "gate"])
        assert [(entry["by"], entry["target"], json.loads(entry["after"])["status"]) for entry in decided] == [("bob", gate, "decided")]
        made = {(entry["noun"], entry["verb"], entry["by"]) for entry in api("audit")["entries"]}
        assert made >= {("workflow", "created", "ann"), ("version", "created", "ann"), ("run", "created", "ann")}


def test_a_run_that_a_kill_broke_is_failed_with_the_code_interrupted(tmp_path: Path) -> None:
    people = People()
    with _process(tmp_path, people) as (process, api):
        run_id = api.start()
        api.open_gate()
        eventually(lambda: api(f"workflows/runs/{run_id}")["status"] == "waiting")
        time.sleep(1)  # the last second may be lost
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with _process(tmp_path, people) as (_, api):
        run = api.ended(run_id)
        assert (run["status"], run["error"]["name"]) == ("failed", "Interrupted")
        again = api(f"workflows/{run['workflow_id']}/run", {"input": {"city": "Oslo"}})["id"]
        api(f"gates/{api.open_gate()}/decision", {"choice": "reject"}, person="bob")
        assert api.ended(again)["status"] == "succeeded"
