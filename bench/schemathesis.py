"""The whole document of the API, 200 requests a route that fit and 200 that do not, and stories along its links: does it keep its promises?

In: the app and its document. Out: a row for each route and kind that broke a promise. Each kind of a route's requests is asked in several worlds,
each with one thing of every kind: a thing that was deleted stays so, so that one world would hear little of its deletion. Progress goes to stderr,
with all that schemathesis says of a fault. Never: a call refused for its rate; how often somebody may call is not what is asked here."""

import json
import logging
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final, NoReturn

import pytest
from schemathesis import GenerationMode

from app import app
from bench.clock import busy
from bench.table import Figure, Table
from chalicelib.api.contract import contracts
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories import fuzzing

SLOW: Final = True
EXAMPLES: Final = 200
WORLDS: Final = 4
STORIES: Final = 200
STEPS: Final = 8
_MANY: Final = {"per_second": 100_000, "burst": 100_000}
_CALM: Final = {
    "SLUICE_RATES": json.dumps({kind: {"caller": _MANY, "organisation": _MANY} for kind in ("read", "write", "start", "auth", "hook")}),
    "SLUICE_PASSWORD_MEMORY_KIB": "8",
    "SLUICE_PASSWORD_PASSES": "1",
}


@dataclass
class Tally:
    """What was heard: `statuses` by trial, `broken`: the first line of what a trial found."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def count(self, *, below: int = 600) -> int:
        return sum(times for heard in self.statuses.values() for status, times in heard.items() if status < below)

    def ask(self, name: str, trial: Callable[[fuzzing.Hear], None]) -> None:
        heard = self.statuses.setdefault(name, Counter())
        fault = _fault(lambda: trial(lambda status: heard.update([status])))
        if fault:
            self.broken.setdefault(name, " ".join(fault.split())[:300])
        print(f"{name}: {dict(sorted(heard.items()))} {fault}", file=sys.stderr, flush=True)


def run() -> Table:
    logging.disable(logging.CRITICAL)
    started, promised, tally = monotonic(), contracts(app.routes), Tally()
    with environment({**EMULATED, **_CALM}, dropped=DROPPED), _alone():
        for mode in fuzzing.MODES:
            operations = fuzzing.operations(mode)
            for route in (each.route for each in promised if mode in fuzzing.modes_of(each)):
                _ask_in_worlds(tally, f"{route}, {mode.value}", operations[route], mode)
        tally.ask("stories along links", _along_links)
    figures = (
        Figure("routes", f"{len(promised)}", "all", bool(promised)),
        Figure("requests", f"{tally.count():,}"),
        Figure("of these answered as asked (below 400)", f"{tally.count(below=400):,}"),
        Figure("server errors and answers that are not promised", f"{len(tally.broken)}", "0", not tally.broken),
    )
    notes = [f"{EXAMPLES} requests a route and kind, {STORIES} stories, in {monotonic() - started:.0f} s; {busy()}."]
    return Table("What the API promises", figures, ("route", "what it answered"), list(tally.broken.items()), notes)


def _ask_in_worlds(tally: Tally, name: str, operation: object, mode: GenerationMode) -> None:
    for _ in range(WORLDS):
        with fuzzing.populated() as things:
            tally.ask(name, partial(_try_out, operation, things, mode))


def _along_links(hear: fuzzing.Hear) -> None:
    """In a new world wherever hypothesis stops."""
    told = 0
    while told < STORIES:
        with fuzzing.populated():
            told += fuzzing.follow(stories=STORIES - told, steps=STEPS, hear=hear)


def _try_out(operation: object, things: Mapping[str, str], mode: GenerationMode, hear: fuzzing.Hear) -> None:
    fuzzing.try_out(operation, things, examples=EXAMPLES // WORLDS, mode=mode, hear=hear)


@contextmanager
def _alone() -> Iterator[None]:
    """No name of a host is known: a made-up address is nobody's."""

    def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "no host is known here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        yield


def _fault(trial: Callable[[], None]) -> str:
    """What a trial found; empty where it found nothing."""
    try:
        trial()
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        return "\n".join([str(fault), *(str(each) for each in getattr(fault, "exceptions", ()))])
    return ""
