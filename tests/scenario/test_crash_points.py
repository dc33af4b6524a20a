"""Start, work, gate, finish: whatever call the process dies at, nothing is lost, done twice or decided twice.

Every single crash is tried; of the pairs a fixed sample, or all of them with SLUICE_EXHAUSTIVE=1.
"""

import os
import random
from itertools import combinations

import pytest

from chalicelib.runs.query import get_output, list_runs
from chalicelib.store import gates, keys, table
from chalicelib.store.statuses import GateStatus, RunStatus
from tests.factories.cloud import ANN, SPEC, cloud, published
from tests.factories.crash_points import Faults, Story, When, told_to_nobody
from tests.factories.run_stories import attempt_at, check_journal, now, told

pytestmark = pytest.mark.scenario
PAIRS = 40


def survives(plan: dict[int, When]) -> int:
    """Tell the story with these crashes and check what came of it; gives the number of calls it took."""
    with cloud() as aws:
        version = published(SPEC)
        faults = Faults(plan)
        aws.before.append(faults.before)
        aws.after.append(faults.after)
        story = Story(aws, version, faults)
        run = story.tell()
        faults.is_on = False
        check(story, run.id, plan)
        return faults.count


def check(story: Story, run_id: str, plan: dict[int, When]) -> None:
    runs = list_runs(ANN).runs
    assert [run.id for run in runs] == [run_id], f"runs lost or doubled: {plan}"
    run = now(runs[0])
    assert run.status is RunStatus.SUCCEEDED, f"the run did not end: {plan}"
    assert get_output(ANN, run.id) == 1
    check_journal(run)
    assert sorted(set(story.effects)) == sorted({f"{run.id}/search/0", f"{run.id}/book/0"}), f"effects under other keys: {plan}"
    gate = gates.get("org_local", gates.gate_id(attempt_at(run, "approve")))
    assert gate.status is GateStatus.DECIDED
    assert told(run).count("gate_decided approve") == 1, f"decided twice: {plan}"
    assert len({str(sent.output) for sent in story.aws.answers}) == 1
    assert told_to_nobody("org_local") == (), f"a decision is lost: {plan}"
    assert table.query_index(keys.open_runs("org_local")).items == ()


def points() -> list[tuple[int, When]]:
    whens: tuple[When, When] = ("before", "after")
    return [(number, when) for number in range(1, survives({}) + 1) for when in whens]


def test_any_single_crash_is_survived() -> None:
    for number, when in points():
        survives({number: when})


def test_any_two_crashes_are_survived() -> None:
    pairs = [pair for pair in combinations(points(), 2) if pair[0][0] != pair[1][0]]
    if not os.environ.get("SLUICE_EXHAUSTIVE"):
        pairs = random.Random(20261121).sample(pairs, PAIRS)
    for first, second in pairs:
        survives(dict((first, second)))
