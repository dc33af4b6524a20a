"""The worker of an `agent_call` with tools: one entry into its conversation.

In: the work and its values. Out: `{Next, output}`: `done` with the node's output, `again` where the worker's time is short, `wait` where a call waits
for a person or for a workflow. The conversation is kept after each turn and each call, so an entry may die anywhere; nothing that the model says
is done without the loop's checks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chalicelib.agents.loop import Finished, Outcome, Suspended, Yielded, run_agent
from chalicelib.errors import BudgetExceeded
from chalicelib.providers.model import Usage as ModelUsage
from chalicelib.runs.nodes import NextWait, get_node_run, node_started, node_succeeded
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store.run_records import Usage
from chalicelib.workers.agent import agent_task, shown_request, usage_details
from chalicelib.workers.agent_budget import asks_people, keep_asking, settle_budget
from chalicelib.workers.agent_calls import shown_calls
from chalicelib.workers.agent_tools import NodeTools, steady
from chalicelib.workers.agent_verdicts import CallVerdicts
from chalicelib.workers.conversation import KeptConversation, taken_up, task_digest, told_before
from chalicelib.workers.delegation import AgentToolbox
from chalicelib.workers.failures import CameTooLate
from chalicelib.workers.models import Models
from chalicelib.workers.outputs import fitted
from chalicelib.workers.work import Work

MARGIN_SECONDS: Final = 60.0  # a turn and what it calls should fit into it
_MARGIN_SHARE: Final = 0.2  # of the time there is, where that is little


def work_on(work: Work, node: AgentCall, values: Mapping[str, Json]) -> JsonObject:
    """Enter the agent's conversation. Raises what the agent raises, with what the whole conversation cost."""
    work = taken_up(work, node, values)
    models = Models(work, node)
    task = agent_task(node, values, models)
    shown: JsonObject = {**shown_request(task, models), "tools": [grant.called for grant in node.grants]}
    replay = node_started(work.attempt, input=shown, settled=work.payload.settled)
    if replay is not None:
        return _step("done", replay.result)
    settle_budget(work)
    toolbox = AgentToolbox(NodeTools(work, node, steady(work, values)), min(MARGIN_SECONDS, work.seconds_left() * _MARGIN_SHARE))
    kept = KeptConversation(work.attempt, replace(task, tools=toolbox.tools.offered), task_digest(node, values), trail=work.trail)
    try:
        outcome = _entered(work, kept, models, toolbox)
    except BudgetExceeded as failure:
        if not asks_people(work, node, failure):
            raise
        keep_asking(work, failure)
        return _step("wait", None)
    match outcome:
        case Yielded():
            return _step("again", None)
        case Suspended():
            return _step("wait", None)
        case Finished():
            return _finish(work, models, toolbox, outcome)


def _entered(work: Work, kept: KeptConversation, models: Models, toolbox: AgentToolbox) -> Outcome:
    """The conversation, as far as it goes this time."""
    return run_agent(
        kept.task,
        ask=models.ask,
        toolbox=toolbox,
        checkpoint=kept,
        verdicts=CallVerdicts(toolbox.tools),
        seconds_left=work.seconds_left,
        margin_seconds=toolbox.margin_seconds,
        on_usage=lambda spent: _note(work, spent),
        took=toolbox.took,
    )


def spent_since(work: Work, whole: ModelUsage | None) -> Usage:
    """What of the conversation's cost is not in the node run yet."""
    node_run = get_node_run(work.attempt)
    told = node_run.visit_usage if node_run is not None and node_run.fence.is_same_visit(work.attempt.fence) else Usage()
    return stored_usage(whole).less(told.less(told_before(work)))


def stored_usage(used: ModelUsage | None) -> Usage:
    if used is None:
        return Usage()
    return Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens, cost=used.cost or 0)


def _finish(work: Work, models: Models, toolbox: AgentToolbox, outcome: Finished) -> JsonObject:
    whole = outcome.usage
    _note(work, whole)
    if work.is_too_late:
        raise CameTooLate("the work took longer than its time limit; what it gave came too late")
    next_wait = work.payload.next_wait
    result = node_succeeded(
        work.attempt,
        result=fitted(work, outcome.value),
        usage=spent_since(work, whole),
        details=_details(models, toolbox.tools, outcome),
        next_wait=None if next_wait is None else NextWait(next_wait.node, next_wait.until),
    )
    return _step("done", result)


def _details(models: Models, tools: NodeTools, outcome: Finished) -> JsonObject:
    told: JsonObject = {} if outcome.usage is None else usage_details(outcome.usage)
    details: JsonObject = {**told, "turns": outcome.turns, "calls": shown_calls(tools, outcome.calls), **models.details}
    if outcome.stopped is not None:
        details["stopped"] = outcome.stopped
    return details


def _step(following: str, output: Json) -> JsonObject:
    return {"Next": following, "output": output}


def _note(work: Work, spent: ModelUsage | None) -> None:
    """What the conversation cost so far, for the record of a failure."""
    if spent is not None:
        work.spent[:] = [spent]
