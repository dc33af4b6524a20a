"""Start a run of a published version.

In: a workflow, an input, perhaps a version, an idempotency key, a trigger, a parent. Out: the `Run`, recorded before the engine hears of it.
The execution is named by the run id: starting again is harmless, and what a crash leaves between the two writes the sweeper starts.
"""

import logging
from dataclasses import dataclass, replace
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
from chalicelib.runs import residual_machine
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
from chalicelib.store.workflow_records import Version, Workflow

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
    lasting: bool = False,
    line: InLine = IN_LINE,
    seen: Workflow | None = None,
    is_free: bool = False,
) -> Run:
    """Start a run of `version` (the latest, if none is named). The input is checked against the version's schema, after top-level defaults are
    applied. `seen`: the workflow as it was read just now. `is_free`: just now the key stood for no run, so that it is looked for only where that has
    changed.

    With a `key`, the same call finds the same run for 24 hours (a parent's key, and a `lasting` one, as long as the run is kept); another input under
    that key raises KeyReused.
    A child that is started again with a new token answers that token. Where there is no slot for it, a run gets in line (`runs.admit`); a child needs
    none. Raises WorkflowNotFound, VersionNotFound, NotPublished, InputInvalid, KeyReused.
    """
    workflow = seen if seen is not None and seen.id == workflow_id else workflows.get(principal.organisation_id, workflow_id)
    chosen = version_of(workflow, version)
    given = checked_input(input_schema(chosen), input)
    key = parent_key(parent) if parent else key
    request = _Request(principal, chosen, given, key, trigger, parent, version, line, lasting=lasting or parent is not None)
    run, is_new = request.find_or_create(is_free=is_free)
    if parent is not None and not is_new:
        _await_again(run, parent)
    return begin(run, given, chosen)


def create(new: NewRun) -> Run:
    """Record a run, with a slot or in line. A child needs no slot: it rides on that of the run that waits for it. Raises ConditionLost when its key
    stands for a run already."""
    if new.parent is not None:
        return _created(new)
    run = new.run.model_copy(update={"capped": settings().max_running > 0})
    try:
        return _created(replace(new, run=run.model_copy(update={"slot": "held", "admitted_at": run.created_at}), slots=slots.taking(run)))
    except SlotLost:
        waiting = run.model_copy(update={"slot": "waiting"})
        return _created(replace(new, run=waiting, slots=slots.lining_up(run), told=slots.place_in_line(run)))


def _created(new: NewRun) -> Run:
    created, event = runs.create(new)
    publish([event])
    return created


def begin(run: Run, given: Json, version: Version) -> Run:
    """Give a recorded run to the engine, or let in who is next where it waits for a slot. What fails here the sweeper does: to raise would have the
    run started twice."""
    try:
        if run.slot == "waiting":
            admit(run.organisation_id, give_to_engine)
            return runs.get(run.organisation_id, run.id)
        launch(run, given, version)
    except Exception:
        _log.warning("a run waits for the engine", exc_info=True, extra={"run_id": run.id})
    return run


def give_to_engine(run: Run) -> None:
    """Launch a run that got its slot in line. What fails here the sweeper does; a run that was cancelled meanwhile is stopped again."""
    try:
        launch(run, runs.get_input(run.organisation_id, run.id), workflows.get_version(run.organisation_id, run.version_id))
        now = runs.get(run.organisation_id, run.id)
        if now.status.is_terminal or now.execution_name != run.execution_name:
            executions.stop(run.machine_arn, run.execution_name, error="Cancelled", cause="the run ended before it began")
    except Exception:
        _log.warning("a run waits for the engine", exc_info=True, extra={"run_id": run.id})


def choose_version(organisation_id: str, workflow_id: str, number: int | None) -> Version:
    """The version to run. Raises WorkflowNotFound, NotPublished, VersionNotFound."""
    return version_of(workflows.get(organisation_id, workflow_id), number)


def version_of(workflow: Workflow, number: int | None) -> Version:
    """The same, of a workflow that is at hand. Raises NotPublished, VersionNotFound."""
    chosen = number or workflow.latest_version
    if not chosen:
        raise NotPublished(f"workflow {workflow.name} has no version yet; publish it first")
    return workflows.get_numbered(workflow, chosen)


def parent_key(parent: Parent) -> str:
    """One child for each visit of a sub-workflow node, or each call of an agent, whatever its attempts."""
    attempt = parent.attempt
    call = "" if attempt.call is None else f"/call {attempt.call}{f'/talk {attempt.talk}' if attempt.talk else ''}"
    return f"parent:{attempt.run_id}/{attempt.node}/{attempt.item_path}/{attempt.fence.visit_name}{call}"


def launch(run: Run, given: Json, version: Version) -> bool:
    """Give a queued run to the engine; one that was given before, or waits for a slot, stays as it is. A machine of its own is created first. False
    when its state machine is gone. Raises EngineUnavailable, PublisherUnavailable.
    """
    if run.status is not RunStatus.QUEUED or run.slot == "waiting":
        return True
    more: JsonObject = {}
    if run.is_residual:
        residual_machine.ask_for(run)
        more = residual_machine.more_input(run)
    return executions.start(run.machine_arn, run.execution_name, {**machine_input(run, given, version), **more})


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
    lasting: bool

    def find_or_create(self, *, is_free: bool) -> tuple[Run, bool]:
        """The run, and whether it is new."""
        for attempt in range(_TRIES):
            found = None if is_free and attempt == 0 else self._find()
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
        return create(
            NewRun(
                self._run(),
                self.given,
                key_sha256=None if self.key is None else runs.key_digest(self.key),
                request_sha256=self._digest(),
                lasting_key=self.lasting,
                parent=self.parent.link if self.parent else None,
                token=self.parent.token if self.parent else None,
                marks=marks_of(self.version.spec, self.given),
            )
        )

    def _digest(self) -> str:
        return digest({"input": self.given, "version": self.number})

    def _run(self) -> Run:
        now = datetime.now(UTC)
        run_id = ids.new_id(ids.RUN)
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
            above=above(self.parent) if self.parent else (),
            key=self.key,
            priority=self.line.priority,
            created_at=time_text(now),
            updated_at=time_text(now),
            start_by_at=self.line.start_by(now),
            deadline_at=parent_deadline(self.parent) if self.parent else None,
        )

    def _parent_node(self) -> ParentNode | None:
        if self.parent is None:
            return None
        attempt = self.parent.attempt
        return ParentNode(run_id=attempt.run_id, node=attempt.node, item_path=attempt.item_path, visit=attempt.fence.visit)


def above(parent: Parent) -> tuple[RunAbove, ...]:
    """The runs that wait for one that the parent waits for."""
    attempt = parent.attempt
    run = runs.get(attempt.organisation_id, attempt.run_id)
    return (RunAbove(run_id=run.id, workflow_id=run.workflow_id, version_id=run.version_id), *run.above)


def parent_deadline(parent: Parent) -> str | None:
    """Until when the parent waits, from now on."""
    seconds = parent.deadline_seconds
    return time_text(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else None


def _await_again(run: Run, parent: Parent) -> None:
    """A child that was started before: its answer, given or to come, belongs to the attempt and the token that wait now."""
    answers.replace_token(run.organisation_id, run.id, parent.token, also=fields_of(parent.link))
    deliver_soon(run.organisation_id, run.id)


def input_schema(version: Version) -> JsonObject:
    """The JSON Schema of what a run of the version is given."""
    schema = version.spec.get("input")
    return schema if isinstance(schema, dict) else {"type": "object"}
