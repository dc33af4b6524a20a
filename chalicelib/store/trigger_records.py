"""The records of triggers: what starts runs of a workflow by itself, and what became of each firing.

Exactly one of `schedule`, `webhook`, `event` and `run_end` says what a trigger waits for. Only schedules and events have a part at AWS, so only they
are ever unsynced.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from chalicelib.store.record import FreeJson, FreeObject, Record
from chalicelib.store.run_records import Fault, Priority

TriggerKind = Literal["schedule", "webhook", "event", "run_end"]
CatchUp = Literal["none", "latest", "all"]
Scheme = Literal["token", "sha256", "standard", "stripe"]
KEPT_SECONDS: Final = 30 * 86_400  # of a firing


class Schedule(Record):
    """`expression` is EventBridge Scheduler's. `anchor_at`: what the times of a rate count from. `catch_up`: which of the times that were missed
    while the trigger was paused, or the system down, are made up for."""

    expression: str
    timezone: str = "UTC"
    start_at: str | None = None
    end_at: str | None = None
    anchor_at: str
    catch_up: CatchUp = "none"


class SealedSecret(Record):
    """A secret that only `access.sealing` opens."""

    id: str
    sealed: str
    made_at: str
    ends_at: str | None = None  # of one that was rotated out: until when it is taken


class Webhook(Record):
    """How a call proves that it comes from who knows the secret. `header`: where the token or the signature stands; `prefix`: what stands before it.
    `key_headers`: the first that a call has says which call it is, however often it comes."""

    scheme: Scheme
    header: str
    prefix: str = ""
    key_headers: tuple[str, ...] = ()
    secrets: tuple[SealedSecret, ...] = ()


class EventSource(Record):
    """`pattern` is EventBridge's, on the default bus of the account."""

    pattern: FreeObject


class RunEnd(Record):
    """The end of a run of another workflow, with one of the statuses."""

    workflow_id: str
    statuses: tuple[str, ...]


class TriggerRecord(Record):
    """`input` is a template (`spec.input_template`). `version` None means the latest. `priority` and `start_within_seconds` say how its runs wait for
    a slot. `handled_from`: of a schedule, the moment up to which no time is left to make up for. `paused_at`: since when it is not enabled.
    `deleted_at`: what AWS holds of it is still to be taken away. `synced_revision`: the last one that AWS holds for certain."""

    id: str
    organisation_id: str
    workflow_id: str
    workflow_name: str
    name: str
    kind: TriggerKind
    version: int | None = None
    input: FreeJson = Field(default_factory=dict)
    enabled: bool = True
    priority: Priority = Priority.NORMAL
    start_within_seconds: int | None = None
    schedule: Schedule | None = None
    webhook: Webhook | None = None
    event: EventSource | None = None
    run_end: RunEnd | None = None
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None = None
    handled_from: str | None = None
    deleted_at: str | None = None
    synced_revision: int = 0
    revision: Annotated[int, Field(ge=1)] = 1

    @property
    def is_of_aws(self) -> bool:
        """Whether EventBridge holds a part of it."""
        return self.kind in {"schedule", "event"}


class Firing(Record):
    """One firing. `at`: the scheduled time, or when the call or event came. `key` is what makes the run one, however often it fires. `scheduled`: it
    is for a time of the schedule, and not by hand."""

    trigger_id: str
    key: str
    at: str
    recorded_at: str
    run_id: str | None = None
    error: Fault | None = None
    scheduled: bool = False


class Tally(Record):
    """What a trigger did so far."""

    fired_count: int = 0
    failed_count: int = 0
    last_at: str | None = None
    last_run_id: str | None = None
    last_error: Fault | None = None
    last_scheduled_at: str | None = None


class TriggerName(Record):
    """Which trigger of a workflow has a name."""

    trigger_id: str
    kind: TriggerKind
