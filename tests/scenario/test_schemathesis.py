"""The API keeps the promises of its document, whatever it is asked: a few requests of each route here, 200 of each in `make bench`."""

from collections.abc import Iterator, Mapping
from copy import deepcopy

import pytest
from schemathesis import GenerationMode

from app import app
from chalicelib.api.contract import contracts
from tests.factories import fuzzing
from tests.factories.documented import of_the_app

pytestmark = pytest.mark.scenario
EXAMPLES = 2
TRIALS = [(contract.route, mode) for contract in contracts(app.routes) for mode in fuzzing.modes_of(contract)]


@pytest.fixture(scope="module")
def things() -> Iterator[Mapping[str, str]]:
    with fuzzing.populated() as found:
        yield found


@pytest.fixture(scope="module")
def operations() -> dict[GenerationMode, dict[str, object]]:
    return {mode: fuzzing.operations(mode) for mode in fuzzing.MODES}


@pytest.mark.parametrize(("route", "mode"), TRIALS, ids=lambda each: str(getattr(each, "value", each)))
def test_it_answers_what_it_promises(
    things: Mapping[str, str], operations: dict[GenerationMode, dict[str, object]], route: str, mode: GenerationMode
) -> None:
    fuzzing.try_out(operations[mode][route], things, examples=EXAMPLES, mode=mode)


def test_it_keeps_its_promises_along_links(things: Mapping[str, str]) -> None:
    assert fuzzing.follow(stories=3, steps=6) >= 1


def test_it_finds_an_answer_that_is_not_promised(things: Mapping[str, str]) -> None:
    """Or the above would prove nothing."""
    document = deepcopy(of_the_app().document)
    del document["paths"]["/api/v1/organisation"]["get"]["responses"]["200"]
    told = fuzzing.operations(GenerationMode.POSITIVE, document)["GET /api/v1/organisation"]
    with pytest.raises(BaseException, match="200"):
        fuzzing.try_out(told, things, examples=2, mode=GenerationMode.POSITIVE)
