"""An agent is found by its name or by a skill, the same one each time, and it says why."""

from itertools import permutations

import pytest

from chalicelib.agents.directory import AgentCard, ByName, BySkill, choose
from chalicelib.agents.failures import AgentUnknown

WRITER = AgentCard("writer", "preset", "Writes clear texts.", ("write a text", "rewrite"))
INVOICES = AgentCard("read-invoices", "workflow", "Reads invoices and books them.", ("invoice extraction", "rechnung lesen"))
REMOTE = AgentCard("weather", "a2a", "Tells the weather for a city.", ("weather forecast",), url="https://weather.example/a2a")
TWIN = AgentCard("writer", "a2a", "Writes, far away.", ("write a text",), url="https://writer.example/a2a")
CARDS = (WRITER, INVOICES, REMOTE, TWIN)


def test_it_finds_an_agent_by_its_name() -> None:
    chosen = choose({"name": "weather"}, CARDS)
    assert (chosen.card, chosen.why) == (REMOTE, "named: the external agent weather")
    assert choose(ByName(name="writer"), CARDS).card is WRITER
    assert "1 more of that name" in choose(ByName(name="writer"), CARDS).why
    assert choose(ByName(name="writer", kind="a2a"), CARDS).card is TWIN


def test_it_finds_an_agent_by_a_skill() -> None:
    assert choose(BySkill(skill="Weather  Forecast"), CARDS).why == "the external agent weather has the skill Weather  Forecast"
    assert choose(BySkill(skill="extraction of an invoice"), CARDS).card is INVOICES
    assert choose(BySkill(skill="extraction of an invoice"), CARDS).why == (
        "the published workflow read-invoices fits extraction of an invoice best, by extraction, invoice"
    )
    assert choose(BySkill(skill="write a text"), CARDS).card is WRITER
    assert "first of 2 that fit alike" in choose(BySkill(skill="write a text"), CARDS).why
    assert choose(BySkill(skill="write a text", kind="a2a"), CARDS).card is TWIN
    assert choose(BySkill(skill="SQL please"), (AgentCard("db", "a2a", "Asks.", ("run SQL",)), *CARDS)).card.name == "db"


def test_it_chooses_the_same_in_any_order() -> None:
    for skill in ("write a text", "weather in town", "invoice"):
        assert len({choose(BySkill(skill=skill), order) for order in permutations(CARDS)}) == 1


@pytest.mark.parametrize(
    ("name", "nearest"), [("Writer", "writer"), ("wether", "weather"), ("read-invoice", "read-invoices"), ("zzz", "read-invoices")]
)
def test_it_guesses_no_name_but_tells_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(AgentUnknown, match=f"there is no agent {name}; the nearest are") as caught:
        choose(ByName(name=name), CARDS)
    assert caught.value.nearest[0] == nearest


@pytest.mark.parametrize("skill", ["quantum chemistry", "for a", "", "play the piano for us"])
def test_it_takes_no_agent_for_words_that_say_nothing(skill: str) -> None:
    with pytest.raises(AgentUnknown, match="no agent has the skill"):
        choose(BySkill(skill=skill), CARDS)


def test_it_says_that_a_directory_is_empty() -> None:
    with pytest.raises(AgentUnknown, match="the directory is empty"):
        choose(ByName(name="x"), ())
    with pytest.raises(AgentUnknown, match="the directory is empty"):
        choose(ByName(name="writer", kind="workflow"), (WRITER,))
