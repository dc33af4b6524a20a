"""Who does a piece of work: an agent by its name, or the one that a skill fits best.

In: the cards of presets, published workflows and external A2A agents; what is asked for. Out: `Chosen`, with the reason and who else was weighed,
which is recorded. The same question over the same cards gets the same answer, in whatever order the cards come. A skill that an agent has word for
word comes before words in common; of equals what is the organisation's own comes before what leaves the house. Never guesses a name: an unknown one
is an error that names the nearest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final, NotRequired, TypedDict, final

from chalicelib.agents.failures import AgentUnknown
from chalicelib.agents.memory import MemoryRecord, rank, tokens
from chalicelib.spec.agent_parts import AgentKind

_PREFERENCE: Final[dict[AgentKind, int]] = {"workflow": 0, "preset": 1, "a2a": 2}  # one's own published work first, what leaves the house last
_KIND: Final[dict[AgentKind, str]] = {"workflow": "published workflow", "preset": "preset", "a2a": "external agent"}
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEAREST: Final = 3
SHOWN: Final = 5  # candidates that are told of
EXACT: Final = 1.0
_BELOW: Final = 0.9  # of an exact fit, what the best fit by words is worth


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An entry of the directory. `name` is unique among cards of a kind; `url` is an A2A agent's."""

    name: str
    kind: AgentKind
    description: str
    skills: tuple[str, ...]
    url: str | None = None


@final
class ByName(TypedDict):
    """An agent by exactly this name; `kind` where two kinds may have it."""

    name: str
    kind: NotRequired[AgentKind]


@final
class BySkill(TypedDict):
    """An agent for this skill, in a few words."""

    skill: str
    kind: NotRequired[AgentKind]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One that was weighed. `score`: 1 for an agent that has the skill word for word, else below 1, what the words in common weigh beside the best's;
    `fit` says which."""

    card: AgentCard
    score: float
    fit: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """`candidates` are the best, the chosen one first; of a name there is nothing to weigh."""

    card: AgentCard
    why: str
    candidates: tuple[Candidate, ...] = ()


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


def weigh(skill: str, cards: Iterable[AgentCard]) -> tuple[Candidate, ...]:
    """All that fit a skill, best first."""
    listed = sorted(cards, key=_place)
    wanted = tokens(skill)
    exact = [card for card in listed if wanted and wanted in {tokens(has) for has in card.skills}]
    ranked = rank(skill, [_as_record(place, card) for place, card in enumerate(listed)])
    words = [(listed[int(found.record.id)], found.words) for found in ranked]
    fitting = [(card, weight, shared) for card, weight in words if card not in exact and (shared := _shared(wanted, card))]
    most = max((weight for _, weight, _ in fitting), default=0.0)
    return (
        *(Candidate(card, EXACT, "has the skill") for card in exact),
        *(Candidate(card, round(weight / (most or 1.0) * _BELOW, 3), f"by {', '.join(shared)}") for card, weight, shared in fitting),
    )


def _skilled(skill: str, cards: list[AgentCard]) -> Chosen:
    weighed = weigh(skill, cards)
    if not weighed:
        raise _unknown(f"no agent has the skill {skill}", skill, [has for card in cards for has in card.skills])
    best = weighed[0]
    equals = sum(other.score == best.score for other in weighed)
    fits = f"has the skill {skill}" if best.score == EXACT else f"fits {skill} best, {best.fit}"
    return Chosen(best.card, _reason(best.card, fits, equals), weighed[:SHOWN])


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
