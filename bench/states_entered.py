"""States entered in a run of each example, against the smallest machine that a person would write for the same work.

The machines in bench/handwritten have the same Tasks, in the same order and side by side where the workflow has them so, and the same decisions;
nothing else: no fences, no records, transforms and joins folded into Assign, no question whose answer is known. Each runs in the same interpreter,
its Tasks answered with what the example's nodes put out, an agent's at each entry with what it said to do next. A sub-workflow is counted with its
parent. Retries enter no state and are left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import boto3

from bench.counted_runs import Stage, stage
from bench.hand_run import Failed, entered, path
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT

EXAMPLES: Final = CHECKOUT / "examples"
HANDWRITTEN: Final = Path(__file__).parent / "handwritten"
LIMIT: Final = 1.1
CHILDREN: Final = {"content-review": "polish-text", "support-desk": "issue-refund"}

Answers = dict[tuple[str, int | None], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Ran:
    """A run of ours: its input, the states it entered, and what its nodes put out."""

    example: str
    name: str
    given: Any
    path: tuple[str, ...]
    answers: Answers


@dataclass(frozen=True, slots=True)
class Compared:
    example: str
    name: str
    states: int
    smallest: int

    @property
    def ratio(self) -> float:
        return self.states / self.smallest


def run() -> Table:
    with stage() as here:
        ran = list(_runs(here))
    compared = _with_children([Compared(each.example, each.name, len(each.path), _smallest(each.example, each)) for each in ran])
    filtered = [
        Compared(each.example, each.name, len(each.path), _smallest("expense-check.filtered", each))
        for each in ran
        if each.example == "expense-check"
    ]
    by_example = {name: [each for each in compared if each.example == name] for name in dict.fromkeys(each.example for each in compared)}
    ratios = {name: sum(each.states for each in runs) / sum(each.smallest for each in runs) for name, runs in by_example.items()}
    worst = max(ratios, key=lambda name: ratios[name])
    total = sum(each.states for each in compared) / sum(each.smallest for each in compared)
    figures = (
        at_most("all runs, ours over the smallest", total, LIMIT, digits=3),
        at_most(f"worst example ({worst})", ratios[worst], LIMIT, digits=3),
        Figure("worst single run", f"{max(each.ratio for each in compared):.3f}"),
    )
    rows = [_row(each) for each in compared] + [_row(each, suffix=", condition moved out of the map") for each in filtered]
    return Table("States entered against hand-written machines", figures, ("run", "ours", "smallest", "ratio"), rows)


def _runs(here: Stage) -> Iterator[Ran]:
    ids = {path.stem if path.stem != "workflow" else path.parent.name: here.publish(path.read_text(), name=str(path)) for path in _specs()}
    for given in sorted(EXAMPLES.glob("*/input*.json")):
        example, document = given.parent.name, json.loads(given.read_text())
        name = f"{example} {given.stem.removeprefix('input').removeprefix('-')}".strip()
        run_id = here.start(ids[example], document)
        here.ended(run_id)
        yield _ran(here, run_id, example, name, document)
        if child := CHILDREN.get(example):
            yield from _children(here, run_id, ids[child], child, name)


def _children(here: Stage, run_id: str, workflow_id: str, child: str, name: str) -> Iterator[Ran]:
    """The run of the sub-workflow that the run has started, if it has."""
    for newest in here.session.api.runs_list_runs(workflow_id=workflow_id, limit=1)["runs"]:
        if newest["trigger"]["source"] == run_id:
            yield _ran(here, newest["id"], child, name, here.session.api.runs_get_run(newest["id"])["input"])


def _specs() -> list[Path]:
    return sorted(EXAMPLES.glob("*/*.yaml"))


def _ran(here: Stage, run_id: str, example: str, name: str, given: Any) -> Ran:
    nodes = here.session.api.runs_list_nodes(run_id, limit=1000)["nodes"]
    run = here.session.api.runs_get_run(run_id)
    if run["status"] != "succeeded":
        raise ValueError(f"{name} ended as {run['status']}: {run['error']}")
    execution = f"{run['machine_arn'].replace(':stateMachine:', ':execution:')}:{run['execution_name']}"
    entered_states = path(boto3.client("stepfunctions"), execution)
    answers = dict(map(_answer, nodes))
    return Ran(example, name, given, entered_states, answers | _entries(entered_states, answers))


def _entries(states: Sequence[str], answers: Answers) -> Answers:
    """Of agents that are entered again: what they said at each entry, and at the end their output. Their waits are answered with nothing."""
    found: Answers = {}
    for (node, index), given in answers.items():
        said = [_said(node, after) for before, after in pairwise(states) if before == f"{node}--next"]
        if said and index is None:
            found[node, None] = [{"Next": each, "output": given[-1] if each == "done" else None} for each in said]
            found[f"{node}--wait", None] = [None]
    return found


def _said(node: str, after: str) -> str:
    return {node: "again", f"{node}--wait": "wait"}.get(after, "done")


def _answer(node: Mapping[str, Any]) -> tuple[tuple[str, int | None], Sequence[Any]]:
    """What a hand-written Task is answered, by visit. A failure that went on is a failure; visits before the last were not good enough."""
    index = int(node["item_path"].rpartition(":")[2]) if node["item_path"] else None
    output = node["output"]
    failed = node["error"] or (output.get("error") if isinstance(output, dict) else None)
    last = Failed(failed["name"]) if failed else output
    return (node["node"], index), [*([{"score": 0, "text": ""}] * node["fence"]["visit"]), last]


def _smallest(machine: str, ran: Ran) -> int:
    return len(entered((HANDWRITTEN / f"{machine}.asl.json").read_text(), ran.given, ran.answers))


def _with_children(compared: Sequence[Compared]) -> list[Compared]:
    """Sub-workflows added to the runs that started them."""
    children = {each.name: each for each in compared if each.example in CHILDREN.values()}
    parents = [each for each in compared if each.example not in CHILDREN.values()]
    return [_added(each, children[each.name]) if each.name in children else each for each in parents]


def _added(parent: Compared, child: Compared) -> Compared:
    return Compared(parent.example, parent.name, parent.states + child.states, parent.smallest + child.smallest)


def _row(each: Compared, *, suffix: str = "") -> tuple[str, ...]:
    return (each.name + suffix, f"{each.states}", f"{each.smallest}", f"{each.ratio:.3f}")
