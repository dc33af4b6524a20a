"""Answers of OpenAI and of servers like it with anything changed in them: an adapter answers well or names a failure, whatever comes."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

import openai.resources.chat
import openai.resources.responses  # noqa: F401  (its import time belongs to no test)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import Provider
from chalicelib.providers.openai import OpenAIProvider
from chalicelib.providers.openai_compatible import OpenAICompatibleProvider
from tests.fixtures import fake_openai_chat, fake_openai_responses
from tests.fixtures.fake_openai import frames
from tests.fixtures.http_server import Reply, Request, serving
from tests.fixtures.model_script import Calls, Say
from tests.unit.providers.contract import ASKED

SAY = Say("one two", calls=(Calls("clock", {"city": "Bonn"}),))
JUNK: tuple[Any, ...] = (None, [], {}, "", 0, -1, 1.5, True, "x", [None], [{}], {"type": "message"}, "stop", "completed")
Path = tuple[Any, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from paths(part, (*path, key))


def changed(value: Any, random: Random) -> Any:
    """With one to three parts taken out or replaced."""
    told = deepcopy(value)
    for _ in range(random.randint(1, 3)):
        found = list(paths(told))
        if not found:
            break
        *above, last = random.choice(found)
        part = told
        for key in above:
            part = part[key]
        if random.random() < 0.3:
            del part[last]
        else:
            part[last] = deepcopy(random.choice(JUNK))
    return told


class Changing:
    """A server whose every answer has something wrong with it."""

    def __init__(self) -> None:
        self.random = Random(0)

    def answer(self, request: Request) -> Reply:
        body = json.loads(request.body)
        wire = fake_openai_responses if request.target.endswith("responses") else fake_openai_chat
        if self.random.random() < 0.1:
            error = {"error": {"message": "m", "type": "t", "param": None, "code": "c"}}
            return Reply(self.random.choice((400, 429, 503)), {"content-type": "application/json"}, json.dumps(changed(error, self.random)).encode())
        if not body.get("stream"):
            return Reply(200, {"content-type": "application/json"}, json.dumps(changed(wire.whole(SAY, body, 1), self.random)).encode())
        events: list[Any] = list(wire.events(SAY, body, 1))
        place = self.random.randrange(len(events))
        if isinstance(events[place], dict):
            events[place] = changed(events[place], self.random)
        return Reply(200, {"content-type": "text/event-stream"}, frames(tuple(events)))


@pytest.fixture(scope="module")
def changing() -> Iterator[tuple[Changing, tuple[Provider, Provider]]]:
    vendor = Changing()
    with serving(vendor.answer) as server:
        url = f"http://{server.host}/v1"
        yield vendor, (OpenAIProvider("key", base_url=url), OpenAICompatibleProvider("local", url))


@pytest.mark.scenario
@given(seed=st.integers(0, 2**32), streamed=st.booleans())
@settings(max_examples=60)
def test_it_answers_well_or_names_a_failure(changing: tuple[Changing, tuple[Provider, Provider]], seed: int, streamed: bool) -> None:
    vendor, providers = changing
    for provider in providers:
        vendor.random = Random(seed)
        pieces: list[Any] = []
        with suppress(ModelFailure):
            answer = provider.call(ASKED, model="gpt-6-luna", seconds=30, on_text=pieces.append if streamed else None)
            told: list[Any] = [answer.text, *(name for use in answer.tool_uses for name in (use.id, use.name))]
            assert all(isinstance(text, str) for text in told)
            assert all(told[1:])
            assert answer.usage.cost is None or answer.usage.cost >= 0
            json.dumps(answer.native.content if answer.native else None, allow_nan=False)
        assert all(isinstance(piece, str) for piece in pieces)
