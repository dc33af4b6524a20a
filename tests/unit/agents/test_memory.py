"""What is remembered is found by its words, in any language, and by its meaning where there are vectors."""

from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest

from chalicelib.agents.memory import (
    MAX_RECORDS,
    MAX_RESULTS,
    MAX_TEXT_LENGTH,
    MAX_TOTAL_LENGTH,
    MemoryRecord,
    rank,
    record_faults,
    room_faults,
    tokens,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def record(name: str, text: str, *tags: str, days: int = 0, vector: tuple[float, ...] | None = None) -> MemoryRecord:
    return MemoryRecord(name, text, tags, DAY + timedelta(days=days), vector)


def found(query: str, *records: MemoryRecord, vector: tuple[float, ...] | None = None, limit: int = 9) -> list[str]:
    return [ranked.record.id for ranked in rank(query, records, vector=vector, limit=limit)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Müller-Straße, 12.5 km!", ("the", "muller", "strasse", "12", "5", "km")),
        ("CAFÉ cafe\u0301 Ｃａｆé", ("cafe", "cafe", "cafe")),
        ("東京都に行く", ("東京", "京都", "都に", "に行", "行く")),
        ("猫", ("猫",)),
        ("ｶﾞｷﾞ", ("ガギ",)),
        ("서울역 3번", ("서울", "울역", "3", "번")),
        ("iPhone手机v2", ("iphone", "手机", "v2")),
        ("हिन्दी भाषा", ("हिन्दी", "भाषा")),
        ("Ёлка й", ("елка", "и")),
        ("snake_case", ("snake", "case")),
        ("  --- ", ()),
    ],
)
def test_it_reads_words_of_any_language(text: str, words: tuple[str, ...]) -> None:
    assert tokens(text) == words


def test_it_finds_by_words_and_leaves_out_what_shares_none() -> None:
    records = (record("a", "the guest wants a quiet room"), record("b", "invoices are due in 30 days"), record("c", "room 12 is loud"))
    assert found("quiet room", *records) == ["a", "c"]
    assert found("Zimmer", *records) == []
    assert found("", *records) == []
    assert found("room") == []


def test_it_puts_rare_words_and_short_texts_first_and_counts_tags_double() -> None:
    records = (record("common", "hotel hotel hotel"), record("rare", "hotel sauna"), *(record(f"x{n}", "hotel bar") for n in range(5)))
    assert found("hotel sauna", *records)[0] == "rare"
    assert found("bar", record("long", "bar " + "and more " * 50), record("short", "bar and more")) == ["short", "long"]
    assert found("billing", record("text", "billing of rooms"), record("tag", "something of rooms", "Billing")) == ["tag", "text"]


def test_it_puts_the_newer_of_equals_first_then_the_smaller_id() -> None:
    ranked = rank("x", (record("b", "x y"), record("a", "x y"), record("c", "x y", days=1)), limit=3)
    assert [one.record.id for one in ranked] == ["c", "a", "b"]


def test_it_joins_words_and_vectors_by_their_ranks() -> None:
    both = record("both", "loud music", vector=(1.0, 0.1))
    meaning = record("meaning", "noise at night", vector=(1.0, 0.0))
    words = record("words", "music lessons, loud and clear", vector=(-1.0, 0.0))
    other = record("other", "breakfast", vector=(1.0, 0.0, 0.0))
    ranked = rank("loud music", (words, meaning, both, other), vector=(1.0, 0.0))
    assert [one.record.id for one in ranked] == ["both", "meaning", "words"]
    assert ranked[0].similarity == pytest.approx(0.995, abs=0.001)
    assert (ranked[1].words, ranked[2].similarity) == (0.0, None)
    assert found("music", meaning, record("zero", "x", vector=(0.0, 0.0)), vector=(1.0, 0.0)) == ["meaning"]


def test_it_gives_as_many_as_are_wanted_at_most() -> None:
    records = tuple(record(f"{n:03}", "word") for n in range(50))
    assert len(found("word", *records, limit=3)) == 3
    assert len(found("word", *records, limit=1_000)) == MAX_RESULTS
    assert found("word", *records, limit=-1) == []


def test_it_says_what_keeps_a_record_out() -> None:
    assert record_faults(record("a", "fine", "tag")) == ()
    bad = MemoryRecord("a", " " * (MAX_TEXT_LENGTH + 1), (" ", *["t"] * 16), DAY, (0.0,) * 5_000)
    assert len(record_faults(bad)) == 5


def test_it_says_when_a_memory_is_full() -> None:
    small = [record(str(n), "x") for n in range(MAX_RECORDS)]
    assert "delete some" in room_faults(record("new", "x"), small)[0]
    assert room_faults(record("0", "x"), small) == ()
    large = [record(str(n), "x" * MAX_TEXT_LENGTH) for n in range(MAX_TOTAL_LENGTH // MAX_TEXT_LENGTH)]
    assert "characters" in room_faults(record("new", "x"), large)[0]


def test_it_searches_a_full_memory_in_good_time() -> None:
    records = [record(str(n), f"record {n} about rooms and guests " * 10) for n in range(500)]
    started = perf_counter()
    assert rank("guests 77", records)[0].record.id == "77"
    assert perf_counter() - started < 30
