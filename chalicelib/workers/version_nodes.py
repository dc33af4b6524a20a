"""The nodes of a published version, as a worker needs them.

In: an organisation and a version id. Out: each node as what it lands on, with the maps around it, cached per container: a version never changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.compiler.collecting import is_distributed
from chalicelib.spec.agent_landing import landed
from chalicelib.spec.agent_parts import Budget
from chalicelib.spec.nodes import Map, Node
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import workflows
from chalicelib.store.blobs import json_text
from chalicelib.store.workflow_records import PinnedAgent


@dataclass(frozen=True, slots=True)
class VersionNode:
    """`maps` are the map nodes around it, outermost first."""

    node: Node
    maps: tuple[Map, ...] = ()

    @property
    def is_distributed(self) -> bool:
        """Whether its items are children of a distributed map, whose node runs write no events."""
        return any(is_distributed(around) for around in self.maps)


@lru_cache(maxsize=64)
def version_nodes(organisation_id: str, version_id: str) -> Mapping[str, VersionNode]:
    """Every node of the version by id, those inside maps too. Raises VersionNotFound."""
    version = workflows.get_version(organisation_id, version_id)
    spec = WorkflowSpec.model_validate_json(json_text(version.spec))
    return dict(_walk(landed(spec, version.chosen).nodes, ()))


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What of a version counts for all of its nodes."""

    workflow_id: str
    budget: Budget | None = None
    agents: Mapping[str, PinnedAgent] = field(default_factory=dict)  # who does which node, and why

    @property
    def run_limit(self) -> int | None:
        """What a run's model calls may cost, in micro-dollars."""
        return None if self.budget is None else self.budget.micro_dollars

    def limit_of(self, amount: int | None) -> int | None:
        """The run's limit for a call of that amount. Where the workflow allows calls without a price, they fall under none of its own."""
        return None if amount is None and self.budget is not None and self.budget.unpriced == "allow" else self.run_limit


@lru_cache(maxsize=256)
def version_facts(organisation_id: str, version_id: str) -> VersionFacts:
    """Raises VersionNotFound."""
    version = workflows.get_version(organisation_id, version_id)
    spec = WorkflowSpec.model_validate_json(json_text(version.spec))
    return VersionFacts(version.workflow_id, spec.budget, version.agents)


def _walk(nodes: Mapping[str, Node], maps: tuple[Map, ...]) -> Iterator[tuple[str, VersionNode]]:
    for name, node in nodes.items():
        yield name, VersionNode(node, maps)
        if isinstance(node, Map):
            yield from _walk(node.nodes, (*maps, node))
