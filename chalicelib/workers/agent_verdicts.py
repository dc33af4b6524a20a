"""What an agent's calls wait for in the middle of its work: a person's word at a gate, the end of a workflow's run.

In: the work of an agent node. Out: `wait_for_call` begins the wait (the worker of `<node>--wait`), `CallVerdicts` finds out what came of it when the
agent is entered again. The machine enters the agent only once it has stopped waiting, so whatever is still open then has timed out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.agents.task import PendingCall, Verdict
from chalicelib.agents.transcript import CallState
from chalicelib.channels.fallback import route
from chalicelib.errors import StaleAttempt
from chalicelib.gates.close import close_call
from chalicelib.gates.open import Question, open_gate
from chalicelib.runs.follow_up import stop
from chalicelib.runs.nodes import node_waiting
from chalicelib.runs.start import Parent, start
from chalicelib.runs.take_up import find_child, is_left_behind, take_up
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store import gates, pointers, runs
from chalicelib.store.blobs import json_text
from chalicelib.store.gate_records import Decision, GateChoice
from chalicelib.store.run_records import NodeAttempt, Run, Trigger
from chalicelib.store.statuses import GateStatus, RunStatus
from chalicelib.workers.agent_budget import budget_question, open_question
from chalicelib.workers.agent_tools import Granted, NodeTools, of_call, steady
from chalicelib.workers.conversation import kept, standing
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.subworkflow import pinned_child
from chalicelib.workers.tool import shown_arguments
from chalicelib.workers.warn import warn
from chalicelib.workers.work import Work

APPROVE: Final = "approve"
EDIT: Final = "edit"
REJECT: Final = "reject"
ANSWER: Final = "answer"
MAX_FORM_SCHEMA: Final = 32 * 1024  # servers say how large the schemas of their tools are
_ARGUMENTS: Final = "urn:sluice:arguments"  # so that `#/$defs/…` in a tool's schema is still its own within the form's


def wait_for_call(work: Work, node: AgentCall, values: Mapping[str, Json]) -> JsonObject:
    """Begin to wait for the first call that is still open. Nothing that the machine waits for is given: it comes by the token."""
    token = work.payload.token
    if token is None:
        raise PayloadInvalid("an agent that waits needs a task token")
    work = standing(work)
    asking = open_question(work)
    if asking is not None:
        return _ask(work, asking, node, lambda channels: budget_question(work, node, channels=channels), token)
    tools, call = _first_open(NodeTools(work, node, steady(work, values), anew=True))
    granted = tools.granted.get(call.use.name)
    if granted is None:
        raise PayloadInvalid(f"{work.payload.node} has no tool {call.use.name}")
    grant = granted.grant
    attempt = of_call(tools, call.number)
    if call.reason == "suspends":
        return {"run_id": _start_child(work, attempt, grant, {**call.use.arguments, **tools.fixed(grant)}, token).id}
    return _ask(work, attempt, node, lambda channels: _question(tools, granted, call, channels=channels), token)


def _ask(work: Work, attempt: NodeAttempt, node: AgentCall, question: Callable[[tuple[str, ...]], Question], token: str) -> JsonObject:
    """Open a gate in the middle of the agent's work."""
    routed = route(tuple(node.ask.channels))
    warn(work.attempt, routed.warnings)
    gate = open_gate(attempt, token=token, question=question(routed.channels), deadline_seconds=work.payload.deadline_seconds)
    return {"gate_id": gate.id}


@dataclass(frozen=True, slots=True)
class CallVerdicts:
    """What came of the calls of one conversation."""

    tools: NodeTools

    def find(self, call: PendingCall) -> Verdict | None:
        attempt = of_call(self.tools, call.number)
        if call.reason == "suspends":
            return self._of_child(attempt, call)
        gate = close_call(attempt)
        if gate is None:
            return None
        if gate.status is GateStatus.DECIDED and gate.decision is not None:
            return verdict_of(gate.decision)
        return Verdict("timed_out", text="nobody decided in time")

    def _of_child(self, attempt: NodeAttempt, call: PendingCall) -> Verdict | None:
        grant = next((each for each in self.tools.grants if each.called == call.use.name), None)
        if grant is None or grant.workflow is None:
            return None
        child = find_child(attempt, pinned_child(self.tools.work, grant.workflow))
        if child is None or is_left_behind(child, attempt):
            return None  # to be started, or to be taken up again with its parent
        match child.status:
            case RunStatus.SUCCEEDED:
                output = runs.get_output(child.organisation_id, child.id)
                return Verdict("finished", value=pointers.resolve_all(child.organisation_id, output))
            case status if status.is_terminal:
                why = f"{child.error.name}: {child.error.message}" if child.error else status.value
                return Verdict("failed", text=f"run {child.id} of {child.workflow_name}: {why}")
            case _:
                _refuse_stale(attempt, child)
                stop(child.organisation_id, child.id, by=f"run:{attempt.run_id}", reason="the agent that waited for it waits no longer")
                return Verdict("timed_out", text=f"run {child.id} of {child.workflow_name} took too long")


def verdict_of(decision: Decision) -> Verdict:
    """A person's decision in the agent's words."""
    form = decision.form if isinstance(decision.form, dict) else {}
    match decision.choice:
        case "approve":
            return Verdict("approved", by=decision.by)
        case "edit":
            arguments = form.get("arguments")
            return Verdict("edited", arguments=arguments if isinstance(arguments, dict) else {}, by=decision.by)
        case "answer":
            return Verdict("answered", text=str(form.get("answer") or ""), value=form.get("answer"), by=decision.by)
        case _:
            return Verdict("rejected", text=decision.reason or "", by=decision.by)


def _first_open(tools: NodeTools) -> tuple[NodeTools, CallState]:
    """The first call that waits and has no answer yet, wherever in the tree of conversations, with the tools of its own."""
    waiting = list(_waiting(tools))
    for inner, call in waiting:
        attempt = of_call(inner, call.number)
        gate = None if call.reason == "suspends" else gates.find_of(attempt)
        if gate is None or gate.status is GateStatus.OPEN:
            return inner, call
    if not waiting:
        raise PayloadInvalid(f"{tools.work.payload.node} waits for nothing")
    return waiting[0]


def _waiting(tools: NodeTools) -> Iterator[tuple[NodeTools, CallState]]:
    """The calls that wait, in the models' order; a task that was handed on and is not done may hold some."""
    conversation = kept(tools.work.attempt, tools.part)
    for call in conversation.calls if conversation is not None else ():
        if call.status == "waiting":
            yield tools, call
        elif call.status != "done" and (inner := tools.inside(call.use.name, call.key)) is not None:
            yield from _waiting(inner)


def _question(tools: NodeTools, granted: Granted, call: CallState, *, channels: tuple[str, ...]) -> Question:
    node, grant = tools.node, granted.grant
    arguments: JsonObject = {**call.use.arguments, **shown_arguments(tools.fixed(grant))}
    details: JsonObject = {"tool": call.use.name, "arguments": arguments, "effect": grant.effect.value}
    if grant.mcp is not None:
        details |= {"server": grant.mcp, "remote_tool": granted.remote}
    if granted.listed is not None:
        details |= tools.pins.shown(granted.listed)
    if call.why:
        details["why"] = call.why
    if tools.agents:
        details["handed_to"] = list(tools.agents)
    form: JsonObject = {
        "type": "object",
        "properties": {
            "arguments": {"$id": _ARGUMENTS, **_form_of(granted.offered.arguments), "title": "Arguments", "default": call.use.arguments},
            "answer": {"type": "string", "title": "Answer"},
        },
        "additionalProperties": False,
    }
    return Question(
        ask=f"{_who_asks(tools)} wants to call {call.use.name}. May it?",
        details=details,
        choices=(
            GateChoice(choice=APPROVE, title="Approve", fields=()),
            GateChoice(choice=EDIT, title="Approve with other arguments", fields=("arguments",)),
            GateChoice(choice=REJECT, title="Reject", approves=False, fields=()),
            GateChoice(choice=ANSWER, title="Answer in its place", approves=False, fields=("answer",)),
        ),
        any_of=tuple(node.ask.who.any_of),
        at_least=node.ask.who.at_least,
        allow_self_approval=node.ask.who.allow_self_approval,
        channels=channels,
        form=form,
    )


def _who_asks(tools: NodeTools) -> str:
    title = tools.node.title or tools.work.payload.node
    return f"{tools.agents[-1]}, at work for {title}," if tools.agents else title


def _form_of(schema: JsonObject) -> JsonObject:
    """A schema as a gate may hold it. What people change is checked against the whole of it in any case."""
    return schema if len(json_text(schema)) <= MAX_FORM_SCHEMA else {"type": "object"}


def _start_child(work: Work, attempt: NodeAttempt, grant: ToolGrant, given: JsonObject, token: str) -> Run:
    """The run of a workflow that the agent called, or the one that this call has started before, which a resume takes up again."""
    pinned = pinned_child(work, grant.workflow or "")
    payload = work.payload
    principal = Principal(payload.organisation_id, runs.get(payload.organisation_id, payload.run_id).started_by)
    parent = Parent(attempt=attempt, token=token, deadline_seconds=payload.deadline_seconds)
    trigger = Trigger(type="workflow", source=payload.run_id)
    child = take_up(principal, parent, pinned, given) or start(
        principal, workflow_id=pinned.workflow_id, input=given, version=pinned.version, trigger=trigger, parent=parent
    )
    node_waiting(attempt, waiting_for="child", reference=child.id, until=child.deadline_at)
    return child


def _refuse_stale(attempt: NodeAttempt, child: Run) -> None:
    """A run that the machine came to wait for after the attempt began is not this one's to stop. Raises StaleAttempt."""
    link = runs.find_parent(child.organisation_id, child.id)
    if link is not None and link.attempt.fence.order > attempt.fence.order:
        raise StaleAttempt(f"{attempt.node} waits for run {child.id} since this attempt began")
