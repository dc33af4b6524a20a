"""What a worker of one node type is handed, and what it hands back.

In: a payload, its node, the time. Out: `Work` and `Done`. Only here is decided how long a node may take.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.providers.model import Usage
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import WorkerNode
from chalicelib.store.run_records import Fence, NodeAttempt
from chalicelib.workers.kept_trail import KeptTrail
from chalicelib.workers.payload import TaskPayload
from chalicelib.workers.version_nodes import VersionFacts, VersionNode, version_facts

DEFAULT_SECONDS: Final = 300.0  # where no Lambda says how long it has
MARGIN_SECONDS: Final = 2.0  # of the Lambda's time, to record what happened
_SHARE: Final = 0.1  # of a node's own time limit, for the same, at most half a second


@dataclass(frozen=True, slots=True)
class Done:
    """What a node came to. `details` is what people may see of how."""

    output: Json
    usage: Usage | None = None
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt of one node, and how long it may still take."""

    payload: TaskPayload
    version_node: VersionNode
    seconds_left: Callable[[], float]
    talk: int = 0  # the resume in which the agent's conversation began
    spent: list[Usage] = field(default_factory=list, compare=False)  # of work that was done, whether or not its result could be taken
    trail: KeptTrail = field(default_factory=KeptTrail, compare=False)  # of the visit's model calls

    @property
    def attempt(self) -> NodeAttempt:
        fence = self.payload.fence
        return NodeAttempt(
            organisation_id=self.payload.organisation_id,
            run_id=self.payload.run_id,
            node=self.payload.node,
            item_path=self.payload.item_path,
            fence=Fence(resume=fence.resume, again=fence.again, visit=fence.visit, entry=fence.entry, retry=fence.retry),
            distributed=self.version_node.is_distributed,
            talk=self.talk,
        )

    @property
    def facts(self) -> VersionFacts:
        """What counts for all nodes of the version."""
        return version_facts(self.payload.organisation_id, self.payload.version_id)

    @property
    def chosen_agent(self) -> JsonObject:
        """Who does the node, as people see it: by which name or skill, why, and who else was weighed. Nothing where nobody was chosen at
        publishing."""
        pinned = self.facts.agents.get(self.payload.node)
        if pinned is None:
            return {}
        asked: JsonObject = {"agent_skill": pinned.skill, "agent_candidates": [*pinned.candidates], "agent_passed_over": pinned.passed_over}
        told = {name: value for name, value in asked.items() if value}
        return {"agent": pinned.name, "agent_kind": pinned.kind, "agent_why": pinned.why, **told}

    @property
    def folder(self) -> str:
        """Where the node's large values lie."""
        return f"runs/{self.payload.run_id}/{self.payload.node}"

    @property
    def effect_key(self) -> str:
        """What makes an effect happen once: the same for every retry and resume, another for every visit, item and conversation, and for a visit
        made again."""
        talk = f"/talk {self.talk}" if self.talk else ""
        return f"{self.payload.run_id}/{self.payload.node}/{self.payload.item_path}/{self.attempt.fence.visit_name}{talk}"

    @property
    def is_too_late(self) -> bool:
        """Whether the node's own time limit is over for certain: the machine counted from before this worker began."""
        limit = _limit(self.version_node)
        return limit is not None and self.seconds_left() < -_margin(limit)


def clock(context: Any, version_node: VersionNode) -> Callable[[], float]:
    """How many seconds the node has left, at any time: what the Lambda has, or what the node may take, whichever is less."""
    began = time.monotonic()
    given = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS if context is not None else DEFAULT_SECONDS
    limit = _limit(version_node)
    seconds = given if limit is None else min(given, limit - _margin(limit))
    return lambda: seconds - (time.monotonic() - began)


def _limit(version_node: VersionNode) -> int | None:
    return version_node.node.timeout_seconds if isinstance(version_node.node, WorkerNode) else None


def _margin(limit: int) -> float:
    return min(0.5, limit * _SHARE)
