"""Who does a piece of work: an agent by its name, or the one that a skill fits best.

In: the cards of presets, published workflows and external A2A agents; what is asked for. Out: `Chosen`, with the reason, which is recorded. The same
question over the same cards gets the same answer, in whatever order the cards come. Never guesses a name: an unknown one is an error that names the
nearest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final, Literal, NotRequired, TypedDict, final

from chalicelib.agents.failures import AgentUnknown
from chalicelib.agents.memory import MemoryRecord, rank, tokens

Kind = Literal["preset", "workflow", "a2a"]
_PREFERENCE: Final[dict[Kind, int]] = {"workflow": 0, "preset": 1, "a2a": 2}  # one's own published work first, what leaves the house last
_KIND: Final[dict[Kind, str]] = {"workflow": "published workflow", "preset": "preset", "a2a": "external agent"}
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An entry of the directory. `name` is unique among cards of a kind; `url` is an A2A agent's."""

    name: str
    kind: Kind
    description: str
    skills: tuple[str, ...]
    url: str | None = None


@final
class ByName(TypedDict):
    """An agent by exactly this name; `kind` where two kinds may have it."""

    name: str
    kind: NotRequired[Kind]


@final
class BySkill(TypedDict):
    """An agent for this skill, in a few words."""

    skill: str
    kind: NotRequired[Kind]


@dataclass(frozen=True, slots=True)
class Chosen:
    card: AgentCard
    why: str


def choose(ask: ByName | BySkill, cards: Iterable[AgentCard]) -> Chosen:
    """Raises AgentUnknown."""
    kind = ask.get("kind")
    listed = sorted((card for card in cards if kind is None or card.kind == kind), key=_place)
    return _skilled(ask["skill"], listed) if "skill" in ask else _named(ask["name"], listed)


def _place(card: AgentCard) -> tuple[int, str, str]:
    return _PREFERENCE[card.kind], card.name, card.url or ""


def _named(name: str, cards: list[AgentCard]) -> Chosen:
    found = [card for card in cards if card.name == name]
    if not found:
        raise _unknown(f"there is no agent {name}", name, [card.name for card in cards])
    others = f"; {len(found) - 1} more of that name come after it" if len(found) > 1 else ""
    return Chosen(found[0], f"named: the {_KIND[found[0].kind]} {name}{others}")


def _skilled(skill: str, cards: list[AgentCard]) -> Chosen:
    """An exact skill beats words in common; of equals the first by kind and name."""
    wanted = tokens(skill)
    exact = [card for card in cards if wanted and wanted in {tokens(has) for has in card.skills}]
    if exact:
        return Chosen(exact[0], _reason(exact[0], f"has the skill {skill}", len(exact)))
    ranked = rank(skill, [_as_record(place, card) for place, card in enumerate(cards)])
    fitting = [(found, shared) for found in ranked if (shared := _shared(wanted, cards[int(found.record.id)]))]
    if not fitting:
        raise _unknown(f"no agent has the skill {skill}", skill, [has for card in cards for has in card.skills])
    best, shared = fitting[0]
    equals = sum(found.words == best.words for found, _ in fitting)
    card = cards[int(best.record.id)]
    return Chosen(card, _reason(card, f"fits {skill} best, by {', '.join(shared)}", equals))


def _reason(card: AgentCard, fits: str, equals: int) -> str:
    rest = f"; first of {equals} that fit alike" if equals > 1 else ""
    return f"the {_KIND[card.kind]} {card.name} {fits}{rest}"


def _as_record(place: int, card: AgentCard) -> MemoryRecord:
    """The card as something to search; of equal fits the smaller place comes first."""
    return MemoryRecord(f"{place:06}", f"{card.name} {card.description}", card.skills, _NO_TIME)


def _shared(wanted: tuple[str, ...], card: AgentCard) -> list[str]:
    """Words that say something: `a`, `of` and the like fit anybody, and a short word of a description says less than one of a skill."""
    skills = {word for skill in card.skills for word in tokens(skill)}
    rest = {word for text in (card.name, card.description) for word in tokens(text)}
    telling = {word for word in skills if _tells(word, 3)} | {word for word in rest if _tells(word, 4)}
    return sorted(set(wanted) & telling)


def _tells(word: str, letters: int) -> bool:
    return len(word) >= letters or not word.isascii()


def _unknown(message: str, asked: str, there: list[str]) -> AgentUnknown:
    folded = {" ".join(tokens(name)): name for name in reversed(there)}
    close = get_close_matches(" ".join(tokens(asked)), list(folded), n=NEAREST, cutoff=0.5)
    nearest = tuple(folded[match] for match in close) or tuple(sorted(set(there))[:NEAREST])
    hint = f"; the nearest are {', '.join(nearest)}" if nearest else "; the directory is empty"
    return AgentUnknown(f"{message}{hint}", nearest=nearest)
