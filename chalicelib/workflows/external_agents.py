"""The external agents that an organisation may ask, and what their cards say.

In: a principal; a name and an address. Out: registrations, and for every known agent its card, at most an hour old where the agent could be asked.
Agents come from the deployment's settings and from registrations; a setting wins its name. Cards are fetched through the guard, side by side and not
for long; one that cannot be had leaves the last one in place. An agent that is asked with secrets is asked by who may read them.
Never: a registered address that is reached where any other URL would not be; a credential in a registration.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.secret_rights import unusable
from chalicelib.clock import now_text, seconds_since
from chalicelib.errors import AgentInvalid, AgentNameTaken, SluiceError
from chalicelib.remote_settings import AgentSetting, ConfiguredText, SecretText, SignersSetting, is_plain_credential
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store import external_agents
from chalicelib.store.external_agents import MAX_AGENTS, CardSkill, ExternalAgent, KeptCard
from chalicelib.tools.a2a import AgentDescription, describe
from chalicelib.tools.failures import ToolFailure
from chalicelib.workflows import errands, tool_reach
from chalicelib.workflows.tool_reach import Resolve

CARD_SECONDS: Final = 3_600.0
RETRY_SECONDS: Final = 60.0  # after a card could not be had
ASKING_SECONDS: Final = 6.0
MAX_SKILLS: Final = 50
_MAX_TEXT: Final = 2_000
_MAX_NAME: Final = 200
_MAX_TAGS: Final = 20
_NO_HEADERS: Final[Mapping[str, ConfiguredText]] = MappingProxyType({})
_NOT_TO_SET: Final = frozenset(("connection", "content-length", "content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"))
_DESCRIPTION: Final = TypeAdapter(AgentDescription)


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """`registration` is None for an agent of the settings; `card` None where it never could be had."""

    name: str
    url: str
    registration: ExternalAgent | None
    card: KeptCard | None


def add_agent(
    principal: Principal, *, name: str, url: str, headers: Mapping[str, ConfiguredText] = _NO_HEADERS, signed_by: SignersSetting | None = None
) -> KnownAgent:
    """Register an agent whose card can be read now. Raises AgentInvalid, AgentNameTaken; the same again is harmless."""
    if name in settings().a2a_agents:
        raise AgentNameTaken(f"the deployment's settings name an external agent {name} already")
    if len(external_agents.list_all(principal.organisation_id)) >= MAX_AGENTS:
        raise AgentInvalid(f"{MAX_AGENTS} external agents are registered; remove one first")
    for header, text in headers.items():
        _check_header(header, text)
    for name_of_secret in unusable(principal, (text.secret for text in headers.values() if isinstance(text, SecretText))):
        raise AgentInvalid(f"you may not use the secret {name_of_secret}; whoever holds secret:manage can share it with you, or register the agent")
    new = ExternalAgent(name=name, url=url, headers=headers, signed_by=signed_by, registered_at=now_text(), registered_by=principal.person)
    card = _asked(principal.organisation_id, name, new)
    if card.fault:
        raise AgentInvalid(f"the card of the agent at {url} cannot be read: {card.fault}")
    kept = external_agents.register(principal.organisation_id, new)
    external_agents.keep_card(principal.organisation_id, card)
    return KnownAgent(name, url, kept, card)


def _check_header(name: str, text: ConfiguredText) -> None:
    """Raises AgentInvalid. A registration lies in the table, where no credential may."""
    if name.lower() in _NOT_TO_SET:
        raise AgentInvalid(f"the header {name} is set by whoever sends the request")
    if is_plain_credential(name, text):
        form = '{"secret": "NAME"}, with a prefix where one belongs before it'
        raise AgentInvalid(f"headers.{name}: a credential is no plain text here; put it with `sluice secrets put NAME` and write {form}")


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
    found: dict[str, ExternalAgent | None] = {agent.name: agent for agent in external_agents.list_all(organisation_id)}
    found |= dict.fromkeys(settings().a2a_agents)
    cards = _fresh(organisation_id, found)
    return tuple(KnownAgent(name, _reached(name, agent).url, agent, cards.get(name)) for name, agent in sorted(found.items()))


def read_card(name: str, registration: ExternalAgent | None, resolve: Resolve = tool_reach.nobody) -> AgentDescription:
    """What a registered agent, or one of the settings, says of itself. `resolve` knows the secrets of whoever configured it. Raises ToolFailure,
    SettingInvalid, and what `resolve` raises."""
    found = tool_reach.own_a2a_agents(resolve)[name] if registration is None else tool_reach.registered(registration, resolve)
    return describe(name, tool_reach.outlook(ASKING_SECONDS + 1, a2a_agents={name: found}), seconds=ASKING_SECONDS)


def described(said: AgentDescription) -> JsonObject:
    """As it goes over the wire."""
    plain: JsonObject = _DESCRIPTION.dump_python(said, mode="json")
    return plain


def _reached(name: str, registration: ExternalAgent | None) -> AgentSetting:
    return settings().a2a_agents[name] if registration is None else registration.reached


def _fresh(organisation_id: str, agents: Mapping[str, ExternalAgent | None]) -> dict[str, KeptCard]:
    """The cards, those that are too old asked for anew. `agents` by name: their registration, None for those of the settings."""
    kept = {name: card for name, card in external_agents.cards(organisation_id, agents).items() if card.url == _reached(name, agents[name]).url}
    stale = sorted(name for name in agents if name not in kept or _is_stale(kept[name]))
    for card in _all_asked(organisation_id, {name: agents[name] for name in stale}):
        now = card if not card.fault or card.name not in kept else kept[card.name].model_copy(update={"asked_at": card.asked_at, "fault": card.fault})
        external_agents.keep_card(organisation_id, now)
        kept[card.name] = now
    return kept


def _is_stale(card: KeptCard) -> bool:
    return seconds_since(card.asked_at) > (RETRY_SECONDS if card.fault else CARD_SECONDS)


def _all_asked(organisation_id: str, agents: Mapping[str, ExternalAgent | None]) -> Iterator[KeptCard]:
    if not agents:
        return
    with ThreadPoolExecutor(min(8, len(agents)), thread_name_prefix="cards") as pool:
        yield from pool.map(partial(_asked, organisation_id), agents, agents.values())


def _asked(organisation_id: str, name: str, registration: ExternalAgent | None) -> KeptCard:
    """What the agent says of itself now, or why it says nothing."""
    reached = _reached(name, registration)
    try:
        said = _by_errand(organisation_id, name, registration) if reached.names_secrets else read_card(name, registration)
    except (ToolFailure, SluiceError) as failure:
        return KeptCard(name=name, url=reached.url, asked_at=now_text(), fault=str(failure)[:_MAX_TEXT])
    return _kept(said, reached.url)


def _by_errand(organisation_id: str, name: str, registration: ExternalAgent | None) -> AgentDescription:
    """Of an agent that is asked with secrets: by who may read them. Raises Unavailable, AgentInvalid."""
    known = None if registration is None else registration.model_dump(mode="json")
    answer = errands.ask(errands.ReadCard(organisation_id=organisation_id, name=name, registration=known))
    error = answer.get("error")
    if isinstance(error, dict):
        raise AgentInvalid(str(error.get("message")))
    return _DESCRIPTION.validate_python(answer.get("result"))


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
