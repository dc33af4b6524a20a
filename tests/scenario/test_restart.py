"""What a restart leaves: the local stack as a process of its own, killed without warning while runs wait, and started again on the same directory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cli.client import Problem
from infra.local.persistence import SAVE_SECONDS
from tests.factories.local_runs import LocalRuns
from tests.factories.people_elsewhere import People

pytestmark = pytest.mark.scenario

ROOT: Final = Path(__file__).parents[2]
ASK: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "ask",
    "nodes": {
        "before": {"type": "tool_call", "tool": "kv.get", "with": {"key": "last", "default": "nothing"}},
        "approve": {"type": "human_gate", "ask": "Well?", "timeout_seconds": 600, "after": ["before"]},
        "kept": {"type": "tool_call", "tool": "kv.put", "with": {"key": "last", "value": "$approve.by"}},
    },
    "edges": [{"from": "approve", "to": "kept", "when": "approve"}],
    "output": {"before": "$before.value", "by": "$approve.by"},
}


@contextmanager
def stack(data: Path, people: "People") -> Iterator[tuple["subprocess.Popen[str]", LocalRuns]]:
    """The stack on a directory, killed at the end whatever it does."""
    command = [sys.executable, "-m", "infra.local", "up", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        runs = LocalRuns(process.stdout.readline().split()[-1], credentials=people)
        people.meet(runs.url, process.stdout)
        try:
            yield process, runs
        finally:
            runs.close()
            process.kill()


def kill(process: "subprocess.Popen[str]") -> None:
    time.sleep(SAVE_SECONDS * 3)  # at most the last second of writes may be lost
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def test_a_run_that_a_restart_broke_is_interrupted_and_all_else_survives(tmp_path: Path) -> None:
    people = People()
    with stack(tmp_path, people) as (process, runs):
        version = runs.publish(ASK)
        done, broken = runs.start("ask"), runs.start("ask")
        runs.decide(runs.gate(done), "approve", by="ann", reason="Fine")
        before = runs.ended(done)
        log, gate = runs.check_log(done), runs.gate(broken)
        kill(process)

    with stack(tmp_path, people) as (process, runs):
        runs.workflow_ids["ask"] = version["workflow_id"]
        ended = runs.ended(broken)
        assert (ended["status"], ended["error"]["name"], ended["error"]["code"]) == ("failed", "Interrupted", "interrupted")
        assert runs.nodes(broken)["approve"]["status"] == "cancelled"
        assert runs.check_log(broken)[-1]["data"]["error"]["name"] == "Interrupted"
        assert runs.open_gates(broken) == []
        with pytest.raises(Problem) as refused:
            runs.decide(gate, "approve", by="ann")
        assert (refused.value.status, refused.value.code) == (409, "run-ended")

        assert (runs.run(done), runs.check_log(done)) == (before, log)
        again = runs.start("ask")
        runs.decide(runs.gate(again), "approve", by="bob")
        assert runs.ended(again)["output"] == {"before": "ann", "by": "bob"}
        waiting = runs.start("ask")
        runs.gate(waiting)
        kill(process)

    with stack(tmp_path, people) as (_, runs):
        assert runs.ended(waiting)["error"]["name"] == "Interrupted"
        assert runs.run(broken) == ended
        assert {run["id"]: run["status"] for run in runs.api.runs_list_runs()["runs"]} == {
            done: "succeeded",
            broken: "failed",
            again: "succeeded",
            waiting: "failed",
        }
        check_resume(runs, waiting)


def check_resume(runs: LocalRuns, run_id: str) -> None:
    """A run that a restart broke goes on: what it had read stays read, its gate is asked again."""
    plan = runs.api.resume_plan_resume(run_id, {})
    assert {each["node"]: each["fate"] for each in plan["nodes"]} == {"before": "kept", "approve": "retried", "kept": "first"}
    runs.api.resume_resume_run(run_id, {"plan": plan["plan"]})
    runs.decide(runs.gate(run_id), "approve", by="ann")
    ended = runs.ended(run_id)
    assert (ended["status"], ended["resume"], ended["output"]) == ("succeeded", 1, {"before": "bob", "by": "ann"})


def test_a_kill_in_the_midst_of_work_leaves_every_run_ended(tmp_path: Path) -> None:
    people = People()
    quick = {**ASK, "name": "quick", "nodes": {"before": ASK["nodes"]["before"]}, "edges": [], "output": {"before": "$before.value"}}
    with stack(tmp_path, people) as (process, runs):
        runs.publish(quick)
        first = [runs.start("quick") for _ in range(8)]
        time.sleep(SAVE_SECONDS)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    with stack(tmp_path, people) as (_, runs):
        kept = [run["id"] for run in runs.api.runs_list_runs()["runs"]]
        assert kept
        assert set(kept) <= set(first)
        for run_id in kept:
            run = runs.ended(run_id, seconds=90)
            assert (run["status"], (run["error"] or {}).get("name", "Interrupted")) in {("succeeded", "Interrupted"), ("failed", "Interrupted")}
            runs.check_log(run_id)
