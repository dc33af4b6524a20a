"""The records of a gate. The task token is an attribute of the gate's item that no record reads: only `store.answers` does."""

from typing import Literal

from chalicelib.spec.model import JsonObject
from chalicelib.store.record import FreeJson, FreeObject, Record
from chalicelib.store.run_records import Fence
from chalicelib.store.statuses import GateStatus
from chalicelib.store.values import Stored


class Vote(Record):
    """One person's answer; a quorum is reached when enough distinct people gave the same choice."""

    person: str
    choice: str
    reason: str | None = None
    form: FreeJson = None
    channel: str
    at: str


class Decision(Record):
    """The outcome of a gate, or, while `is_final` is false, a vote that has not reached its quorum.

    `output` (of a final one) is what the machine gets: `{choice, reason, form, by, at, channel}`, where `by` is a text.
    `missing_count` says how many more must agree.
    """

    gate_id: str
    is_final: bool
    choice: str
    reason: str | None = None
    form: FreeJson = None
    by: tuple[str, ...] = ()
    at: str
    channel: str
    missing_count: int = 0
    shown_sha256: str = ""  # the digest of what the deciders were shown

    @property
    def output(self) -> JsonObject:
        who = ", ".join(self.by) or None
        return {"choice": self.choice, "reason": self.reason, "form": self.form, "by": who, "at": self.at, "channel": self.channel}


class GateChoice(Record):
    """`fields`: the fields of the form that go with the choice and must be filled in; None: the form's own rules hold."""

    choice: str
    title: str = ""
    approves: bool = True
    fields: tuple[str, ...] | None = None


class Gate(Record):
    """A question to people. `shown_sha256` is the digest of what they are shown: question, details, choices and form. `call`: it is an agent's, about
    its tool call of this number (`3.1`: within the task that call 3 handed on); the node goes on with its work afterwards."""

    id: str
    organisation_id: str
    run_id: str
    workflow_id: str
    workflow_name: str
    node: str
    item_path: str = ""
    fence: Fence = Fence()
    call: int | str | None = None
    status: GateStatus = GateStatus.OPEN
    ask: str
    details: Stored | None = None
    choices: tuple[GateChoice, ...]
    any_of: tuple[str, ...] = ()
    at_least: int = 1
    allow_self_approval: bool = False
    started_by: str = ""
    channels: tuple[str, ...] = ()
    form: FreeObject | None = None
    reason_rule: Literal["none", "optional", "required"] = "optional"
    opened_at: str
    deadline_at: str | None = None
    shown_sha256: str
    votes: tuple[Vote, ...] = ()
    decision: Decision | None = None
    delivered_at: str | None = None
    revision: int = 0
