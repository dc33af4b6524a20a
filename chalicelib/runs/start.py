"""Start a run of a published version.

In: a workflow, an input, perhaps a version, an idempotency key, a trigger, a parent. Out: the `Run`, recorded before the engine hears of it.
The execution is named by the run id: starting again is harmless, and what a crash leaves between the two writes the sweeper starts.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from chalicelib import ids
from chalicelib.access.principal import Principal
from chalicelib.clock import time_text
from chalicelib.errors import ConditionLost, Contention, KeyReused, NotPublished
from chalicelib.gates.deliver import deliver_soon
from chalicelib.live.publish import publish
from chalicelib.machines import executions
from chalicelib.runs.admit import admit
from chalicelib.runs.inputs import checked_input, marks_of, small_fields
from chalicelib.settings import settings
from chalicelib.spec.canonical import digest
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import answers, pointers, runs, slots, workflows
from chalicelib.store.items import fields_of
from chalicelib.store.run_records import NodeAttempt, ParentNode, Priority, Run, RunAbove, Trigger
from chalicelib.store.runs import NewRun, ParentLink, Promise
from chalicelib.store.slots import SlotLost
from chalicelib.store.statuses import RunStatus
from chalicelib.store.table import Write
from chalicelib.store.workflow_records import Version

MANUAL: Final = Trigger()
CONTRACT: Final = 1
CONTEXT_BYTES: Final = 160 * 1024  # of a machine's input of 256 KiB, which every payload's envelope is part of
KEPT_BYTES: Final = 96 * 1024
_TRIES: Final = 4
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InLine:
    """How a run waits, where there is no slot for it: with which priority, and how long at most before it ends as timed out."""

    priority: Priority = Priority.NORMAL
    within_seconds: int | None = None

    def start_by(self, now: datetime) -> str | None:
        return time_text(now + timedelta(seconds=self.within_seconds)) if self.within_seconds else None


IN_LINE: Final = InLine()


class Parent(BaseModel):
    """The sub-workflow node that waits for the new run. Its output is fitted for the parent's machine (`keep`, `inline_bytes` of the payload), and
    held to what the node promises, where it is an agent's."""

    model_config = ConfigDict(frozen=True)

    attempt: NodeAttempt
    token: str
    keep: tuple[str, ...] = ()
    inline_bytes: int = 24 * 1024
    deadline_seconds: int | None = None
    promise: Promise | None = None

    @property
    def link(self) -> ParentLink:
        return ParentLink(attempt=self.attempt, keep=self.keep, inline_bytes=self.inline_bytes, promise=self.promise)


def start(
    principal: Principal,
    *,
    workflow_id: str,
    input: Json,  # noqa: A002
    version: int | None = None,
    key: str | None = None,
    trigger: Trigger = MANUAL,
    parent: Parent | None = None,
    line: InLine = IN_LINE,
) -> Run:
    """Start a run of `version` (the latest, if none is named). The input is checked against the version's schema, after top-level defaults are
    applied.

    With a `key`, the same call finds the same run for 24 hours (a parent's, as long as the run is kept); another input under that key raises
    KeyReused.
    A child that is started again with a new token answers that token. Where there is no slot for it, a run gets in line (`runs.admit`); a child needs
    none. Raises WorkflowNotFound, VersionNotFound, NotPublished, InputInvalid,
    KeyReused.
    """
    chosen = choose_version(principal.organisation_id, workflow_id, version)
    given = checked_input(_input_schema(chosen), input)
    lasting = parent_key(parent) if parent else None
    request = _Request(principal, chosen, given, lasting or key, trigger, parent, version, line)
    run, is_new = request.find_or_create()
    if parent is not None and not is_new:
        _await_again(run, parent)
    try:  # it is recorded: an error here would have it started twice
        if run.slot == "waiting":
            admit(run.organisation_id, give_to_engine)
            return runs.get(run.organisation_id, run.id)
        launch(run, given, chosen)
    except Exception:
        _log.warning("a run waits for the engine", exc_info=True, extra={"run_id": run.id})
    return run


def give_to_engine(run: Run) -> None:
    """Launch a run that got its slot in line. What fails here the sweeper does; a run that was cancelled meanwhile is stopped again."""
    try:
        launch(run, runs.get_input(run.organisation_id, run.id), workflows.get_version(run.organisation_id, run.version_id))
        if runs.get(run.organisation_id, run.id).status.is_terminal:
            executions.stop(run.machine_arn, run.execution_name, error="Cancelled", cause="the run ended before it began")
    except Exception:
        _log.warning("a run waits for the engine", exc_info=True, extra={"run_id": run.id})


def choose_version(organisation_id: str, workflow_id: str, number: int | None) -> Version:
    """The version to run. Raises WorkflowNotFound, NotPublished, VersionNotFound."""
    workflow = workflows.get(organisation_id, workflow_id)
    chosen = number or workflow.latest_version
    if not chosen:
        raise NotPublished(f"workflow {workflow.name} has no version yet; publish it first")
    return workflows.get_version(organisation_id, workflows.get_summary(organisation_id, workflow_id, chosen).id)


def parent_key(parent: Parent) -> str:
    """One child for each visit of a sub-workflow node, or each call of an agent, whatever its attempts."""
    attempt = parent.attempt
    call = "" if attempt.call is None else f"/call {attempt.call}{f'/talk {attempt.talk}' if attempt.talk else ''}"
    return f"parent:{attempt.run_id}/{attempt.node}/{attempt.item_path}/{attempt.fence.visit}{call}"


def launch(run: Run, given: Json, version: Version) -> bool:
    """Give a queued run to the engine; one that was given before, or waits for a slot, stays as it is. False when its state machine is gone. Raises
    EngineUnavailable."""
    if run.status is not RunStatus.QUEUED or run.slot == "waiting":
        return True
    return executions.start(run.machine_arn, run.execution_name, machine_input(run, given, version))


def machine_input(run: Run, given: Json, version: Version) -> JsonObject:
    """What the state machine is given: the same for the same run, so that the engine takes a second start for the first."""
    keep = tuple(dict.fromkeys((*version.context_fields, *small_fields(given, limit=KEPT_BYTES))))
    return {
        "contract": CONTRACT,
        "organisation_id": run.organisation_id,
        "run_id": run.id,
        "version_id": run.version_id,
        "context": pointers.fit(run.organisation_id, given, folder=f"runs/{run.id}/input", inline_bytes=CONTEXT_BYTES, keep=keep),
        "trigger": {"type": run.trigger.type, "source": run.trigger.source},
    }


@dataclass(frozen=True)
class _Request:
    """A start, with all that its run is made of."""

    principal: Principal
    version: Version
    given: Json
    key: str | None
    trigger: Trigger
    parent: Parent | None
    number: int | None
    line: InLine

    def find_or_create(self) -> tuple[Run, bool]:
        """The run, and whether it is new."""
        for _ in range(_TRIES):
            found = self._find()
            if found is not None:
                return found, False
            try:
                return self._create(), True
            except ConditionLost:
                continue
        raise Contention("another start with this key comes and goes")

    def _find(self) -> Run | None:
        """The run that the key stands for. Raises KeyReused when it came with another request."""
        if self.key is None:
            return None
        known = runs.find_key(self.principal.organisation_id, self.version.workflow_id, runs.key_digest(self.key))
        if known is None:
            return None
        if known.request_sha256 != self._digest():
            raise KeyReused("this key was used for a run with another input or version")
        return runs.get(self.principal.organisation_id, known.run_id)

    def _create(self) -> Run:
        """The run, with a slot or in line. A child needs no slot: it rides on that of the run that waits for it."""
        run = self._run()
        if self.parent is not None:
            return self._written(run, ())
        try:
            return self._written(run.model_copy(update={"slot": "held", "admitted_at": run.created_at}), slots.taking(run))
        except SlotLost:
            ahead = slots.read_workflow(run.organisation_id, run.workflow_id).waiting_before(run.priority)
            return self._written(run.model_copy(update={"slot": "waiting"}), slots.lining_up(run), {"position": ahead + 1})

    def _written(self, run: Run, of_slots: tuple[Write, ...], told: JsonObject | None = None) -> Run:
        new = NewRun(
            run,
            self.given,
            key_sha256=None if self.key is None else runs.key_digest(self.key),
            request_sha256=self._digest(),
            lasting_key=self.parent is not None,
            parent=self._link(),
            token=self.parent.token if self.parent else None,
            marks=marks_of(self.version.spec, self.given),
            slots=of_slots,
            told={"priority": run.priority.value, **told} if told else {},
        )
        created, event = runs.create(new)
        publish([event])
        return created

    def _digest(self) -> str:
        return digest({"input": self.given, "version": self.number})

    def _run(self) -> Run:
        now = datetime.now(UTC)
        run_id = ids.new_id(ids.RUN)
        seconds = self.parent.deadline_seconds if self.parent else None
        version = self.version
        return Run(
            id=run_id,
            organisation_id=self.principal.organisation_id,
            workflow_id=version.workflow_id,
            workflow_name=version.workflow_name,
            version_id=version.id,
            version=version.number,
            title=version.title,
            machine_arn=version.machine_arn,
            execution_name=run_id,
            started_by=self.principal.person,
            trigger=self.trigger,
            parent=self._parent_node(),
            above=self._above(),
            key=self.key,
            priority=self.line.priority,
            capped=self.parent is None and settings().max_running > 0,
            created_at=time_text(now),
            updated_at=time_text(now),
            start_by_at=self.line.start_by(now),
            deadline_at=time_text(now + timedelta(seconds=seconds)) if seconds else None,
        )

    def _parent_node(self) -> ParentNode | None:
        if self.parent is None:
            return None
        attempt = self.parent.attempt
        return ParentNode(run_id=attempt.run_id, node=attempt.node, item_path=attempt.item_path, visit=attempt.fence.visit)

    def _above(self) -> tuple[RunAbove, ...]:
        if self.parent is None:
            return ()
        parent = runs.get(self.principal.organisation_id, self.parent.attempt.run_id)
        return (RunAbove(run_id=parent.id, workflow_id=parent.workflow_id, version_id=parent.version_id), *parent.above)

    def _link(self) -> ParentLink | None:
        return None if self.parent is None else self.parent.link


def _await_again(run: Run, parent: Parent) -> None:
    """A child that was started before: its answer, given or to come, belongs to the attempt and the token that wait now."""
    answers.replace_token(run.organisation_id, run.id, parent.token, also=fields_of(parent.link))
    deliver_soon(run.organisation_id, run.id)


def _input_schema(version: Version) -> JsonObject:
    schema = version.spec.get("input")
    return schema if isinstance(schema, dict) else {"type": "object"}
