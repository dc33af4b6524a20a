"""The external agents that an organisation may ask, and what their cards say.

In: a principal; a name and an address. Out: registrations, and for every known agent its card, at most an hour old where the agent could be asked.
Agents come from the deployment's settings and from registrations; a setting wins its name. Cards are fetched through the guard, side by side and not
for long; one that cannot be had leaves the last one in place. Never: a registered address that is reached where any other URL would not be.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text, seconds_since
from chalicelib.errors import AgentInvalid, AgentNameTaken, SluiceError
from chalicelib.settings import settings
from chalicelib.store import external_agents
from chalicelib.store.external_agents import MAX_AGENTS, CardSkill, ExternalAgent, KeptCard
from chalicelib.tools.a2a import AgentDescription, describe
from chalicelib.tools.failures import ToolFailure
from chalicelib.tools.ports import Endpoint
from chalicelib.workflows import tool_reach

CARD_SECONDS: Final = 3_600.0
RETRY_SECONDS: Final = 60.0  # after a card could not be had
ASKING_SECONDS: Final = 6.0
MAX_SKILLS: Final = 50
_MAX_TEXT: Final = 2_000
_MAX_NAME: Final = 200
_MAX_TAGS: Final = 20


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """`registration` is None for an agent of the settings; `card` None where it never could be had."""

    name: str
    url: str
    registration: ExternalAgent | None
    card: KeptCard | None


def add_agent(principal: Principal, *, name: str, url: str) -> KnownAgent:
    """Register an agent whose card can be read now. Raises AgentInvalid, AgentNameTaken; the same again is harmless."""
    if name in settings().a2a_agents:
        raise AgentNameTaken(f"the deployment's settings name an external agent {name} already")
    if len(external_agents.list_all(principal.organisation_id)) >= MAX_AGENTS:
        raise AgentInvalid(f"{MAX_AGENTS} external agents are registered; remove one first")
    card = _asked(name, Endpoint(url, is_own=False))
    if card.fault:
        raise AgentInvalid(f"the card of the agent at {url} cannot be read: {card.fault}")
    new = ExternalAgent(name=name, url=url, registered_at=now_text(), registered_by=principal.person)
    kept = external_agents.register(principal.organisation_id, new)
    external_agents.keep_card(principal.organisation_id, card)
    return KnownAgent(name, url, kept, card)


def remove_agent(principal: Principal, name: str) -> None:
    """What others registered only admins remove (ScopeMissing). Raises AgentNotFound, AgentInvalid for one of the settings."""
    if name in settings().a2a_agents:
        raise AgentInvalid(f"{name} stands in SLUICE_A2A_AGENTS; whoever runs the deployment takes it out there")
    known = external_agents.find(principal.organisation_id, name)
    if known is not None and known.registered_by != principal.person:
        principal.require(Scope.ORG_ADMIN)
    external_agents.remove(principal.organisation_id, name)


def known_names(organisation_id: str, *, asked: Iterable[str] = ()) -> frozenset[str]:
    """All names. Those that are asked for are looked up themselves: a list lags behind what was registered a moment ago."""
    listed = {*settings().a2a_agents, *(agent.name for agent in external_agents.list_all(organisation_id))}
    return frozenset((*listed, *(name for name in asked if name not in listed and external_agents.find(organisation_id, name) is not None)))


def known_agents(organisation_id: str) -> tuple[KnownAgent, ...]:
    """By name, with their cards."""
    registered = {agent.name: agent for agent in external_agents.list_all(organisation_id)}
    endpoints = {**{name: Endpoint(agent.url, is_own=False) for name, agent in registered.items()}, **tool_reach.own_a2a_agents()}
    cards = _fresh(organisation_id, endpoints)
    return tuple(
        KnownAgent(name, endpoint.url, None if endpoint.is_own else registered[name], cards.get(name)) for name, endpoint in sorted(endpoints.items())
    )


def _fresh(organisation_id: str, endpoints: Mapping[str, Endpoint]) -> dict[str, KeptCard]:
    """The cards, those that are too old asked for anew."""
    kept = {name: card for name, card in external_agents.cards(organisation_id, endpoints).items() if card.url == endpoints[name].url}
    stale = sorted(name for name in endpoints if name not in kept or _is_stale(kept[name]))
    for card in _all_asked({name: endpoints[name] for name in stale}):
        now = card if not card.fault or card.name not in kept else kept[card.name].model_copy(update={"asked_at": card.asked_at, "fault": card.fault})
        external_agents.keep_card(organisation_id, now)
        kept[card.name] = now
    return kept


def _is_stale(card: KeptCard) -> bool:
    return seconds_since(card.asked_at) > (RETRY_SECONDS if card.fault else CARD_SECONDS)


def _all_asked(endpoints: Mapping[str, Endpoint]) -> Iterator[KeptCard]:
    if not endpoints:
        return
    with ThreadPoolExecutor(min(8, len(endpoints)), thread_name_prefix="cards") as pool:
        yield from pool.map(_asked, endpoints, endpoints.values())


def _asked(name: str, endpoint: Endpoint) -> KeptCard:
    """What the agent says of itself now, or why it says nothing."""
    try:
        said = describe(name, tool_reach.outlook(ASKING_SECONDS + 1, a2a_agents={name: endpoint}), seconds=ASKING_SECONDS)
    except (ToolFailure, SluiceError) as failure:
        return KeptCard(name=name, url=endpoint.url, asked_at=now_text(), fault=str(failure)[:_MAX_TEXT])
    return _kept(said, endpoint.url)


def _kept(said: AgentDescription, url: str) -> KeptCard:
    """Of a card as much as a directory needs: who writes it may write without end."""
    now = now_text()
    skills = tuple(
        CardSkill(
            id=skill.id[:_MAX_NAME],
            name=skill.name[:_MAX_NAME],
            description=skill.description[:_MAX_TEXT],
            tags=tuple(tag[:_MAX_NAME] for tag in skill.tags[:_MAX_TAGS]),
        )
        for skill in said.skills[:MAX_SKILLS]
    )
    return KeptCard(
        name=said.agent,
        url=url,
        title=said.name[:_MAX_NAME],
        description=said.description[:_MAX_TEXT],
        skills=skills,
        asked_at=now,
        fetched_at=now,
    )
