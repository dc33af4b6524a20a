"""Cursors: they go on where a page ended, tell nothing of what is there, and nobody makes one up."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from chalicelib.clock import epoch_seconds
from chalicelib.errors import CursorInvalid
from chalicelib.store import cursors, keys
from chalicelib.store.cursors import cursor_in, cursor_of, forget_seal, start_in, start_of
from tests.factories.cloud import cloud

PLACE = keys.runs_of_organisation("org_local")
LAST = {"PK": "ORG#org_local#RUN#run_1", "SK": "INPUT", "GSI1PK": PLACE.pk, "GSI1SK": "run_1"}


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


def made() -> str:
    cursor = cursor_of(PLACE, LAST)
    assert cursor is not None
    return cursor


def test_it_goes_on_where_the_page_ended_also_in_another_container() -> None:
    cursor = made()
    forget_seal()
    assert start_of(PLACE, "org_local", cursor) == LAST
    assert (cursor_of(PLACE, None), start_of(PLACE, "org_local", None)) == (None, None)


def test_it_tells_nothing_of_where_that_is() -> None:
    raw = base64.urlsafe_b64decode(made() + "==")
    assert not [word for word in (b"run_1", b"INPUT", b"org_local", b"RUN") if word in raw]
    assert made() != made()


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "forged",
        "ä",
        "A" * 12,
        base64.urlsafe_b64encode(json.dumps(["RUN#run_1", "INPUT", "run_1"]).encode()).decode(),
        base64.urlsafe_b64encode(bytes(60)).decode(),
    ],
)
def test_it_takes_none_of_anybodys_making(forged: str) -> None:
    with pytest.raises(CursorInvalid):
        start_of(PLACE, "org_local", forged)


def test_it_takes_none_that_was_edited_at_any_place() -> None:
    cursor = made()
    for position in range(len(cursor) - 1):  # the last character may hold bits that mean nothing
        edited = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        with pytest.raises(CursorInvalid):
            start_of(PLACE, "org_local", edited)


@pytest.mark.parametrize("other", [keys.open_runs("org_local"), keys.runs_of_organisation("org_other"), keys.workflow_list("org_local")])
def test_it_takes_none_of_another_list_or_another_organisation(other: keys.IndexKey) -> None:
    with pytest.raises(CursorInvalid):
        start_of(other, "org_other", made())


@dataclass(frozen=True)
class Terms:
    team: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def test_it_lapses_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = made()
    made_at = epoch_seconds()
    monkeypatch.setattr(cursors, "epoch_seconds", lambda: made_at + cursors.LASTS_SECONDS)
    assert start_of(PLACE, "org_local", cursor) == LAST
    monkeypatch.setattr(cursors, "epoch_seconds", lambda: made_at + cursors.LASTS_SECONDS + 2)
    with pytest.raises(CursorInvalid, match=r"has lapsed.*first page anew"):
        start_of(PLACE, "org_local", cursor)


def test_it_goes_on_under_the_terms_that_it_was_made_under_alone() -> None:
    cursor = cursor_of(PLACE, LAST, Terms("travel", {"a": "1", "b": "2"}))
    assert start_of(PLACE, "org_local", cursor, Terms("travel", {"b": "2", "a": "1"})) == LAST
    for other in (None, Terms(), Terms("travel"), Terms("travel", {"a": "1", "b": "3"}), "travel"):
        with pytest.raises(CursorInvalid, match="another filter or order"):
            start_of(PLACE, "org_local", cursor, other)


def test_it_goes_on_in_a_partition_of_the_table() -> None:
    pk = "ORG#org_local#TRIGGER#trg_1"
    cursor = cursor_in(pk, {"PK": pk, "SK": "FIRING#1"}, Terms())
    assert start_in(pk, cursor, Terms()) == {"PK": pk, "SK": "FIRING#1"}
    assert (cursor_in(pk, None), start_in(pk, None)) == (None, None)
    for other in ("ORG#org_local#TRIGGER#trg_2", "ORG#org_other#TRIGGER#trg_1"):
        with pytest.raises(CursorInvalid):
            start_in(other, cursor, Terms())
