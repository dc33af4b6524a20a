"""The cache of answers: one asks, the others wait; what is forgotten is gone; nothing is kept that should not be."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from chalicelib.clock import epoch_seconds
from chalicelib.providers.cached import CacheOutcome, Came, Held, Hit, KeyRequest, Leased, cached_call
from chalicelib.providers.failures import ContentFiltered, ModelFailure, ModelTruncated
from chalicelib.providers.model import (
    Attachment,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Native,
    Role,
    StopReason,
    ToolOffer,
    ToolResult,
    ToolUse,
    Usage,
    user,
)
from chalicelib.store import keys, table
from chalicelib.store.response_cache import INLINE_BYTES, CacheDay, ResponseCache
from tests.factories.arena import together
from tests.factories.cloud import Cloud
from tests.factories.faults import Faults, injected
from tests.factories.short_way import by_short_way

STORE = ResponseCache("org_local")
USAGE = Usage("anthropic", "claude-opus-5-5", input_tokens=10, output_tokens=2, cost=80)
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
CALLERS = 8


def asked(text: str = "hi", **more: Any) -> KeyRequest:
    return KeyRequest(ModelRequest(messages=(user(text),), **more), "anthropic", "claude-opus-5-5")


def answer(text: str = "yes", **more: Any) -> ModelResponse:
    return ModelResponse(**{"text": text, "stop": StopReason.END, "usage": USAGE, **more})


@dataclass
class Asker:
    """A caller with time, and a vendor that counts what it is asked."""

    gives: ModelResponse = field(default_factory=answer)
    seconds: float = 60.0
    calls: int = 0
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def call(self) -> ModelResponse:
        self.calls += 1
        return self.gives

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds -= seconds
        self.meanwhile()

    def ask(self, request: KeyRequest, *, ttl_seconds: int = 60, store: Any = STORE) -> tuple[ModelResponse, CacheOutcome]:
        return cached_call(request, store=store, ttl_seconds=ttl_seconds, call=self.call, seconds_left=lambda: self.seconds, pause=self.pause)


def today() -> CacheDay:
    days = STORE.days("2000-01-01", "2100-01-01")
    return next(iter(days.values())) if days else CacheDay()


def age(key: str, **changes: Any) -> None:
    table.write(table.assign(keys.cached_answer("org_local", key), changes))


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CALLERS) as found:
        yield found


def test_it_gives_an_answer_again_for_nothing(aws: Cloud) -> None:
    vendor = Asker(answer(notes={"a": "b"}, native=Native("anthropic", [{"x": 1}]), stop=StopReason.STOP_SEQUENCE))
    first, came = vendor.ask(asked())
    again, second = vendor.ask(asked())
    assert (vendor.calls, first, came.came, came.is_kept) == (1, vendor.gives, Came.MISS, True)
    assert again == replace(first, usage=Usage("anthropic", "claude-opus-5-5", cost=0), notes={"a": "b", "cache": "hit"})
    assert second == CacheOutcome(Came.HIT, asked().sha256, saved=80, is_kept=True)
    assert today() == CacheDay(hit_count=1, miss_count=1, kept_count=1, saved=80)


def test_it_says_where_nobody_knows_what_was_saved(aws: Cloud) -> None:
    vendor = Asker(answer(usage=replace(USAGE, cost=None)))
    vendor.ask(asked())
    again, outcome = vendor.ask(asked())
    assert (again.usage.cost, outcome.saved) == (0, None)
    assert (today().saved, today().unpriced_count) == (0, 1)


def test_it_keeps_a_large_answer_in_s3(aws: Cloud) -> None:
    vendor = Asker(answer("x" * (INLINE_BYTES + 1)))
    vendor.ask(asked())
    assert "s3:PutObject" in aws.calls
    assert vendor.ask(asked())[0].text == vendor.gives.text
    assert vendor.calls == 1


OFFER = ToolOffer("look", "looks", {"type": "object"})
DIFFERENT = [
    asked("other"),
    asked(system="be brief"),
    asked(output=SCHEMA),
    asked(tools=(OFFER,)),
    asked(tools=(OFFER,), must_call=True),
    asked(thinking="low"),
    asked(max_output_tokens=5),
    replace(asked(), model="claude-haiku-5-5"),
    replace(asked(), provider="bedrock"),
    KeyRequest(ModelRequest(messages=(user("hi", Attachment("image/png", "aaaa")),)), "anthropic", "claude-opus-5-5"),
    KeyRequest(ModelRequest(messages=(ModelMessage(Role.USER, user("hi").parts, Native("anthropic", "x")),)), "anthropic", "claude-opus-5-5"),
    KeyRequest(ModelRequest(messages=(ModelMessage(Role.USER, (ToolResult("1", "look", "hi"),)),)), "anthropic", "claude-opus-5-5"),
    KeyRequest(ModelRequest(messages=(ModelMessage(Role.ASSISTANT, (ToolUse("1", "look", {}),)), user("hi"))), "anthropic", "claude-opus-5-5"),
]


def test_every_part_of_a_request_that_shapes_the_answer_makes_a_key_of_its_own() -> None:
    assert len({request.sha256 for request in [asked(), *DIFFERENT]}) == len(DIFFERENT) + 1
    assert asked(cache_prompt=True).sha256 == asked().sha256 == asked().sha256


@pytest.mark.parametrize(
    ("request_", "gives"),
    [
        (asked(tools=(OFFER,)), answer(tool_uses=(ToolUse("1", "look", {}),), stop=StopReason.TOOL_USE)),
        (asked(), answer(tool_uses=(ToolUse("1", "look", {}),))),
        (asked(), answer(stop=StopReason.UNKNOWN)),
        (asked(output=SCHEMA), answer('{"n": "one"}')),
        (asked(output=SCHEMA), answer("no json")),
    ],
)
def test_it_keeps_no_answer_that_may_not_stand_for_another(aws: Cloud, request_: KeyRequest, gives: ModelResponse) -> None:
    vendor = Asker(gives)
    assert [vendor.ask(request_) for _ in range(2)] == [(gives, CacheOutcome(Came.MISS, request_.sha256))] * 2
    assert vendor.calls == 2
    assert not STORE.has(request_.sha256)


def test_it_keeps_an_answer_that_satisfies_its_schema(aws: Cloud) -> None:
    vendor = Asker(answer('{"n": 1}'))
    assert [vendor.ask(asked(output=SCHEMA))[1].came for _ in range(2)] == [Came.MISS, Came.HIT]
    assert STORE.has(asked(output=SCHEMA).sha256)


@pytest.mark.parametrize("failure", [ContentFiltered("no"), ModelTruncated("short")])
def test_a_failure_passes_and_leaves_the_way_free(aws: Cloud, failure: ModelFailure) -> None:
    vendor = Asker()

    def fail() -> ModelResponse:
        raise failure

    with pytest.raises(type(failure)):
        cached_call(asked(), store=STORE, ttl_seconds=60, call=fail, seconds_left=lambda: 60.0, pause=vendor.pause)
    assert vendor.ask(asked())[1].came is Came.MISS
    assert vendor.pauses == []


def test_an_answer_lasts_as_long_as_it_may(aws: Cloud) -> None:
    vendor = Asker()
    key = vendor.ask(asked())[1].key
    age(key, fresh_until=epoch_seconds() - 1)
    assert not STORE.has(key)
    assert vendor.ask(asked())[1].came is Came.MISS
    assert vendor.ask(asked())[1].came is Came.HIT


def test_clearing_forgets_every_answer_of_its_organisation_at_once(aws: Cloud) -> None:
    vendor = Asker()
    other = ResponseCache("org_other")
    for text in ("one", "two"):
        vendor.ask(asked(text))
        vendor.ask(asked(text), store=other)
    assert STORE.clear() == 1
    assert [vendor.ask(asked(text))[1].came for text in ("one", "two")] == [Came.MISS] * 2
    assert [vendor.ask(asked(text), store=other)[1].came for text in ("one", "two")] == [Came.HIT] * 2
    assert STORE.clear() == 2


def test_what_was_asked_before_clearing_is_not_kept_after_it(aws: Cloud) -> None:
    key = asked().sha256
    lease = STORE.look(key, lease_seconds=60)
    assert isinstance(lease, Leased)
    STORE.clear()
    STORE.keep(key, lease.token, answer(), ttl_seconds=60)
    assert isinstance(STORE.look(key, lease_seconds=60), Leased)


def test_it_waits_for_who_is_asking_and_takes_that_answer(aws: Cloud) -> None:
    lease = STORE.look(asked().sha256, lease_seconds=60)
    assert isinstance(lease, Leased)
    waiting = Asker()

    def answered() -> None:
        if len(waiting.pauses) == 3:
            STORE.keep(asked().sha256, lease.token, answer("theirs"), ttl_seconds=60)

    waiting.meanwhile = answered
    assert waiting.ask(asked())[0].text == "theirs"
    assert (waiting.calls, waiting.pauses) == (0, [0.05, 0.1, 0.2])


def test_it_takes_over_from_who_never_answers(aws: Cloud) -> None:
    dead = STORE.look(asked().sha256, lease_seconds=60)
    assert isinstance(dead, Leased)
    waiting = Asker(meanwhile=partial(age, asked().sha256, leased_until=epoch_seconds() - 1))
    assert waiting.ask(asked())[1].came is Came.MISS
    STORE.keep(asked().sha256, dead.token, answer("late"), ttl_seconds=60)
    assert STORE.look(asked().sha256, lease_seconds=60) == Hit(answer())


def test_it_takes_over_from_who_gave_up(aws: Cloud) -> None:
    other = STORE.look(asked().sha256, lease_seconds=60)
    assert isinstance(other, Leased)
    waiting = Asker(meanwhile=partial(STORE.abandon, asked().sha256, other.token))
    assert (waiting.ask(asked())[1].came, len(waiting.pauses)) == (Came.MISS, 1)


def test_it_asks_by_itself_when_waiting_takes_half_of_its_time(aws: Cloud) -> None:
    STORE.look(asked().sha256, lease_seconds=600)
    waiting = Asker(seconds=8)
    assert waiting.ask(asked())[1].came is Came.BYPASS
    assert 3 < sum(waiting.pauses) <= 4
    assert today() == CacheDay(bypass_count=1)


@pytest.mark.parametrize("broken", ["look", "keep", "count", "abandon"])
def test_a_store_that_fails_fails_no_call(aws: Cloud, broken: str) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            if name == broken:
                raise ConnectionError(name)
            return getattr(STORE, name)

    vendor = Asker(answer(stop=StopReason.UNKNOWN) if broken == "abandon" else answer())
    found, outcome = vendor.ask(asked(), store=Broken())
    assert (found, outcome.came, outcome.is_kept) == (vendor.gives, Came.BYPASS if broken == "look" else Came.MISS, broken == "count")


def test_the_lease_is_one_callers(aws: Cloud, pool: ThreadPoolExecutor) -> None:
    with injected(Faults(is_paused=True), by_short_way(lambda *_: None)):
        looks = together(pool, [partial(STORE.look, "a" * 64, lease_seconds=60)] * CALLERS)
    assert sorted(type(look).__name__ for look in looks) == ["Held"] * (CALLERS - 1) + ["Leased"]
    assert isinstance(STORE.look("a" * 64, lease_seconds=60), Held)


def test_it_reads_what_a_newer_release_kept(aws: Cloud) -> None:
    key = Asker().ask(asked())[1].key
    item = table.get(keys.cached_answer("org_local", key))
    assert item is not None
    document = json.loads(item["text"])
    age(key, text=json.dumps({**document, "usage": {**document["usage"], "new": 1}}))
    assert Asker().ask(asked())[0].text == "yes"
