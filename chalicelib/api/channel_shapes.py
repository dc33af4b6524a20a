"""What the answers about channels look like."""

from typing import Final

from chalicelib.api.shape import Kind, Many, Shape, page
from chalicelib.spec.model import JsonObject
from chalicelib.store.channel_records import ChannelType
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
