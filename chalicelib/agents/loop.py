"""The loop of model and tools, durable: killed at any point and entered again, it goes on where it was and does nothing twice.

In: a task and ports (`agents.task`). Out: `Finished`, `Yielded` (near the time limit: enter again) or `Suspended` (a call waits: enter again with its
verdict); or a named error that knows what the conversation cost. Knows neither the store nor the runs.

The order that makes it hold: a model's turn is kept before any of its calls is looked at, so numbers of calls never change; a call with an effect
is kept as `running` before it runs, and runs again under the same key if a process finds it so; its result is kept before the next thing happens.
Each save is conditional on the revision, so of two attempts at once one gets StaleAttempt before it can run anything.

A limit (`max_turns`, `max_cost`) is followed by one last turn without tools: if it answers, the agent is finished and the outcome says which limit
was met; if not, AgentTurnsExceeded or AgentCostExceeded.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.agents import checks
from chalicelib.agents.answer import read_answer
from chalicelib.agents.failures import AgentCostExceeded, AgentStopped, AgentTurnsExceeded, OutputInvalid
from chalicelib.agents.intake import as_text, clean, take, take_last
from chalicelib.agents.requests import can_shorten, next_request
from chalicelib.agents.task import AgentTask as AgentTask
from chalicelib.agents.task import AgentTool as AgentTool
from chalicelib.agents.task import Ask as Ask
from chalicelib.agents.task import Checkpoint as Checkpoint
from chalicelib.agents.task import PendingCall as PendingCall
from chalicelib.agents.task import Toolbox as Toolbox
from chalicelib.agents.task import Verdict as Verdict
from chalicelib.agents.task import Verdicts as Verdicts
from chalicelib.agents.transcript import CallRecord as CallRecord
from chalicelib.agents.transcript import CallState, Limit
from chalicelib.agents.transcript import Transcript as Transcript
from chalicelib.errors import RunEnded, SluiceError, StaleAttempt, Unavailable
from chalicelib.providers.failures import ContextTooLong, ModelFailure
from chalicelib.providers.model import ModelMessage, ModelResponse, Usage, user
from chalicelib.providers.structured import repair_request
from chalicelib.spec.model import Json

_STOPPED: Final[dict[Limit, type[AgentStopped]]] = {"turns": AgentTurnsExceeded, "cost": AgentCostExceeded}


@dataclass(frozen=True, slots=True)
class Finished:
    """`value` is the node's output. `stopped` names the limit after which the last turn answered."""

    value: Json
    usage: Usage | None
    turns: int
    calls: tuple[CallRecord, ...]
    stopped: Limit | None = None


@dataclass(frozen=True, slots=True)
class Yielded:
    """Time is short; everything is kept. Each entry gets at least one turn or call further."""

    usage: Usage | None
    turns: int


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing is left to do before `call` has its verdict. `others` of the same turn wait, too."""

    call: PendingCall
    usage: Usage | None
    turns: int
    others: tuple[PendingCall, ...] = ()


Outcome = Finished | Yielded | Suspended


def _unheard(_usage: Usage) -> None: ...


def _nothing(_key: str) -> None: ...


def run_agent(
    task: AgentTask,
    *,
    ask: Ask,
    toolbox: Toolbox,
    checkpoint: Checkpoint,
    verdicts: Verdicts,
    seconds_left: Callable[[], float],
    margin_seconds: float = 60,
    on_usage: Callable[[Usage], None] = _unheard,
    took: Callable[[str], Usage | None] = _nothing,
) -> Outcome:
    """`on_usage` is told what the whole conversation cost so far: on entering, and whenever that changes. `took` is asked what a call of that key
    cost in models of its own, once it has run: it counts, for the limit too.

    Raises a ModelFailure, OutputInvalid or AgentStopped, each with the usage of the whole conversation; StaleAttempt when another attempt has gone
    on.
    """
    transcript = checkpoint.load() or Transcript(clean(task.prompt))
    agent = _Agent(task, ask, toolbox, checkpoint, verdicts, lambda: seconds_left() < margin_seconds, on_usage, took, transcript)
    if transcript.usage is not None:
        on_usage(transcript.usage)
    while True:
        outcome = agent.go_on()
        if outcome is not None:
            return outcome


@dataclass(slots=True)
class _Agent:
    """One entry into a conversation. `transcript` is where it stands; `got_on`: something was kept in this entry, so yielding loses nothing."""

    task: AgentTask
    ask: Ask
    toolbox: Toolbox
    checkpoint: Checkpoint
    verdicts: Verdicts
    is_late: Callable[[], bool]
    on_usage: Callable[[Usage], None]
    took: Callable[[str], Usage | None]
    transcript: Transcript
    got_on: bool = False

    def go_on(self) -> Outcome | None:
        """One step further; None: there is more to do."""
        if self.transcript.calls:
            return self._serve()
        if self.transcript.answer is not None:
            return self._conclude(self.transcript.answer)
        if self.got_on and self.is_late():
            return self._yielded()
        self._turn()
        return None

    def _yielded(self) -> Yielded:
        return Yielded(self.transcript.usage, self.transcript.turns)

    def _save(self) -> None:
        saved = replace(self.transcript, revision=self.transcript.revision + 1)
        self.checkpoint.save(saved)
        self.transcript = saved
        self.got_on = True

    # --- the model's turns ------------------------------------------------------------------------------------

    def _turn(self) -> None:
        limit, before = self._limit(), self.transcript
        try:
            response = self._response(limit)
        except ModelFailure as failure:
            self._keep_failed(failure, before)
            raise
        self._spend(response.usage)
        taken = take_last(response) if limit is not None else take(response, first=self.transcript.next_number)
        turns = self.transcript.turns + 1
        messages = (*self.transcript.messages, taken.message)
        self.transcript = replace(self.transcript, messages=messages, calls=taken.calls, turns=turns, stopped=limit)
        self._save()

    def _response(self, limit: Limit | None) -> ModelResponse:
        """The model's answer; an overflow is met once in a conversation by shortening older results, and remembered."""
        key = f"turn-{self.transcript.turns + 1}"
        try:
            return self.ask(next_request(self.task, self.transcript, limit=limit), key)
        except ContextTooLong as failure:
            if not can_shorten(self.transcript):
                raise
            self._spend(failure.usage)
        self.transcript = replace(self.transcript, shortened=True)
        return self.ask(next_request(self.task, self.transcript, limit=limit), f"{key}-shortened")

    def _limit(self) -> Limit | None:
        """Turns that mend an answer come on top of `max_turns`: what bounds them is `repairs`."""
        if checks.is_spent(self.task, self.transcript.usage):
            return "cost"
        return "turns" if self.transcript.turns - self.transcript.repairs >= self.task.max_turns else None

    def _spend(self, usage: Usage | None) -> None:
        if usage is not None:
            spent = usage if self.transcript.usage is None else self.transcript.usage.plus(usage)
            self.transcript = replace(self.transcript, usage=spent)
            self.on_usage(spent)

    def _spend_beside(self, usage: Usage | None) -> None:
        """What others spent; who answers here is still told."""
        own = self.transcript.usage
        if usage is not None and own is not None:
            self._spend(replace(usage, provider=own.provider, model=own.model))

    def _keep_failed(self, failure: ModelFailure, before: Transcript) -> None:
        """What a failed call cost belongs to the conversation. A store that is away must not hide the failure; a newer attempt must."""
        self._spend(failure.usage)
        if self.transcript != before:
            with suppress(Unavailable):
                self._save()
        failure.usage = self.transcript.usage

    def _conclude(self, answer: ModelMessage) -> Finished | None:
        """Judges an answer: the output, or another turn to mend it."""
        transcript = self.transcript
        value, faults = read_answer(self.task.output, answer.text)
        if transcript.stopped is not None and (faults or not answer.text.strip()):
            raise self._stopped(transcript.stopped)
        if not faults:
            return Finished(value, transcript.usage, transcript.turns, transcript.records, transcript.stopped)
        if transcript.repairs >= self.task.repairs:
            assert transcript.usage is not None
            raise OutputInvalid(f"the answer does not satisfy the output schema: {'; '.join(faults[:3])}", usage=transcript.usage)
        asked = user(repair_request(faults))
        self.transcript = replace(transcript, messages=(*transcript.messages, asked), repairs=transcript.repairs + 1)
        return None

    def _stopped(self, limit: Limit) -> AgentStopped:
        usage, turns = self.transcript.usage, self.transcript.turns
        if limit == "turns":
            limits = f"{self.task.max_turns} turns"
        elif usage is not None and usage.cost is None:
            limits = f"a cost of {self.task.max_cost} micro-dollars, which cannot be kept: {usage.provider}:{usage.model} has no price"
        else:
            limits = f"a cost of {self.task.max_cost} micro-dollars"
        return _STOPPED[limit](f"the agent was stopped after {limits}, and its last turn brought no answer", usage=usage, turns=turns)

    # --- calls of tools ---------------------------------------------------------------------------------------

    def _serve(self) -> Outcome | None:
        """Takes every call of the open turn as far as it goes, in the model's order; those that wait hold up no others."""
        before = self.transcript
        for number in [call.number for call in before.calls]:
            late = self._take_on(number)
            if late is not None:
                return late
        waiting = tuple(_pending(call) for call in self.transcript.calls if call.status == "waiting")
        if not waiting:
            self.transcript = self.transcript.closed()
            return None
        if self.transcript != before:
            self._save()
        return Suspended(waiting[0], self.transcript.usage, self.transcript.turns, waiting[1:])

    def _take_on(self, number: int) -> Yielded | None:
        call = next(call for call in self.transcript.calls if call.number == number)
        if call.status == "asked":
            call = checks.checked(call, self.task, self.transcript.usage)
        if call.status == "waiting":
            call = self._heard(call)
        if call.status in {"ready", "running"}:
            if self.got_on and self.is_late():
                return self._yielded()
            self._run(call)
        else:
            self.transcript = self.transcript.put(call)
        return None

    def _heard(self, call: CallState) -> CallState:
        """A waiting call after all that is known of it: an approved one may go on to wait for its run."""
        while call.status == "waiting":
            verdict = self.verdicts.find(_pending(call))
            if verdict is None:
                return call
            call = checks.heard(call, verdict, self.task)
        return call

    def _run(self, call: CallState) -> None:
        tool = self.task.tool(call.use.name)
        if tool is None or tool.suspends:  # only a kept conversation of another task could say so
            self.transcript = self.transcript.put(call.settled("refused", "This tool cannot be called here."))
            return
        if tool.effect != "none" and call.status != "running":
            call = replace(call, status="running")
            self.transcript = self.transcript.put(call)
            self._save()
        self.transcript = self.transcript.put(self._result(call, tool))
        self._spend_beside(self.took(call.key))
        self._save()

    def _result(self, call: CallState, tool: AgentTool) -> CallState:
        try:
            return checks.ran(call, as_text(self.toolbox.run(call.use, key=call.key)))
        except (StaleAttempt, RunEnded):
            raise
        except SluiceError as error:
            return checks.failed(call, tool, str(error), retryable=error.retryable)


def _pending(call: CallState) -> PendingCall:
    assert call.reason is not None
    return PendingCall(call.number, call.use, call.reason, call.why)
