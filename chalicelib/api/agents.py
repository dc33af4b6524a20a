"""Routes: the directory of agents, and external agents registered in it."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.agents.directory import Candidate
from chalicelib.api import tool_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.room import Room
from chalicelib.api.shapes import NOTHING
from chalicelib.errors import AgentInvalid, AgentNameTaken, AgentNotFound
from chalicelib.remote_settings import HeaderName, HeaderText, SignersSetting
from chalicelib.spec.agent_parts import AgentKind
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.external_agents import NAME
from chalicelib.workflows.agent_directory import ListedAgent, find_by_skill, get_agent, list_agents, of_external
from chalicelib.workflows.external_agents import add_agent, remove_agent

routes = Blueprint(__name__)


class Wanted(Wire):
    """`skill` asks who fits it, best first; `kind` takes agents of one kind alone."""

    skill: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    kind: AgentKind | None = None


class OfKind(Wire):
    """Which of several agents of one name."""

    kind: AgentKind | None = None


class NewAgent(Wire):
    """`url` is the agent's base address, below which `/.well-known/agent-card.json` is; `headers` go with each request and name secrets of the
    organisation; `signed_by` asks for a signature of its card."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=2_000)]
    headers: Annotated[dict[HeaderName, HeaderText], Field(max_length=10)] = Field(default_factory=dict)
    signed_by: SignersSetting | None = None


@endpoint(routes, HTTPMethod.GET, "/api/v1/agents", scope=Scope.WORKFLOW_READ, answers={200: tool_shapes.AGENTS})
def list_all(call: Call[Nothing, Wanted]) -> Answer:
    """The directory, or who in it has a skill.

    `skill` gives those that fit it, best first, each with `score` (1 for the very skill) and `fit`. Cards older than an hour are asked for anew.

    `agent` is what a node writes. Where `from_outside` is true, title, description and skills are an agent's own words. `takes_text` says whether
    an agent node can hand it a prompt; `fault` why an external agent's card is missing or old (`fetched_at`).
    """
    wanted = call.query
    if wanted.skill is None:
        shown = [_agent(agent) for agent in list_agents(call.principal, kind=wanted.kind)]
    else:
        shown = [_fitting(agent, candidate) for agent, candidate in find_by_skill(call.principal, wanted.skill, kind=wanted.kind)]
    room = Room()
    fitting: list[Json] = [taken for agent in shown if (taken := room.take(agent)) is not None]
    return Answer({"agents": fitting, "left_out_count": len(shown) - len(fitting)})


@endpoint(
    routes, HTTPMethod.POST, "/api/v1/agents", scope=Scope.WORKFLOW_WRITE, answers={201: tool_shapes.AGENT}, errors=(AgentInvalid, AgentNameTaken)
)
def register(call: Call[NewAgent, Nothing]) -> Answer:
    """Register an external agent, whose card is read now. The same again is harmless.

    `url` is its base address, and may be where any URL of a tool may be. `headers` go with each request to it: texts, or `{secret, prefix}` for a
    secret of the organisation, which only workers resolve; a header that carries a credential is no plain text. `signed_by` is `{keys, jwks_url}`,
    one of them at least: a card that none of these keys signed is refused. Both may be left out.
    """
    asked = call.body
    added = add_agent(call.principal, name=asked.name, url=asked.url, headers=asked.headers, signed_by=asked.signed_by)
    return Answer(_agent(of_external(added)), status=201, headers={"Location": f"/api/v1/agents/{added.name}?kind=a2a"})


@endpoint(routes, HTTPMethod.GET, "/api/v1/agents/{name}", scope=Scope.WORKFLOW_READ, answers={200: tool_shapes.AGENT}, errors=(AgentNotFound,))
def get_one(call: Call[Nothing, OfKind], name: str) -> Answer:
    """An agent with its skills.

    By its bare name, the first where several have it.
    """
    return Answer(_agent(get_agent(call.principal, name, kind=call.query.kind)))


@endpoint(
    routes, HTTPMethod.DELETE, "/api/v1/agents/{name}", scope=Scope.WORKFLOW_WRITE, answers={204: NOTHING}, errors=(AgentNotFound, AgentInvalid)
)
def delete_one(call: Call[Nothing, Nothing], name: str) -> Answer:
    """Forget a registered external agent.

    Nodes that name it fail from then on.
    """
    remove_agent(call.principal, name)
    return Answer(None, status=204)


def _fitting(agent: ListedAgent, candidate: Candidate) -> JsonObject:
    return {**_agent(agent), "score": candidate.score, "fit": candidate.fit}


def _agent(agent: ListedAgent) -> JsonObject:
    skills: list[Json] = [{"id": skill.id, "name": skill.name, "description": skill.description, "tags": [*skill.tags]} for skill in agent.skills]
    return {
        "agent": agent.named,
        "kind": agent.card.kind,
        "name": agent.card.name,
        "title": agent.title,
        "description": agent.card.description,
        "skills": skills,
        "source": agent.source,
        "from_outside": agent.is_from_outside,
        "takes_text": agent.takes_text,
        "card_url": agent.card_url or None,
        "version": agent.version,
        "fetched_at": agent.fetched_at or None,
        "fault": agent.fault or None,
    }
