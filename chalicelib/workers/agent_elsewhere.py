"""The workers of agent nodes that a published workflow or an external agent serves.

In: the work and its values. Out: what the machine waits for: nothing but the token of a child run, or the next step of an external agent's task.
Whoever does it, the node puts out what agent nodes promise (`runs.promise`). Who was chosen, and why, is in the node run from its beginning.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.agents.failures import AgentUnknown
from chalicelib.providers.structured import NotJson, read_json
from chalicelib.runs.nodes import node_started, node_waiting
from chalicelib.runs.promise import kept_promise
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow, text_field
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import workflows
from chalicelib.store.runs import Promise
from chalicelib.tools.failures import AgentRefused
from chalicelib.workers import agent_task
from chalicelib.workers.agent_task import Sending
from chalicelib.workers.failures import PromiseBroken
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.subworkflow import pinned_child, start_child
from chalicelib.workers.values import rendered_text
from chalicelib.workers.work import Work
from chalicelib.workflows import tool_reach

_DONE: Final = "completed"


def begin_run(work: Work, node: CallsWorkflow, values: Mapping[str, Json]) -> JsonObject:
    """Start the run that serves the node, or find the one that this visit has started. Raises WorkflowNotFound where the workflow was deleted."""
    prompt, pinned = rendered_text(node.prompt, values), pinned_child(work, node.workflow)
    schema = workflows.get_version(work.payload.organisation_id, pinned.version_id).spec.get("input")
    field = text_field(schema if isinstance(schema, dict) else {})
    if field is None:
        raise PayloadInvalid(f"the workflow {node.workflow} takes no single text")
    node_started(work.attempt, input={"agent": node.agent_named, "prompt": prompt}, settled=work.payload.settled)
    child = start_child(work, node.workflow, {field: prompt}, promise=Promise(output=node.output))
    node_waiting(work.attempt, waiting_for="child", reference=child.id, until=child.deadline_at, details=work.chosen_agent)
    return {"run_id": child.id}


def ask_agent(work: Work, node: AsksAgent, values: Mapping[str, Json]) -> JsonObject:
    """One entry: send the prompt, or ask how its task stands. Raises AgentUnknown where the agent is registered no more."""
    if node.external not in tool_reach.OrganisationAgents(work.payload.organisation_id):
        raise AgentUnknown(f"there is no external agent {node.external} any more; register it again, or publish the workflow with another")
    prompt = rendered_text(node.prompt, values)
    sending = Sending(
        arguments={"agent": node.external, "text": prompt},
        shown={"agent": node.agent_named, "prompt": prompt},
        take=lambda said: _promised(node, said),
        details=work.chosen_agent,
    )
    return agent_task.work_on(work, sending, node.wait)


def _promised(node: AsksAgent, said: JsonObject) -> Json:
    """What the task came to. Raises AgentRefused for a task that did not end well, PromiseBroken for an answer that breaks the schema."""
    state, text = said["state"], said.get("text")
    if state != _DONE:
        raise AgentRefused(f"the agent {node.external} ended the task as {state}{f': {text}' if text else ''}")
    value, faults = kept_promise(node.output, _value(node, said))
    if faults:
        raise PromiseBroken(f"the answer of {node.external} is not the output that the node promises: {'; '.join(faults)}")
    return value


def _value(node: AsksAgent, said: JsonObject) -> Json:
    """Where a schema is promised, the first data that the agent gives, else its text as JSON; without one all that it says."""
    data = said.get("data")
    if node.output is None:
        return {"text": said.get("text") or "", "data": data}
    if isinstance(data, list) and data:
        return data[0]
    try:
        return read_json(str(said.get("text") or ""))
    except NotJson as fault:
        raise PromiseBroken(f"the answer of {node.external} is not the output that the node promises: {fault}") from fault
