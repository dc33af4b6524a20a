"""Who does the agent nodes of a workflow: chosen when it is published, pinned in the version, and told of with each node run.

In: a principal, a spec, its positions. Out: for each agent node that names an agent or asks by skill a `PinnedAgent`; diagnostics for skills that
nobody has. The next publishing chooses anew; a version keeps its choice, so that the same version does the same work (docs/adr/0013). A workflow and
an external agent are handed a prompt and nothing else: a node that says more of its model lands on a preset.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.agents.directory import ByName, BySkill, Candidate, choose
from chalicelib.agents.failures import AgentUnknown
from chalicelib.agents.presets import PRESETS
from chalicelib.spec.agent_landing import model_options
from chalicelib.spec.agent_parts import AgentKind, Skill, agent_named
from chalicelib.spec.diagnostic import Diagnostic, Location, Severity
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, Map, Node
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store.workflow_records import PinnedAgent
from chalicelib.workflows.agent_directory import ListedAgent, list_agents

_NOBODY: Final[Mapping[str, PinnedAgent]] = MappingProxyType({})


@dataclass(frozen=True)
class AgentChoice:
    """`agents` by node id; `by_skill` are those that a skill chose, as a node would name them."""

    agents: dict[str, PinnedAgent] = field(default_factory=dict)
    by_skill: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def choose_agents(principal: Principal, spec: WorkflowSpec, positions: Positions, *, pinned: Mapping[str, PinnedAgent] = _NOBODY) -> AgentChoice:
    """Never raises for what the spec says. A name that nobody has is the compiler's finding. `pinned`: who is to do a node that asks by skill, as an
    earlier version had chosen."""
    choice = AgentChoice()
    known: dict[AgentKind | None, tuple[ListedAgent, ...]] = {}
    for path, name, node in _agent_nodes(spec.nodes, "nodes"):
        match node.agent:
            case Skill() as asked:
                if asked.kind not in known:
                    known[asked.kind] = list_agents(principal, kind=asked.kind)
                if name in pinned:
                    _again(choice, known[asked.kind], name, pinned[name], at=positions.at(f"{path}.agent"))
                else:
                    _by_skill(choice, known[asked.kind], node, name, asked, positions=positions, path=f"{path}.agent")
            case str(asked_name):
                choice.agents[name] = _by_name(asked_name)
            case None:
                pass
    return choice


def _by_name(asked: str) -> PinnedAgent:
    kind, name = agent_named(asked)
    if kind == "preset" and name in PRESETS:
        return PinnedAgent(kind=kind, name=name, why=choose(ByName(name=name), [PRESETS[name].card]).why)
    return PinnedAgent(kind=kind, name=name, why=f"named: {asked}")


def _again(choice: AgentChoice, listed: tuple[ListedAgent, ...], name: str, agent: PinnedAgent, *, at: Location) -> None:
    """Whoever did the node before, if they are still there."""
    if all(each.named != agent.named for each in listed):
        message, hint = f"`{agent.named}`, who did this before, is not there any more", "publish the document itself: that chooses anew"
        choice.diagnostics.append(Diagnostic("no-agent-for-skill", Severity.ERROR, message, at, hint))
        return
    choice.agents[name], choice.by_skill[name] = agent, agent.named


def _by_skill(
    choice: AgentChoice, listed: tuple[ListedAgent, ...], node: AgentCall, name: str, asked: Skill, *, positions: Positions, path: str
) -> None:
    fitting, passed_over = _able(listed, node)
    try:
        chosen = choose(BySkill(skill=asked.skill), [agent.card for agent in fitting])
    except AgentUnknown as unknown:
        hint = "; ".join((*(f"{each} {why}" for each, why in passed_over.items()), "`sluice agents list` shows who there is"))
        choice.diagnostics.append(Diagnostic("no-agent-for-skill", Severity.ERROR, str(unknown), positions.at(path), hint))
        return
    agent = next(each for each in fitting if each.card == chosen.card)
    shown: list[JsonObject] = [_shown(candidate) for candidate in chosen.candidates]
    left_out: JsonObject = dict(passed_over)
    choice.agents[name] = PinnedAgent(
        kind=agent.card.kind,
        name=agent.card.name,
        skill=asked.skill,
        why=chosen.why,
        candidates=shown,
        passed_over=left_out,
        url=agent.card.url or "",
    )
    choice.by_skill[name] = agent.named
    if agent.is_from_outside and asked.kind is None:
        choice.diagnostics.append(_leaves(agent, positions, path))


def _able(listed: tuple[ListedAgent, ...], node: AgentCall) -> tuple[list[ListedAgent], dict[str, Json]]:
    """Those to whom the node can be handed, and why the others cannot have it."""
    options = model_options(node)
    able: list[ListedAgent] = []
    passed_over: dict[str, Json] = {}
    for agent in listed:
        if agent.card.kind != "preset" and options:
            passed_over[agent.named] = f"takes no {', '.join(f'`{option}`' for option in options)}"
        elif not agent.takes_text:
            passed_over[agent.named] = "takes no single text"
        else:
            able.append(agent)
    return able, passed_over


def _leaves(agent: ListedAgent, positions: Positions, path: str) -> Diagnostic:
    message = f"the skill is found outside: `{agent.named}` is handed the prompt"
    return Diagnostic(
        "agent-outside", Severity.WARNING, message, positions.at(path), "`kind: a2a` says that this is meant, another `kind` that it is not"
    )


def _shown(candidate: Candidate) -> JsonObject:
    return {"kind": candidate.card.kind, "name": candidate.card.name, "score": candidate.score, "fit": candidate.fit}


def _agent_nodes(nodes: Mapping[str, Node], path: str) -> Iterator[tuple[str, str, AgentCall]]:
    for name, node in nodes.items():
        match node:
            case Map():
                yield from _agent_nodes(node.nodes, f"{path}.{name}.nodes")
            case AgentCall():
                yield f"{path}.{name}", name, node
            case _:
                pass
