"""An agent's conversation is written in order, by the attempt that entered last."""

import pytest

from chalicelib.errors import StaleAttempt
from chalicelib.store import transcripts
from chalicelib.store.run_records import Fence, NodeAttempt
from tests.factories.cloud import Cloud
from tests.factories.faults import Fault, Faults, injected
from tests.factories.short_way import by_short_way


def attempt(*, visit: int = 0, entry: int = 0, retry: int = 0, resume: int = 0) -> NodeAttempt:
    return NodeAttempt(organisation_id="org_1", run_id="run_1", node="work", fence=Fence(resume=resume, visit=visit, entry=entry, retry=retry))


def test_it_gives_what_was_kept_last(aws: Cloud) -> None:
    assert transcripts.enter(attempt()) is None
    assert transcripts.find(attempt()) is None
    transcripts.save(attempt(), {"turns": 1}, revision=1)
    transcripts.save(attempt(), {"turns": 2}, revision=2)
    assert transcripts.enter(attempt(entry=1)) == transcripts.find(attempt()) == transcripts.Found({"turns": 2}, 2)


def test_it_keeps_visits_and_delegated_parts_apart(aws: Cloud) -> None:
    for where, part in ((attempt(), ""), (attempt(), "call-1"), (attempt(visit=1), "")):
        assert transcripts.enter(where, part) is None
        transcripts.save(where, {"part": part}, revision=1, part=part)
    assert transcripts.find(attempt(), "call-1") == transcripts.Found({"part": "call-1"}, 1)


@pytest.mark.parametrize("revision", [1, 3])
def test_it_refuses_what_was_not_made_from_what_is_there(aws: Cloud, revision: int) -> None:
    transcripts.enter(attempt())
    transcripts.save(attempt(), {"turns": 1}, revision=1)
    with pytest.raises(StaleAttempt):
        transcripts.save(attempt(), {"turns": 9}, revision=revision)
    assert transcripts.find(attempt()) == transcripts.Found({"turns": 1}, 1)


@pytest.mark.parametrize("newer", [attempt(retry=1), attempt(entry=1), attempt(entry=10), attempt(resume=1)])
def test_it_refuses_an_attempt_once_a_newer_one_has_entered(aws: Cloud, newer: NodeAttempt) -> None:
    older = attempt() if newer.fence.entry < 10 else attempt(entry=9, retry=3)
    transcripts.enter(older)
    transcripts.save(older, {"turns": 1}, revision=1)
    assert transcripts.enter(newer) is not None
    with pytest.raises(StaleAttempt):
        transcripts.save(older, {"turns": 2}, revision=2)
    with pytest.raises(StaleAttempt):
        transcripts.enter(older)
    transcripts.save(newer, {"turns": 3}, revision=2)
    assert transcripts.find(older) == transcripts.Found({"turns": 3}, 2)


def test_to_save_is_to_enter(aws: Cloud) -> None:
    transcripts.save(attempt(retry=1), {"turns": 1}, revision=1)
    with pytest.raises(StaleAttempt):
        transcripts.enter(attempt())


def test_it_knows_its_own_write_that_was_sent_twice(aws: Cloud) -> None:
    transcripts.enter(attempt())
    with injected(Faults({1: Fault.TWICE}), by_short_way(lambda *_: None)) as faults:
        transcripts.save(attempt(), {"turns": 1}, revision=1)
    assert faults.met == ["1 dynamodb:PutItem TWICE"]
    assert transcripts.find(attempt()) == transcripts.Found({"turns": 1}, 1)
