"""The loop of model and tools, durable: killed at any point and entered again, it goes on where it was and does nothing twice.

In: a task and ports (`agents.task`). Out: `Finished`, `Yielded` (near the time limit: enter again) or `Suspended` (a call waits: enter again with its
verdict); or a named error that knows what the conversation cost. Knows neither the store nor the runs.

The order that makes it hold: a model's turn is kept before any of its calls is looked at, so numbers of calls never change; a call with an effect
is kept as `running` before it runs, and runs again under the same key if a process finds it so; its result is kept before the model hears of it.
The calls of one turn run at once, in a few threads; this one alone saves. Each save is conditional on the revision, so of two attempts at once one
gets StaleAttempt before it can run anything.

A limit (`max_turns`, `max_cost`) is followed by one last turn without tools: if it answers, the agent is finished and the outcome says which limit
was met; if not, AgentTurnsExceeded or AgentCostExceeded.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from chalicelib.agents import checks
from chalicelib.agents.answer import read_answer
from chalicelib.agents.failures import AgentCostExceeded, AgentStopped, AgentTurnsExceeded, OutputInvalid
from chalicelib.agents.intake import as_text, clean, take, take_last
from chalicelib.agents.outcomes import Finished as Finished
from chalicelib.agents.outcomes import Outcome as Outcome
from chalicelib.agents.outcomes import Suspended as Suspended
from chalicelib.agents.outcomes import Yielded as Yielded
from chalicelib.agents.requests import can_shorten, next_request
from chalicelib.agents.task import AgentTask as AgentTask
from chalicelib.agents.task import AgentTool as AgentTool
from chalicelib.agents.task import Ask as Ask
from chalicelib.agents.task import Checkpoint as Checkpoint
from chalicelib.agents.task import PendingCall as PendingCall
from chalicelib.agents.task import Toolbox as Toolbox
from chalicelib.agents.task import Unfinished as Unfinished
from chalicelib.agents.task import Verdict as Verdict
from chalicelib.agents.task import Verdicts as Verdicts
from chalicelib.agents.together import AT_ONCE, Together
from chalicelib.agents.transcript import CallRecord as CallRecord
from chalicelib.agents.transcript import CallState, Limit
from chalicelib.agents.transcript import Transcript as Transcript
from chalicelib.errors import BudgetExceeded, RunEnded, SluiceError, StaleAttempt, Unavailable
from chalicelib.providers.failures import ContextTooLong, ModelFailure
from chalicelib.providers.model import ModelMessage, ModelResponse, Usage, user
from chalicelib.providers.structured import repair_request

_MAY_RUN: Final = frozenset({"ready", "running"})
_STOPPED: Final[dict[Limit, type[AgentStopped]]] = {"turns": AgentTurnsExceeded, "cost": AgentCostExceeded}


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
    at_once: int = AT_ONCE,
) -> Outcome:
    """`on_usage` is told what the whole conversation cost so far: on entering, and whenever that changes. `took` is asked what a call of that key
    cost in models of its own, once it has run: it counts, for the limit too. `at_once`: how many calls of one turn run together, each in a thread.

    Raises a ModelFailure, OutputInvalid or AgentStopped, each with the usage of the whole conversation; StaleAttempt when another attempt has gone
    on.
    """
    transcript = checkpoint.load() or Transcript(clean(task.prompt))
    agent = _Agent(task, ask, toolbox, checkpoint, verdicts, lambda: seconds_left() < margin_seconds, on_usage, took, transcript, at_once)
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
    at_once: int = AT_ONCE
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
        """Takes every call of the open turn as far as it goes; those that wait hold up no others. All are looked at before any runs, so that none is
        judged by what another came to."""
        before = self.transcript
        self._look_at_all()
        ran = self._run_all()
        if ran.is_cut_short:
            return self._yielded()
        waiting = (*(_pending(call) for call in self.transcript.calls if call.status == "waiting"), *ran.waiting)
        if not waiting:
            self.transcript = self.transcript.closed()
            return None
        if self.transcript != before:
            self._save()
        return Suspended(waiting[0], self.transcript.usage, self.transcript.turns, waiting[1:])

    def _look_at_all(self) -> None:
        """Checks what the model asks for, and hears what came of what waits."""
        calls = tuple(self._looked_at(call) for call in self.transcript.calls)
        self.transcript = replace(self.transcript, calls=checks.shared_out(calls, self.task, self.transcript.usage))

    def _looked_at(self, call: CallState) -> CallState:
        if call.status == "asked":
            call = checks.checked(call, self.task, self.transcript.usage)
        while call.status == "waiting":  # an approved one may go on to wait for its run
            verdict = self.verdicts.find(_pending(call))
            if verdict is None:
                return call
            call = checks.heard(call, verdict, self.task)
        return call if call.status == "done" else checks.runnable(call, self.task)

    def _run_all(self) -> "_Round":
        """Runs the calls that may go ahead, several at once. Raises StaleAttempt and RunEnded as soon as one does; BudgetExceeded only once what was
        under way is kept."""
        ran = _Round([call.number for call in self.transcript.calls if call.status in _MAY_RUN])
        with Together[_Came](min(len(ran.queue), self.at_once)) as together:
            self._begin(ran, together, to_keep=False)
            while not together.is_idle:
                came = together.take()
                if isinstance(came, CallState):
                    self._settle(came)
                else:
                    ran.note(came)
                self._begin(ran, together, to_keep=isinstance(came, CallState))
        if ran.limit is not None:
            raise ran.limit
        return ran

    def _begin(self, ran: "_Round", together: Together["_Came"], *, to_keep: bool) -> None:
        """Starts as many as there is room and time for. One save keeps that they run, together with what has just come (`to_keep`)."""
        begun: list[CallState] = []
        while ran.may_begin and len(begun) < together.room and not (self.got_on and self.is_late()):
            begun.append(self.transcript.call(ran.queue.pop(0)))
            self.got_on = True
        running = [replace(call, status="running") for call in begun if call.status != "running" and checks.has_effect(call, self.task)]
        for call in running:
            self.transcript = self.transcript.put(call)
        if running or to_keep:
            self._save()
        for call in begun:
            together.start(partial(self._carried_out, call))

    def _carried_out(self, call: CallState) -> "_Came":
        """In a thread of its own: knows nothing of the conversation but the call."""
        try:
            came = self.toolbox.run(call.use, key=call.key, most_cost=call.most_cost)
        except (StaleAttempt, RunEnded):
            raise
        except BudgetExceeded as limit:
            return limit
        except SluiceError as error:
            return checks.failed(call, self.task, str(error), retryable=error.retryable)
        return came if isinstance(came, Unfinished) else checks.ran(call, as_text(came))

    def _settle(self, call: CallState) -> None:
        self.transcript = self.transcript.put(call)
        self._spend_beside(self.took(call.key))


_Came = CallState | Unfinished | BudgetExceeded


@dataclass(slots=True)
class _Round:
    """The calls of a turn that are run in one entry. `queue`: the numbers of those that have not begun; `waiting`: what others wait for within."""

    queue: list[int]
    waiting: tuple[PendingCall, ...] = ()
    has_yielded: bool = False
    limit: BudgetExceeded | None = None

    @property
    def may_begin(self) -> bool:
        return bool(self.queue) and self.limit is None

    @property
    def is_cut_short(self) -> bool:
        """Whether time was too short for a call, or for one that hands its task on."""
        return bool(self.queue) or self.has_yielded

    def note(self, came: Unfinished | BudgetExceeded) -> None:
        if isinstance(came, BudgetExceeded):
            self.limit = came
        else:
            self.waiting += came.waiting
            self.has_yielded = self.has_yielded or not came.waiting


def _pending(call: CallState) -> PendingCall:
    assert call.reason is not None
    return PendingCall(call.number, call.use, call.reason, call.why)
