"""The worker of an `agent_call` with tools: one entry into its conversation.

In: the work and its values. Out: `{Next, output}`: `done` with the node's output, `again` where the worker's time is short, `wait` where a call waits
for a person or for a workflow. The conversation is kept after each turn and each call, so an entry may die anywhere; nothing that the model says
is done without the loop's checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.agents.loop import Finished, Outcome, Suspended, Yielded, run_agent
from chalicelib.agents.task import AgentTask
from chalicelib.agents.transcript import CallRecord, Transcript
from chalicelib.errors import BudgetExceeded
from chalicelib.providers.model import Usage as ModelUsage
from chalicelib.runs.nodes import NextWait, get_node_run, node_started, node_succeeded
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store import transcripts
from chalicelib.store.accounts import require_run
from chalicelib.store.run_records import NodeAttempt, Usage
from chalicelib.workers.agent import agent_task, shown_request, usage_details
from chalicelib.workers.agent_budget import asks_people, keep_asking, settle_budget
from chalicelib.workers.agent_tools import NodeTools, steady
from chalicelib.workers.agent_verdicts import CallVerdicts
from chalicelib.workers.failures import CameTooLate
from chalicelib.workers.models import Models
from chalicelib.workers.outputs import fitted
from chalicelib.workers.work import Work

MARGIN_SECONDS: Final = 60.0  # a turn and what it calls should fit into it
_MARGIN_SHARE: Final = 0.2  # of the time there is, where that is little
_SHOWN_CALLS: Final = 40


@dataclass(frozen=True, slots=True)
class KeptConversation:
    """The agent's checkpoint, in the table."""

    attempt: NodeAttempt
    part: str = ""

    def load(self) -> Transcript | None:
        found = transcripts.enter(self.attempt, self.part)
        return None if found is None else Transcript.from_json(found.body)

    def save(self, transcript: Transcript) -> None:
        """Nothing goes on in a run that was cancelled or has timed out: nobody kills its workers. Raises RunEnded, StaleAttempt."""
        require_run(self.attempt)
        transcripts.save(self.attempt, transcript.to_json(), revision=transcript.revision, part=self.part)


def work_on(work: Work, node: AgentCall, values: Mapping[str, Json]) -> JsonObject:
    """Enter the agent's conversation. Raises what the agent raises, with what the whole conversation cost."""
    models = Models(work, node)
    task = agent_task(node, values, models)
    shown: JsonObject = {**shown_request(task, models), "tools": [grant.called for grant in node.grants]}
    replay = node_started(work.attempt, input=shown, settled=work.payload.settled)
    if replay is not None:
        return _step("done", replay.result)
    settle_budget(work)
    tools = NodeTools(work, node, steady(work, values))
    try:
        outcome = _entered(work, node, task, models, tools)
    except BudgetExceeded as failure:
        if not asks_people(work, failure):
            raise
        keep_asking(work, failure)
        return _step("wait", None)
    match outcome:
        case Yielded():
            return _step("again", None)
        case Suspended():
            return _step("wait", None)
        case Finished():
            return _finish(work, models, outcome)


def _entered(work: Work, node: AgentCall, task: AgentTask, models: Models, tools: NodeTools) -> Outcome:
    """The conversation, as far as it goes this time."""
    return run_agent(
        replace(task, tools=tools.offered),
        ask=models.ask,
        toolbox=tools,
        checkpoint=KeptConversation(work.attempt),
        verdicts=CallVerdicts(work, node),
        seconds_left=work.seconds_left,
        margin_seconds=min(MARGIN_SECONDS, work.seconds_left() * _MARGIN_SHARE),
        on_usage=lambda spent: _note(work, spent),
        took=tools.took,
    )


def spent_since(work: Work, whole: ModelUsage | None) -> Usage:
    """What of the conversation's cost is not in the node run yet."""
    node_run = get_node_run(work.attempt)
    told = node_run.visit_usage if node_run is not None and node_run.fence.is_same_visit(work.attempt.fence) else Usage()
    return stored_usage(whole).less(told)


def stored_usage(used: ModelUsage | None) -> Usage:
    if used is None:
        return Usage()
    return Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens, cost=used.cost or 0)


def _finish(work: Work, models: Models, outcome: Finished) -> JsonObject:
    whole = outcome.usage
    _note(work, whole)
    if work.is_too_late:
        raise CameTooLate("the work took longer than its time limit; what it gave came too late")
    next_wait = work.payload.next_wait
    result = node_succeeded(
        work.attempt,
        result=fitted(work, outcome.value),
        usage=spent_since(work, whole),
        details=_details(models, outcome, whole),
        next_wait=None if next_wait is None else NextWait(next_wait.node, next_wait.until),
    )
    return _step("done", result)


def _details(models: Models, outcome: Finished, whole: ModelUsage | None) -> JsonObject:
    calls: list[Json] = [_shown_call(record) for record in outcome.calls[-_SHOWN_CALLS:]]
    details: JsonObject = {**(usage_details(whole) if whole is not None else {}), "turns": outcome.turns, "calls": calls, **models.details}
    if outcome.stopped is not None:
        details["stopped"] = outcome.stopped
    return details


def _shown_call(record: CallRecord) -> JsonObject:
    """A call as people see it beside the node: what and on whose word; the arguments are in the conversation."""
    shown: JsonObject = {"number": record.number, "turn": record.turn, "name": record.name, "came": record.came}
    optional: dict[str, Json] = {"policy": record.policy, "why": record.why, "by": list(record.by), "edited": record.edited}
    return shown | {name: value for name, value in optional.items() if value}


def _step(following: str, output: Json) -> JsonObject:
    return {"Next": following, "output": output}


def _note(work: Work, spent: ModelUsage | None) -> None:
    """What the conversation cost so far, for the record of a failure."""
    if spent is not None:
        work.spent[:] = [spent]
