"""The audit's chain: whatever was done to it is found, and nothing is found where nothing was done."""

import random
from dataclasses import replace

import pytest

from chalicelib.access.audit_chain import ZERO, Evidence, Finding, Head, check_chain
from tests.factories.audit_trails import LENGTH, NOW, ORG, OURS, TAMPERINGS, trail

TIMES = 20


def found(evidence: Evidence) -> list[Finding]:
    return check_chain(evidence, OURS.holds)


def test_it_finds_nothing_in_a_whole_chain() -> None:
    assert found(trail()) == []


def test_it_finds_nothing_in_an_empty_chain() -> None:
    assert found(Evidence(ORG, [], [], None, NOW)) == []
    assert found(Evidence(ORG, [], [], Head(0, ZERO), NOW)) == []


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_finds_every_tampering_every_time(name: str) -> None:
    whole = trail()
    missed = [seed for seed in range(TIMES) if not found(TAMPERINGS[name](whole, random.Random(seed)))]
    assert missed == []


def test_it_knows_at_least_fifty_kinds_of_tampering() -> None:
    assert len(TAMPERINGS) >= 50


def test_it_leaves_alone_what_retention_has_taken() -> None:
    whole = trail()
    kept = replace(whole, entries=list(whole.entries)[10:], kept_since="2026-11-27T12:11:00.000Z")
    assert found(kept) == []


def test_it_finds_more_gone_than_retention_takes() -> None:
    whole = trail()
    cut = replace(whole, entries=list(whole.entries)[20:], kept_since="2026-11-27T12:11:00.000Z")
    assert [finding.code for finding in found(cut)] == ["cut-beginning"]


def test_it_leaves_an_empty_chain_alone_once_all_of_it_is_too_old() -> None:
    assert found(replace(trail(), entries=[], kept_since="2027-12-01T00:00:00.000Z")) == []


def test_it_does_not_ask_for_a_checkpoint_over_what_has_just_happened() -> None:
    whole = trail()
    assert found(replace(whole, checkpoints=list(whole.checkpoints)[:-1])) == []


def test_it_names_the_entry_that_was_edited() -> None:
    whole = trail()
    entries = list(whole.entries)
    entries[11] = {**entries[11], "by": "mallory"}
    assert [(finding.code, finding.number) for finding in found(replace(whole, entries=entries))] == [("edited", 12)]


def test_it_says_that_a_chain_was_written_anew() -> None:
    findings = found(TAMPERINGS["all written anew"](trail(), random.Random(0)))
    assert [finding.code for finding in findings] == ["restamped"] * 4
    assert findings[-1].number == LENGTH


def test_it_takes_a_time_that_is_none_for_one_long_ago() -> None:
    whole = trail()
    broken = replace(whole, checkpoints=[], now="nonsense")
    assert "unsigned" in {finding.code for finding in found(broken)}
