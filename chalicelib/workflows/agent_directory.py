"""The directory of agents: presets, the organisation's published workflows, external agents, with their skills.

In: who asks. Out: `ListedAgent`s, each with the card by which it is found, where it comes from and whether a prompt can be handed to it. What an
external agent's card says is text from outside, and is marked so. Reads the table; asks agents only for cards that are too old.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.access.objects import scopes_on
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.agents.directory import AgentCard, Candidate, weigh
from chalicelib.agents.presets import PRESETS
from chalicelib.errors import AgentNotFound
from chalicelib.spec.agent_landing import text_field
from chalicelib.spec.agent_parts import AgentKind
from chalicelib.spec.model import Json
from chalicelib.store import workflows
from chalicelib.store.external_agents import CardSkill
from chalicelib.store.workflow_records import Version, Workflow
from chalicelib.workflows.external_agents import KnownAgent, known_agents

MAX_WORKFLOWS: Final = 500
_PAGE: Final = 100
_CARD: Final = "/.well-known/agent-card.json"

Source = Literal["built_in", "published", "setting", "registered"]


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """`takes_text`: whether an agent node can hand it a prompt; `version` is a workflow's; `fault` says why an external agent's card is missing or
    old."""

    card: AgentCard
    title: str
    source: Source
    skills: tuple[CardSkill, ...]
    takes_text: bool = True
    card_url: str = ""
    version: int | None = None
    fetched_at: str = ""
    fault: str = ""

    @property
    def named(self) -> str:
        """As a node names it."""
        return self.card.name if self.card.kind == "preset" else f"{self.card.kind}:{self.card.name}"

    @property
    def is_from_outside(self) -> bool:
        return self.card.kind == "a2a"


def list_agents(principal: Principal, *, kind: AgentKind | None = None) -> tuple[ListedAgent, ...]:
    """Presets, then workflows, then external agents, each by name."""
    found: list[ListedAgent] = []
    if kind in (None, "preset"):
        found += _presets()
    if kind in (None, "workflow"):
        found += (_of_workflow(principal.organisation_id, workflow) for workflow in published(principal))
    if kind in (None, "a2a"):
        found += (of_external(agent) for agent in known_agents(principal.organisation_id))
    return tuple(found)


def get_agent(principal: Principal, name: str, *, kind: AgentKind | None = None) -> ListedAgent:
    """The first of that name. Raises AgentNotFound."""
    for agent in list_agents(principal, kind=kind):
        if agent.card.name == name:
            return agent
    raise AgentNotFound(f"there is no agent {name}{f' of kind {kind}' if kind else ''}")


def find_by_skill(principal: Principal, skill: str, *, kind: AgentKind | None = None) -> tuple[tuple[ListedAgent, Candidate], ...]:
    """All that fit, best first."""
    listed = {(agent.card.kind, agent.card.name): agent for agent in list_agents(principal, kind=kind)}
    return tuple((listed[each.card.kind, each.card.name], each) for each in weigh(skill, [agent.card for agent in listed.values()]))


def agent_names(principal: Principal, *, external: Iterable[str]) -> frozenset[str]:
    """All agents, as nodes name them; no card is asked for. `external` are the names of external agents."""
    named = (f"workflow:{workflow.name}" for workflow in published(principal))
    return frozenset((*PRESETS, *named, *(f"a2a:{name}" for name in external)))


def published(principal: Principal) -> Iterator[Workflow]:
    """Workflows that have a version and that the principal may run, by name."""
    cursor, count = None, 0
    while count < MAX_WORKFLOWS:
        page = workflows.list_page(principal.organisation_id, limit=_PAGE, cursor=cursor)
        yield from (each for each in page.workflows if each.latest_version and Scope.WORKFLOW_EXECUTE in scopes_on(principal, each))
        cursor, count = page.cursor, count + _PAGE
        if cursor is None:
            return


def _presets() -> Iterator[ListedAgent]:
    for preset in PRESETS.values():
        skills = tuple(CardSkill(id=skill, name=skill) for skill in preset.skills)
        yield ListedAgent(preset.card, preset.title, "built_in", skills)


def _of_workflow(organisation_id: str, workflow: Workflow) -> ListedAgent:
    version = workflows.get_version(organisation_id, workflows.get_summary(organisation_id, workflow.id, workflow.latest_version).id)
    texts, schema = _skills_of(version), version.spec.get("input")
    about = f"{version.title} {version.spec.get('description') or ''}".strip()
    return ListedAgent(
        AgentCard(workflow.name, "workflow", about, (workflow.name.replace("-", " "), *texts)),
        version.title or workflow.name,
        "published",
        tuple(CardSkill(id=text, name=text) for text in texts),
        takes_text=text_field(schema if isinstance(schema, dict) else {}) is not None,
        card_url=f"/a2a/{workflow.name}{_CARD}",
        version=version.number,
    )


def _skills_of(version: Version) -> tuple[str, ...]:
    said: Json = version.spec.get("skills")
    return tuple(str(skill) for skill in said) if isinstance(said, list) else ()


def of_external(agent: KnownAgent) -> ListedAgent:
    """An external agent as it stands in the directory. A skill is known by its id, its name and its tags."""
    card = agent.card
    skills = card.skills if card is not None else ()
    texts = dict.fromkeys(text for skill in skills for text in (skill.id, skill.name, *skill.tags) if text)
    about = " ".join((card.title, card.description, *(skill.description for skill in skills))) if card is not None else ""
    return ListedAgent(
        AgentCard(agent.name, "a2a", about, tuple(texts), url=agent.url),
        card.title if card is not None and card.title else agent.name,
        "setting" if agent.registration is None else "registered",
        skills,
        card_url=f"{agent.url.rstrip('/')}{_CARD}",
        fetched_at=card.fetched_at if card is not None else "",
        fault=card.fault if card is not None else "",
    )
