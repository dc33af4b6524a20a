"""The whole document of the API, 200 requests a route that fit and 200 that do not, and stories along its links: does it keep its promises?"""

from time import monotonic
from typing import Final

from app import app
from bench.clock import busy
from bench.table import Figure, Table
from chalicelib.api.contract import contracts
from tests.factories import fuzzing

SLOW: Final = True
EXAMPLES: Final = 200
STORIES: Final = 200
STEPS: Final = 8


def run() -> Table:
    started, broken = monotonic(), dict[str, str]()
    promised = contracts(app.routes)
    for mode in fuzzing.MODES:
        operations = fuzzing.operations(mode)
        for contract in (each for each in promised if mode in fuzzing.modes_of(each)):
            with fuzzing.populated() as things:
                if fault := _fault(lambda: fuzzing.try_out(operations[contract.route], things, examples=EXAMPLES, mode=mode)):  # noqa: B023
                    broken[f"{contract.route}, {mode.value}"] = fault
    with fuzzing.populated():
        if fault := _fault(lambda: fuzzing.follow(stories=STORIES, steps=STEPS)):
            broken["stories along links"] = fault
    figures = (
        Figure("routes", f"{len(promised)}", "all", bool(promised)),
        Figure("server errors and answers that are not promised", f"{len(broken)}", "0", not broken),
    )
    notes = [f"{EXAMPLES} requests a route and kind, {STORIES} stories, in {monotonic() - started:.0f} s; {busy()}."]
    return Table("What the API promises", figures, ("route", "what it answered"), list(broken.items()), notes)


def _fault(trial: object) -> str:
    """What a trial found, in a line; empty where it found nothing."""
    assert callable(trial)
    try:
        trial()
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        return " ".join(str(fault).split())[:300]
    return ""
