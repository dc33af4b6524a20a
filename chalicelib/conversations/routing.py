"""What a message leads to: a run of its channel's workflow, where a person sent a text or a file.

In: a message that is kept. Out: the same with its run, or with the reason why it has none. The run's input is of one shape, `{text, channel, contact,
conversation_id, message_id, attachments}`, less what a closed schema does not know. The run's key is the event's: one event, one run, however often
it is told of. Never: a run for an echo, or for what a machine sent, which might answer for ever.
"""

from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.channels.inbound import Came, MediaCame, TextCame
from chalicelib.errors import ChannelNotFound, Conflict, Contention, Invalid, KeyReused, NotFound
from chalicelib.runs.fire import fault_of
from chalicelib.runs.start import choose_version, input_schema, start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import channels, conversations, runs
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.conversation_records import ConversationMessage
from chalicelib.store.run_records import Fault, Trigger

PAUSED: Final = Fault(name="ChannelPaused", message="the channel was paused when the message came", code="channel-paused")


def starts(channel: ChannelRecord | None, came: Came) -> tuple[str | None, Fault | None]:
    """The workflow that an event starts a run of; or why it does not, where it would otherwise."""
    origin = came.origin
    if not isinstance(came, TextCame | MediaCame) or origin.echo or origin.automatic or not origin.sender:
        return None, None
    if channel is None or channel.workflow_id is None:
        return None, None
    return (channel.workflow_id, None) if channel.enabled else (None, PAUSED)


def route(message: ConversationMessage, came: Came) -> ConversationMessage:
    """Start the run of a message, or find the one that was started. Raises Contention, Unavailable."""
    if message.workflow_id is None or message.run_id is not None or message.refused is not None:
        return message
    try:
        return conversations.settle(message, run_id=_run_of(message, message.workflow_id, came))
    except (Invalid, NotFound, Conflict) as fault:
        return conversations.settle(message, refused=fault_of(fault))


def _run_of(message: ConversationMessage, workflow_id: str, came: Came) -> str:
    key = f"message:{message.channel_id}:{message.vendor_id}"
    known = runs.find_key(message.organisation_id, workflow_id, runs.key_digest(key))
    if known is not None:
        return known.run_id
    channel = channels.find(message.organisation_id, message.channel_id)
    if channel is None:
        raise ChannelNotFound(f"there is no channel {message.channel_id} any more")
    version = choose_version(message.organisation_id, workflow_id, None)
    try:
        run = start(
            Principal(message.organisation_id, f"message:{channel.name}", scopes=ALL, kind="platform"),
            workflow_id=workflow_id,
            input=fitted(input_schema(version), input_of(message, channel, came)),
            key=key,
            trigger=Trigger(type="message", source=channel.id),
            lasting=True,
            is_free=True,
        )
    except KeyReused:  # another delivery was faster, under another version
        raise Contention("another delivery of this message comes and goes") from None
    return run.id


def input_of(message: ConversationMessage, channel: ChannelRecord, came: Came) -> JsonObject:
    """What a run is given of a message."""
    address = came.origin.sender[0]
    text = came.text if isinstance(came, TextCame) else came.caption if isinstance(came, MediaCame) else message.text
    return {
        "text": text,
        "channel": {"id": channel.id, "type": channel.type, "name": channel.name},
        "contact": {"id": message.contact_id, "name": came.origin.name, "address": {"kind": address.kind, "value": address.value}},
        "conversation_id": message.conversation_id,
        "message_id": message.id,
        "attachments": _attachments(came),
    }


def fitted(schema: JsonObject, given: JsonObject) -> JsonObject:
    """What a schema that takes nothing else knows of it; all of it for any other."""
    properties = schema.get("properties")
    if schema.get("additionalProperties") is not False or not isinstance(properties, dict):
        return given
    return {name: value for name, value in given.items() if name in properties}


def _attachments(came: Came) -> list[Json]:
    if not isinstance(came, MediaCame):
        return []
    return [
        {
            "kind": came.kind,
            "media_id": came.media_id,
            "url": came.url,
            "mime_type": came.mime_type,
            "file_name": came.file_name,
            "is_voice": came.is_voice,
        }
    ]
