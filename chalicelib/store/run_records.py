"""The records of a run: the run itself, its node runs, its events.

A run's item is written again with every event, so what is large or never changes (input, output) lies in items beside it.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chalicelib.store.record import FreeObject, Record
from chalicelib.store.statuses import EventType, NodeStatus, RunStatus
from chalicelib.store.values import Stored

MESSAGE_LENGTH = 4000


class Fault(Record):
    """An error as people and machines see it: the wire name, a readable message (cut where it is too long), whether a later attempt may succeed."""

    name: str
    message: Annotated[str, AfterValidator(lambda text: text[:MESSAGE_LENGTH])] = ""
    code: str = ""
    retryable: bool = False


class Usage(Record):
    """What model calls took. `cost` is in micro-dollars and holds what is priced; a call without a price says so in its node run's details."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens, output_tokens=self.output_tokens + other.output_tokens, cost=self.cost + other.cost
        )

    def less(self, other: "Usage") -> "Usage":
        """What is new since `other`, an earlier count of the same."""
        return Usage(
            input_tokens=max(self.input_tokens - other.input_tokens, 0),
            output_tokens=max(self.output_tokens - other.output_tokens, 0),
            cost=max(self.cost - other.cost, 0),
        )


class Priority(StrEnum):
    """Who of those that wait for a slot gets it first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def level(self) -> int:
        """0 is first."""
        return list(Priority).index(self)


class Trigger(Record):
    """What started a run. `source` names it: a person, a trigger's id, the id of the parent, of the failed or of the repeated run, a node on trial.
    `depth`: how many ends of runs led to it, one by the other's trigger."""

    type: Literal["manual", "schedule", "webhook", "event", "run_end", "message", "workflow", "on_failure", "repeat", "trial"] = "manual"
    source: str = ""
    depth: int = 0


class ParentNode(Record):
    """The node run of another run that waits for this one."""

    run_id: str
    node: str
    item_path: str = ""
    visit: int = 0


class RunAbove(Record):
    """A run that another one, or one of those that that one started, was started by."""

    run_id: str
    workflow_id: str
    version_id: str


class Spent(Record):
    """What items of distributed maps spent and wrote: they never touch the run's record, so it is added up when the run ends."""

    usage: Usage = Usage()
    write_count: int = 0
    invocation_count: int = 0


class Run(Record):
    """One use of a version. `key` is the caller's idempotency key; `resume` counts resumptions; `execution_name` belongs to the latest of them.
    `above`: the runs that wait for this one, from its parent up: their budgets hold for it.

    `again` names the nodes that a resume had run again although they had begun, with the number of that resume. `of_items` is what of the counts
    below belongs to items of distributed maps. `slot`: whether it waits for one, holds one, or needs none: it has a parent, it has ended, or it is
    older than slots are. `capped`: it counts in the slots of the whole deployment, too.
    """

    id: str
    organisation_id: str
    workflow_id: str
    workflow_name: str
    version_id: str
    version: int
    title: str = ""
    status: RunStatus = RunStatus.QUEUED
    machine_arn: str
    execution_name: str
    started_by: str
    trigger: Trigger = Trigger()
    parent: ParentNode | None = None
    above: tuple[RunAbove, ...] = ()
    key: str | None = None
    priority: Priority = Priority.NORMAL
    slot: Literal["none", "waiting", "held"] = "none"
    capped: bool = False
    created_at: str
    updated_at: str
    admitted_at: str | None = None
    start_by_at: str | None = None  # until when it waits for a slot
    started_at: str | None = None
    ended_at: str | None = None
    deadline_at: str | None = None
    cancel_requested_by: str | None = None
    cancel_reason: str | None = None
    lingers: bool = False  # ended, and something is left to do for it
    resume: int = 0
    again: dict[str, int] = Field(default_factory=dict)
    error: Fault | None = None
    failed_node: str | None = None
    event_count: int = 0
    running_count: int = 0
    waiting_count: int = 0
    invocation_count: int = 0  # Task states served by a worker, as the nodes' records count them
    write_count: int = 0  # items that this run's records wrote
    usage: Usage = Usage()
    of_items: Spent = Spent()

    @property
    def is_residual(self) -> bool:
        """Whether its machine is its own, made for what is left of it, or for the one node that is tried."""
        return self.resume > 0 or self.trigger.type == "trial"

    @property
    def trial_of(self) -> str | None:
        """The node that the run tries, if it tries one."""
        return self.trigger.source if self.trigger.type == "trial" else None


class Fence(Record):
    """Orders the attempts of one node run: a smaller fence may not overwrite a larger one. `again` is no part of the order: it says which resume had
    the node run again, and with that whose visit this is."""

    resume: Annotated[int, Field(ge=0)] = 0
    again: Annotated[int, Field(ge=0)] = 0
    visit: Annotated[int, Field(ge=0)] = 0
    entry: Annotated[int, Field(ge=0)] = 0
    retry: Annotated[int, Field(ge=0)] = 0

    @property
    def order(self) -> tuple[int, int, int, int]:
        return (self.resume, self.visit, self.entry, self.retry)

    @property
    def visit_name(self) -> str:
        """The visit among all of the node, for keys and ids: a visit that is made again after a resume is another one."""
        return f"{self.visit}r{self.again}" if self.again else str(self.visit)

    def is_same_visit(self, other: "Fence") -> bool:
        return (self.visit, self.again) == (other.visit, other.again)


class Attempt(Record):
    """One try of a node, kept in its node run."""

    fence: Fence
    started_at: str
    ended_at: str | None = None
    error: Fault | None = None
    usage: Usage = Usage()


class NodeRun(Record):
    """One node in one run (and, inside maps, one item). `result` is exactly what the machine got; it may be a pointer record.

    `waiting_for` says what an open one waits for: `gate`, `reply`, `child` or `wait`, with `reference` (a gate's id, a child run's id) or `until`.
    """

    run_id: str
    node: str
    item_path: str = ""
    fence: Fence = Fence()
    status: NodeStatus
    started_at: str
    ended_at: str | None = None
    input: Stored | None = None
    result: Stored | None = None
    error: Fault | None = None
    usage: Usage = Usage()
    visit_usage: Usage = Usage()  # the part of it that belongs to this visit
    earlier: tuple[Stored, ...] = ()  # what the visits before this one put out, from the first on, as far as there is room
    attempts: tuple[Attempt, ...] = ()  # the latest ones
    attempt_count: int = 0
    is_container: bool = False  # a map: its items are what runs
    waiting_for: Literal["gate", "reply", "child", "wait"] | None = None
    reference: str | None = None
    until: str | None = None
    details: FreeObject = Field(default_factory=dict)  # what a worker tells of its work: model, provider, offline, status code
    write_count: int = 0  # of node runs that are written without events
    revision: int = 0

    @property
    def address(self) -> tuple[str, str]:
        return (self.node, self.item_path)


class RunEvent(Record):
    """A numbered fact of a run. `at` is when it was written, `occurred_at` when it was, if earlier."""

    organisation_id: str
    run_id: str
    workflow_id: str
    number: int
    type: EventType
    at: str
    occurred_at: str | None = None
    node: str | None = None
    item_path: str = ""
    data: FreeObject = Field(default_factory=dict)


class NodeAttempt(Record):
    """Which try of which node speaks: what a worker takes from its payload. `distributed`: an item of a distributed map, whose node runs write no
    events. `call`: the tool call that an agent waits for, in whose name its node waits: its number, or `3.1` for the first call of an agent that was
    handed a task by call 3. `talk`: the resume in which the agent's conversation began."""

    organisation_id: str
    run_id: str
    node: str
    item_path: str = ""
    fence: Fence = Fence()
    distributed: bool = False
    call: int | str | None = None
    talk: Annotated[int, Field(ge=0)] = 0

    @property
    def address(self) -> tuple[str, str]:
        return (self.node, self.item_path)
