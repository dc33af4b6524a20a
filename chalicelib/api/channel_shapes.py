"""What the answers about channels and conversations look like."""

from typing import Final

from chalicelib.api.shape import Kind, Many, Media, Shape, nullable, page
from chalicelib.spec.model import JsonObject
from chalicelib.store.channel_records import ChannelType
from chalicelib.store.conversation_records import Conversation, ConversationMessage
from chalicelib.store.run_records import Fault
from chalicelib.store.trigger_records import SealedSecret

_SECRET: Final = Shape("AppSecret", record=SealedSecret, without=frozenset({"sealed"}))
_ALWAYS: Final[dict[str, Kind]] = {
    "id": str,
    "type": ChannelType,
    "name": str,
    "account": str,
    "settings": JsonObject,
    "app_secrets": Many(_SECRET),
    "token_secret": str | None,
    "workflow_id": str | None,
    "webhook_path": str,
    "enabled": bool,
    "created_at": str,
    "created_by": str,
    "updated_at": str,
    "updated_by": str,
    "paused_at": str | None,
    "revision": int,
}
CHANNEL: Final = Shape("Channel", _ALWAYS)
MADE_CHANNEL: Final = CHANNEL.also("MadeChannel", {"verify_token": str})
CHANNELS: Final = page("channels", CHANNEL)
CHALLENGE: Final = Media("text/plain; charset=utf-8")
QUEUED: Final = Shape("Queued", {"queued_count": int})

_FAULT: Final = nullable(Shape("Fault", record=Fault))
_MESSAGE: Final = Shape(
    "ConversationMessage", {"content": JsonObject, "refused": _FAULT}, record=ConversationMessage, without=frozenset({"content", "refused"})
)
CONVERSATION: Final = Shape("Conversation", record=Conversation)
CONVERSATIONS: Final = page("conversations", CONVERSATION)
WHOLE_CONVERSATION: Final = Shape("WholeConversation", {"messages": Many(_MESSAGE), "cursor": str | None}, record=Conversation)
