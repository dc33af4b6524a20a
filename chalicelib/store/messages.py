"""The repository of messages that runs sent. A message's id is derived from (run, node, item path, visit): sending twice finds the first."""

from chalicelib import ids
from chalicelib.store import answers, keys, table
from chalicelib.store.answers import Answer
from chalicelib.store.items import fields_of, item_of, record_of
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.table import Write


def message_id(attempt: NodeAttempt, part: str = "") -> str:
    """The id of the message that this visit of the node sends; `part` tells apart those of a node that sends several."""
    meaning = (attempt.run_id, attempt.node, attempt.item_path, attempt.fence.visit_name, *((part,) if part else ()))
    return ids.derived_id(ids.MESSAGE, *meaning, time_of=attempt.run_id)


def find(organisation_id: str, message_id: str) -> SentMessage | None:
    item = table.get(keys.message(organisation_id, message_id))
    return record_of(SentMessage, item) if item else None


def sending_write(message: SentMessage, token: str | None = None) -> Write:
    """The write that keeps a message; with a token, one that waits for its reply."""
    organisation_id = message.organisation_id
    place = keys.messages_of_run(organisation_id, message.run_id, message.id)
    return table.put(item_of(message, keys.message(organisation_id, message.id), place, task_token=token), condition=table.ABSENT)


def retaking_write(before: SentMessage, after: SentMessage, token: str) -> Write:
    """The write by which a newer attempt waits for the reply to a message that is out already."""
    changes = {"fence": fields_of(after)["fence"], "deadline_at": after.deadline_at, "task_token": token, "delivered_at": None}
    return table.assign(keys.message(before.organisation_id, before.id), changes, condition=f"{table.PRESENT} AND attribute_not_exists(reply)")


def reply_write(before: SentMessage, after: SentMessage, answer: Answer) -> Write:
    """The write that keeps the first reply and hands it to the outbox."""
    old, new = fields_of(before), fields_of(after)
    changes = {name: new.get(name) for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    places = answers.fields(before.organisation_id, before.id, answer)
    return table.assign(
        keys.message(before.organisation_id, before.id), {**changes, **places}, condition=f"{table.PRESENT} AND attribute_not_exists(reply)"
    )


def list_of_run(organisation_id: str, run_id: str) -> tuple[SentMessage, ...]:
    """A run's messages (up to a page of them), oldest first."""
    ordered = table.keys_of(table.query_index(keys.messages_of_run(organisation_id, run_id), limit=1000).items)
    found = table.get_many(ordered)
    return tuple(sorted((record_of(SentMessage, item) for item in found.values()), key=lambda message: (message.sent_at, message.id)))
