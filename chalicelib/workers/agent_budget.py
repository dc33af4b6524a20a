"""A run's budget is used up, and its workflow says that people are asked: may the run spend as much again? It is the node's own run, or one that
waits for it.

In: the work of an agent node that met the limit. Out: `keep_asking` notes it before the node leaves, `budget_question` is the gate's (opened by the
worker of `<node>--wait`), `settle_budget` finds out what was decided once the node is entered again. An approval raises the run's limit once, however
often it is told. Silence and refusal end the node with the error that it met.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.access.budgets import raise_run_limit
from chalicelib.errors import BudgetExceeded
from chalicelib.gates.close import close_call
from chalicelib.gates.open import Question
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store import transcripts
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.statuses import GateStatus
from chalicelib.workers.spots import budget_of
from chalicelib.workers.work import Work

GO_ON: Final = "go_on"
STOP: Final = "stop"
_PART: Final = "budget"
_FIRST_NUMBER: Final = 1_000_000  # of such questions among an agent's calls
_DOLLAR: Final = 1_000_000


def asks_people(work: Work, node: AgentCall, failure: BudgetExceeded) -> bool:
    """Whether this limit is one that people may raise here: a run's whose own workflow says so, met by a node that can wait."""
    budget = budget_of(work, _run_of(failure.figures))
    return budget is not None and budget.asks and failure.figures.get("scope") == "run" and node.may_wait(work.facts.budget)


def keep_asking(work: Work, failure: BudgetExceeded) -> None:
    """Note what is to be asked. Raises StaleAttempt when another attempt has gone on."""
    found = transcripts.enter(work.attempt, _PART)
    revision = 0 if found is None else found.revision
    asked = 1 if found is None else _count(found.body) + 1
    body: JsonObject = {"asked": asked, "open": True, "resume": work.attempt.fence.resume, "message": str(failure), "figures": dict(failure.figures)}
    transcripts.save(work.attempt, body, revision=revision + 1, part=_PART)


def open_question(work: Work) -> NodeAttempt | None:
    """In whose name the node waits at its budget; None where it does not."""
    found = transcripts.find(work.attempt, _PART)
    return None if found is None or not found.body["open"] else _asking(work, found.body)


def budget_question(work: Work, node: AgentCall, *, channels: tuple[str, ...]) -> Question:
    found = transcripts.find(work.attempt, _PART)
    figures: Json = {} if found is None else found.body["figures"]
    budget, run_id = budget_of(work, _run_of(figures)), _run_of(figures)
    whose = "The run's budget" if run_id in {"", work.payload.run_id} else f"The budget of run {run_id}, which waits for this one,"
    amount = 0 if budget is None else budget.micro_dollars
    return Question(
        ask=f"{whose} of ${amount / _DOLLAR:.2f} is used up at {node.title or work.payload.node}. May it spend as much again?",
        details=figures,
        choices=(GateChoice(choice=GO_ON, title="Go on"), GateChoice(choice=STOP, title="Stop", approves=False)),
        any_of=tuple(node.ask.who.any_of),
        at_least=node.ask.who.at_least,
        allow_self_approval=node.ask.who.allow_self_approval,
        channels=channels,
    )


def settle_budget(work: Work) -> None:
    """On entering again: raise the limit if people said so. Raises BudgetExceeded if they did not."""
    found = transcripts.find(work.attempt, _PART)
    if found is None or not found.body["open"]:
        return
    run_id = _run_of(found.body["figures"])
    budget = budget_of(work, run_id)
    transcripts.enter(work.attempt, _PART)
    gate = close_call(_asking(work, found.body))
    decision = gate.decision if gate is not None and gate.status is GateStatus.DECIDED else None
    if (decision is None or decision.choice != GO_ON) and found.body.get("resume", 0) != work.attempt.fence.resume:
        transcripts.save(work.attempt, {**found.body, "open": False}, revision=found.revision + 1, part=_PART)
        return  # who resumes the run has it tried again; where it still meets its limit, people are asked anew
    if budget is None or gate is None or decision is None or decision.choice != GO_ON:
        why = "nobody allowed more in time" if decision is None else f"{', '.join(decision.by)} allowed no more"
        figures = found.body["figures"]
        raise BudgetExceeded(f"{found.body['message']}; {why}", figures if isinstance(figures, dict) else {})
    raise_run_limit(work.payload.organisation_id, run_id or work.payload.run_id, budget.micro_dollars, key=gate.id)
    transcripts.save(work.attempt, {**found.body, "open": False}, revision=found.revision + 1, part=_PART)


def _asking(work: Work, body: JsonObject) -> NodeAttempt:
    return work.attempt.model_copy(update={"call": _FIRST_NUMBER + _count(body)})


def _run_of(figures: object) -> str:
    """Whose limit was met; empty for the node's own run."""
    run_id = figures.get("run_id") if isinstance(figures, Mapping) else None
    return run_id if isinstance(run_id, str) else ""


def _count(body: JsonObject) -> int:
    asked = body["asked"]
    return asked if isinstance(asked, int) else 0
