"""What a Task state sends to the worker, what a machine is given and gives back, and the pointer record: contract 1 as frozen models.

In: an event as Lambda hands it over. Out: `TaskPayload`, or `PayloadInvalid`, which names fields and never a value. Unknown fields are ignored, since
a run that waited for a year meets newer workers and older ones; known fields are strict. The contract changes by adding fields with defaults:
payloads recorded from earlier releases are replayed in tests for ever.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.errors import SluiceError
from chalicelib.spec.model import Json, JsonObject

INLINE_BYTES: Final = 24_576
WHOLE_OUTPUT: Final = "*"
_ITEM_PATH: Final = r"^(?:[a-z][a-z0-9_]{0,47}:\d+(?:/[a-z][a-z0-9_]{0,47}:\d+)*)?$"
_NODE: Final = r"^(?:[a-z][a-z0-9_]{0,47})?$"  # empty where only `load` is asked
_SHA256: Final = r"^[0-9a-f]{64}$"


class PayloadInvalid(SluiceError):  # noqa: N818  (names are what machines match)
    """An event that no Task state of ours sent."""

    code: ClassVar[str] = "payload-invalid"


def _whole(value: object) -> object:
    """JSONata may count in floats: 2.0 is 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class WireModel(BaseModel):
    """Base of what arrives from a machine: closed in what it knows, open to what it does not."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, populate_by_name=True)


class Fence(WireModel):
    """Which try this is: of a resumed run, of a repeated node, of an agent that is entered again, of a retried Task. A stale one may not overwrite a
    newer one. `again`: the resume that had the node run again, although it had begun before."""

    resume: Count = 0
    again: Count = 0
    visit: Count = 0
    entry: Count = 0
    retry: Count = 0


class NextWait(WireModel):
    """The native Wait that follows. `until` is RFC 3339 in UTC, absent where the engine works it out."""

    node: Id
    until: str | None = None


class Item(NamedTuple):
    """One map around a node, and which of its items, from 0."""

    map: str
    position: int


class TaskPayload(WireModel):
    """`values` are what the node's bindings read, by expression text; any of them may be a pointer record.

    `settled`: what native nodes came to since the last worker, a label or a value, None for skipped. `deadline_seconds`: the state's time limit.
    `close`, `wait`: what a gate's, a sub-workflow's, an agent's own states ask, or those of a node that waits for an agent elsewhere; `may_wait`: the
    machine of the latter has such a state. `load`: names of outputs to fetch for a resumed run, instead of a
    node's work; `collect`: the manifest of a map's results in S3, likewise. `token` stays out of what this prints as.
    """

    contract: Literal[1]
    organisation_id: Id
    run_id: Id
    version_id: Id
    node: str = Field(pattern=_NODE)
    item_path: str = Field(default="", pattern=_ITEM_PATH)
    fence: Fence = Fence()
    values: dict[str, Json] = Field(default_factory=dict)
    keep: Names = ()
    inline_bytes: Count = INLINE_BYTES
    settled: dict[str, Json] = Field(default_factory=dict)
    next_wait: NextWait | None = None
    deadline_seconds: Count | None = None
    token: str | None = Field(default=None, min_length=1, max_length=2048, repr=False)
    close: bool = False
    wait: bool = False
    may_wait: bool = False
    load: Names = ()
    collect: Id | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """The maps around the node, outermost first."""
        return items_of(self.item_path)


class MachineInput(WireModel):
    """What an execution is started with. `context` is the run's input, or a pointer record with the fields that the engine reads."""

    contract: Literal[1]
    organisation_id: Id
    run_id: Id
    version_id: Id
    context: Json = None
    trigger: Json = None


class MachineOutput(WireModel):
    """What an execution ends with: the workflow's output, and what native nodes came to that no worker was told."""

    output: Json = None
    settled: dict[str, Json] = Field(default_factory=dict)


class Pointer(WireModel):
    """Where in S3 a value lies. `count` is its length if it is an array."""

    key: Id
    bytes: Count
    sha256: str = Field(pattern=_SHA256)
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class PointerRecord:
    """What stands for a large value: its pointer, and the fields of it that the engine reads, nested as in the value."""

    pointer: Pointer
    kept: JsonObject


def items_of(item_path: str) -> tuple[Item, ...]:
    """The maps that an item path names, outermost first."""
    parts = (part.rpartition(":") for part in item_path.split("/") if part)
    return tuple(Item(name, int(index)) for name, _, index in parts)


def parse_payload(event: object) -> TaskPayload:
    """Raises PayloadInvalid."""
    try:
        return TaskPayload.model_validate(event)
    except ValidationError as fault:
        raise PayloadInvalid(f"the Task's payload cannot be read: {_fields(fault)}") from None


def pointer_record(value: Json) -> PointerRecord | None:
    """The value as a pointer record, None if it is an ordinary value."""
    if not isinstance(value, dict) or "Pointer" not in value:
        return None
    try:
        pointer = Pointer.model_validate(value["Pointer"])
    except ValidationError:
        return None
    return PointerRecord(pointer, {name: field for name, field in value.items() if name != "Pointer"})


def _fields(fault: ValidationError) -> str:
    """Where it is wrong and how, without what stood there: values may be anybody's data."""
    found = fault.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'event'}: {each['msg']}" for each in found[:5])
