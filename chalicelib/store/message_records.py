"""The record of a message that a run sent to people, with its reply when one is awaited."""

from chalicelib.store.record import Record
from chalicelib.store.run_records import Fence


class SentMessage(Record):
    """Text to people on the channels named; `reply` is the first answer. The task token is an attribute of the item that no record reads."""

    id: str
    organisation_id: str
    run_id: str
    node: str
    item_path: str = ""
    fence: Fence = Fence()
    to: str | None = None
    text: str
    channels: tuple[str, ...] = ("console",)
    waits_for_reply: bool = False
    sent_at: str
    deadline_at: str | None = None
    reply: str | None = None
    replied_by: str | None = None
    replied_at: str | None = None
    delivered_at: str | None = None
    revision: int = 0
