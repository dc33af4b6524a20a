"""The repository of external agents: which ones an organisation registered, and what their cards said when they were last asked.

In: an organisation, a name. Out: `ExternalAgent`, `KeptCard`. A registration is never written over; a card is a cache, whose last word stays. Agents
that the deployment's settings name have a card here, too, and no registration.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import Field

from chalicelib.errors import AgentNameTaken, AgentNotFound, ConditionLost
from chalicelib.remote_settings import AgentSetting, ConfiguredText, SignersSetting
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record

NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,62}")
MAX_AGENTS: Final = 100  # that an organisation's directory holds


class ExternalAgent(Record):
    """A registration. `url` is the agent's base address, below which its card is; `headers` go there and nowhere else, and name secrets of the
    organisation; `signed_by`: a card that they have not signed is refused."""

    name: str
    url: str
    headers: Mapping[str, ConfiguredText] = Field(default_factory=dict, repr=False)
    signed_by: SignersSetting | None = None
    registered_at: str
    registered_by: str

    @property
    def reached(self) -> AgentSetting:
        """Where and how it is asked."""
        return AgentSetting(url=self.url, headers=self.headers, signed_by=self.signed_by)


class CardSkill(Record):
    """What an agent says that it can do. Text from outside."""

    id: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()


class KeptCard(Record):
    """What an agent's card said: text from outside. `asked_at` is the last try, `fault` why it brought nothing; `fetched_at` is empty until one
    did."""

    name: str
    url: str
    title: str = ""
    description: str = ""
    skills: tuple[CardSkill, ...] = ()
    asked_at: str
    fetched_at: str = ""
    fault: str = ""


def register(organisation_id: str, agent: ExternalAgent) -> ExternalAgent:
    """Keep a registration; the same again gives the first. Raises AgentNameTaken where the name stands for another address, or is asked otherwise."""
    place = keys.external_agents(organisation_id, agent.name)
    write = table.put(item_of(agent, keys.external_agent(organisation_id, agent.name), place), condition=table.ABSENT)
    try:
        table.write(write)
    except ConditionLost as lost:
        known = find(organisation_id, agent.name)
        if known is None or known.reached != agent.reached:
            why = "at another address, or with other headers or signers"
            raise AgentNameTaken(f"an external agent {agent.name} is registered {why}; remove it first") from lost
        return known
    return agent


def find(organisation_id: str, name: str) -> ExternalAgent | None:
    """None also for what is no name of a registration."""
    if not NAME.fullmatch(name):
        return None
    item = table.get(keys.external_agent(organisation_id, name))
    return None if item is None else record_of(ExternalAgent, item)


def list_all(organisation_id: str) -> tuple[ExternalAgent, ...]:
    """By name."""
    found = table.query_index(keys.external_agents(organisation_id), limit=MAX_AGENTS)
    items = table.get_many(table.keys_of(found.items))
    return tuple(sorted((record_of(ExternalAgent, item) for item in items.values()), key=lambda agent: agent.name))


def remove(organisation_id: str, name: str) -> None:
    """Forget a registration and its card. Raises AgentNotFound."""
    if not NAME.fullmatch(name):
        raise AgentNotFound("no external agent of that name is registered")
    try:
        table.write(table.delete(keys.external_agent(organisation_id, name), condition=table.PRESENT))
    except ConditionLost as lost:
        raise AgentNotFound(f"no external agent {name} is registered") from lost
    table.write(table.delete(keys.agent_card(organisation_id, name)))


def keep_card(organisation_id: str, card: KeptCard) -> None:
    """In place of the one before."""
    table.write(table.put(item_of(card, keys.agent_card(organisation_id, card.name))))


def cards(organisation_id: str, names: Iterable[str]) -> Mapping[str, KeptCard]:
    """The kept cards of these agents, as far as there are any."""
    found = table.get_many([keys.agent_card(organisation_id, name) for name in names])
    kept = (record_of(KeptCard, item) for item in found.values())
    return {card.name: card for card in kept}
