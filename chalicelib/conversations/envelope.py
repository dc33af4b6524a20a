"""One event that came in by a channel, on its way through the queue.

In: a channel and what came. Out: an `Envelope`, and the queue's message of it: its body (ASCII), its group (what one person writes by one channel
stays in order) and its deduplication id (one event of a vendor's is one message, as far as the queue remembers, which is five minutes). An event
whose JSON is larger than `INLINE_BYTES` lies in S3, and the message says where. Never: a kind of event that reads as another.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from chalicelib.channels.inbound import Came, DeliveryCame
from chalicelib.spec.model import JsonObject
from chalicelib.store.blobs import Blob, load_json, put_json

INLINE_BYTES: Final = 200 * 1024
_MOST_AT_ONCE: Final = 10  # of SendMessageBatch
_MOST_BYTES_AT_ONCE: Final = 256 * 1024
KINDS: Final[Mapping[str, type[Came]]] = {kind.__name__: kind for kind in get_args(Came)}


@dataclass(frozen=True, slots=True)
class Envelope:
    organisation_id: str
    channel_id: str
    came: Came

    @property
    def digest(self) -> str:
        """What makes the event one, however often it is told of."""
        return _sha256(self.channel_id, self.came.origin.vendor_id)

    @property
    def group(self) -> str:
        """A person's events have one. What nobody sent has one by the message that it is about, or is alone."""
        origin = self.came.origin
        if origin.sender:
            return _sha256(self.channel_id, origin.sender[0].kind, origin.sender[0].value)
        about = self.came.message_id if isinstance(self.came, DeliveryCame) else ""
        return _sha256(self.channel_id, "", about or origin.vendor_id)


@dataclass(frozen=True, slots=True)
class QueueMessage:
    body: str
    group: str
    digest: str


def written(envelope: Envelope) -> QueueMessage:
    """As the queue takes it."""
    told = came_json(envelope.came)
    carried: JsonObject = {"came": told}
    if len(_ascii(carried)) > INLINE_BYTES:
        carried = {"blob": put_json(envelope.organisation_id, f"channels/{envelope.channel_id}/inbound", told).model_dump(mode="json")}
    body = _ascii({"organisation_id": envelope.organisation_id, "channel_id": envelope.channel_id, **carried})
    return QueueMessage(body, envelope.group, envelope.digest)


def read(body: str) -> Envelope:
    """From the queue. Raises BlobMissing, BlobCorrupt."""
    told = json.loads(body)
    organisation_id = told["organisation_id"]
    came = told["came"] if "came" in told else load_json(organisation_id, Blob.model_validate(told["blob"]))
    return Envelope(organisation_id, told["channel_id"], came_of(came))


def batches(messages: Iterable[QueueMessage]) -> Iterator[list[QueueMessage]]:
    """As many at once as the queue takes, in their order."""
    batch: list[QueueMessage] = []
    size = 0
    for message in messages:
        length = len(message.body)
        if batch and (len(batch) == _MOST_AT_ONCE or size + length > _MOST_BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def came_json(came: Came) -> JsonObject:
    """What came, as JSON that says its kind. Half characters, which are no text that a table takes, give way to a mark."""
    return {"kind": type(came).__name__, "fields": _sound(asdict(came))}


def came_of(told: Any) -> Came:
    came: Came = _adapter(told["kind"]).validate_python(told["fields"])
    return came


@lru_cache(maxsize=64)
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def _ascii(value: JsonObject) -> str:
    """The queue refuses some characters, and none of these."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _sound(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {_sound(name): _sound(member) for name, member in value.items()}
        case list() | tuple():
            return [_sound(member) for member in value]
        case _:
            return value


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()
