"""Which conversation an agent's entry takes up, and how it is kept.

In: the work of an agent node. Out: `taken_up`, the work with its conversation; `KeptConversation`, the agent's checkpoint. In a resumed run the
earlier conversation goes on where its task is the same: what had failed lay outside it, or its last answer is asked for again. Where prompt,
instructions, schema, tools or the values read have changed, or the resume has the node run again, a conversation of its own begins, whose calls and
gates are others. Limits, policies and models are no part of a task: they hold anew at each entry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from chalicelib.agents.resumed import resumed
from chalicelib.agents.task import AgentTask
from chalicelib.agents.transcript import Transcript
from chalicelib.runs.nodes import get_node_run
from chalicelib.spec.agent_task import task_of
from chalicelib.spec.canonical import digest
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store import transcripts
from chalicelib.store.accounts import require_run
from chalicelib.store.record import plain
from chalicelib.store.run_records import NodeAttempt, Usage
from chalicelib.workers.kept_trail import KeptTrail
from chalicelib.workers.work import Work

_CHANGING: Final = re.compile(r"\$(now|millis|random|uuid)\b")
_TASK: Final = "task_sha256"
_RESUME: Final = "resume"
_TOLD: Final = "told_before"


def standing(work: Work) -> Work:
    """With the conversation that was entered last: the one that somebody else's entry has left."""
    return replace(work, talk=transcripts.standing(work.attempt))


def taken_up(work: Work, node: AgentCall, values: Mapping[str, Json]) -> Work:
    """With the conversation that this entry goes on with, or begins."""
    left = standing(work)
    resume = work.attempt.fence.resume
    if left.talk == resume:
        return left
    found = transcripts.find(left.attempt)
    is_same = found is None or found.body.get(_TASK) in {None, task_digest(node, values)}
    return left if is_same else replace(work, talk=resume)


def task_digest(node: AgentCall, values: Mapping[str, Json]) -> str:
    """Stands for what the agent is asked. Values that come out otherwise each time (`$now()`) are left out."""
    read: JsonObject = {text: value for text, value in values.items() if not is_changing(text)}
    return digest({**task_of(node), "values": read})


def is_changing(expression: str) -> bool:
    """Whether it comes out otherwise each time it is read."""
    return _CHANGING.search(expression) is not None


def told_before(work: Work) -> Usage:
    """What the node's visit had been told to have spent when the conversation began: in a resumed run, by an earlier one."""
    left = standing(work)
    found = transcripts.find(left.attempt) if left.talk else None
    return Usage() if found is None else _usage(found.body)


@dataclass(slots=True)
class KeptConversation:
    """The agent's checkpoint, in the table: of a node's conversation, or with `part`, the key of a call (`call-3`, within that `call-3/call-1`), of
    an agent that it handed a task to. Beside the node's own stands the trail of its calls."""

    attempt: NodeAttempt
    task: AgentTask
    task_sha256: str = ""
    part: str = ""
    trail: KeptTrail | None = None
    told: Usage = field(init=False, default_factory=Usage)

    def load(self) -> Transcript | None:
        found = transcripts.enter(self.attempt, self.part)
        if found is None:
            node_run = get_node_run(self.attempt) if self.attempt.talk else None
            self.told = Usage() if node_run is None else node_run.visit_usage
            return None
        self.told = _usage(found.body)
        if self.trail is not None:
            self.trail.take_up(found.body)
        transcript, saved_in = Transcript.from_json(found.body), found.body.get(_RESUME, 0)
        is_older = isinstance(saved_in, int) and saved_in < self.attempt.fence.resume
        return resumed(self.task, transcript) if is_older else transcript

    def save(self, transcript: Transcript) -> None:
        """Nothing goes on in a run that was cancelled or has timed out: nobody kills its workers. Raises RunEnded, StaleAttempt."""
        require_run(self.attempt)
        about: JsonObject = {_RESUME: self.attempt.fence.resume, _TOLD: plain(self.told), **({_TASK: self.task_sha256} if self.task_sha256 else {})}
        trail = self.trail.shown if self.trail is not None else {}
        transcripts.save(self.attempt, {**transcript.to_json(), **about, **trail}, revision=transcript.revision, part=self.part)


def kept(attempt: NodeAttempt, part: str = "") -> Transcript | None:
    """The conversation as it stands, for whoever only reads it."""
    found = transcripts.find(attempt, part)
    return None if found is None else Transcript.from_json(found.body)


def _usage(body: JsonObject) -> Usage:
    return Usage.model_validate(body.get(_TOLD) or {})
