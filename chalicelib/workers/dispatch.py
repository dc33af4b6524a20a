"""What every Task state invokes: one attempt of one node, recorded from its beginning to its end.

In: a Task's payload (contract 1). Out: the node's output as the machine shall have it, or an exception whose class name is the error's name there.
Never: an attempt that leaves no trace (a worker that dies is told by the machine), an effect under two keys, an output that a state cannot hold.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from chalicelib.agents.failures import AgentStopped, OutputInvalid
from chalicelib.compiler.retries import is_tried_again
from chalicelib.errors import SluiceError
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import Usage as ModelUsage
from chalicelib.runs.nodes import NextWait, node_continued, node_failed, node_retrying, node_started, node_succeeded
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, HumanGate, Map, Message, Polling, SubWorkflow, ToolCall, WorkerNode
from chalicelib.store.run_records import Fault, Usage
from chalicelib.workers import agent, agent_elsewhere, agent_task, agent_verdicts, agent_work, gate, message, model_router, subworkflow, tool
from chalicelib.workers.collect import collect_results
from chalicelib.workers.failures import SILENT, CameTooLate, NodeCrashed, named
from chalicelib.workers.load import load_outputs
from chalicelib.workers.outputs import fitted
from chalicelib.workers.payload import PayloadInvalid, parse_payload
from chalicelib.workers.values import resolved
from chalicelib.workers.version_nodes import version_nodes
from chalicelib.workers.work import Done, Work, clock

_log: Final = logging.getLogger(__name__)
Prepared = tuple[JsonObject, Callable[[], Done]]


def dispatch(event: object, context: Any = None) -> Json:
    """Serve one Task. `context` is the Lambda's, for the time that is left."""
    payload = parse_payload(event)
    if payload.load:
        return load_outputs(payload)
    version_node = version_nodes(payload.organisation_id, payload.version_id).get(payload.node)
    if version_node is None:
        raise PayloadInvalid(f"version {payload.version_id} has no node {payload.node}")
    work = Work(payload, version_node, clock(context, version_node))
    try:
        return _serve(work)
    except Exception as error:
        raise _recorded(work, error) from error
    finally:
        model_router.flush()


def _recorded(work: Work, error: Exception) -> SluiceError:
    """The failure as the machine shall see it, told as far as it can be."""
    payload, failure = work.payload, named(error)
    if isinstance(failure, NodeCrashed):
        _log.error("a worker crashed", exc_info=error, extra={"run_id": payload.run_id, "node": payload.node})
    if not payload.close and not payload.collect:
        _record_failure(work, failure)
    return failure


def _serve(work: Work) -> Json:
    """By node type. The close states of gates and sub-workflows record their own failures."""
    node = work.version_node.node
    match node:
        case Map() if work.payload.collect:
            return collect_results(work)
        case HumanGate() if work.payload.close:
            return gate.close(work, node)
        case SubWorkflow() | CallsWorkflow() if work.payload.close:
            return subworkflow.close(work)
        case ToolCall() | AsksAgent() if work.payload.wait:
            agent_task.wait_for_word(work)
            return None
        case AgentCall() if work.payload.wait:
            return agent_verdicts.wait_for_call(work, node, resolved(work.payload))
        case _:
            return _begin(work, resolved(work.payload))


def _begin(work: Work, values: Mapping[str, Json]) -> Json:
    node = work.version_node.node
    match node:
        case HumanGate():
            return gate.ask(work, node, values)
        case SubWorkflow():
            return subworkflow.begin(work, node, values)
        case Message(wait_for_reply=True):
            return message.ask(work, node, values)
        case CallsWorkflow():
            return agent_elsewhere.begin_run(work, node, values)
        case AsksAgent():
            return agent_elsewhere.ask_agent(work, node, values)
        case AgentCall() if node.is_entered_again(work.facts.budget):
            return agent_work.work_on(work, node, values)
        case AgentCall():
            return _carry_out(work, agent.prepare(work, node, values))
        case ToolCall(wait=Polling() as wait):
            return agent_task.work_on(work, agent_task.call_of(node, values), wait)
        case ToolCall():
            return _carry_out(work, tool.prepare(work, node, values))
        case Message():
            return _carry_out(work, message.prepare(work, node, values))
        case _:
            raise PayloadInvalid(f"{work.payload.node} is a {node.type}, which the machine serves itself")


def _carry_out(work: Work, prepared: Prepared) -> Json:
    """Do what ends in this invocation. A visit that has its output already gives it again."""
    shown, act = prepared
    replay = node_started(work.attempt, input=shown, settled=work.payload.settled)
    if replay is not None:
        return replay.result
    done = act()
    if done.usage is not None:
        work.spent.append(done.usage)
    if work.is_too_late:
        raise CameTooLate("the work took longer than its time limit; what it gave came too late")
    return node_succeeded(work.attempt, result=fitted(work, done.output), usage=_usage(done.usage), details=done.details, next_wait=_next_wait(work))


def _record_failure(work: Work, failure: SluiceError) -> None:
    """Tell how the attempt ended. What cannot be written here is in the machine's history, from which a run's end is told."""
    if isinstance(failure, SILENT):
        return
    fault = Fault(name=type(failure).__name__, message=str(failure), code=failure.code, retryable=failure.retryable)
    try:
        _tell_failure(work, fault, _used(work, failure))
    except Exception:
        _log.exception("a node's failure could not be recorded", extra={"run_id": work.payload.run_id, "node": work.payload.node})


def _tell_failure(work: Work, fault: Fault, used: ModelUsage | None) -> None:
    node = work.version_node.node
    usage, details = _spent(work, used), {**work.chosen_agent, **(agent.usage_details(used) if used is not None else {}), **work.trail.shown} or None
    if isinstance(node, WorkerNode) and is_tried_again(node.retry, fault.name, retries=work.payload.fence.retry):
        node_retrying(work.attempt, error=fault, usage=usage, details=details)
    elif isinstance(node, WorkerNode) and node.on_error == "continue":
        node_continued(work.attempt, error=fault, usage=usage, details=details, next_wait=_next_wait(work))
    else:
        node_failed(work.attempt, error=fault, usage=usage, details=details)


def _used(work: Work, failure: SluiceError) -> ModelUsage | None:
    """What the attempt spent all the same: a call that failed after it had answered, or work whose result could not be taken."""
    if isinstance(failure, ModelFailure | OutputInvalid | AgentStopped):
        return failure.usage
    return work.spent[-1] if work.spent else None


def _spent(work: Work, used: ModelUsage | None) -> Usage | None:
    """What this attempt spent. An agent that is entered again tells what its whole conversation did."""
    node = work.version_node.node
    if isinstance(node, AgentCall) and node.is_entered_again(work.facts.budget) and used is not None:
        return agent_work.spent_since(work, used)
    return _usage(used)


def _usage(used: ModelUsage | None) -> Usage | None:
    if used is None:
        return None
    return Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens, cost=used.cost or 0)


def _next_wait(work: Work) -> NextWait | None:
    told = work.payload.next_wait
    return None if told is None else NextWait(told.node, told.until)
