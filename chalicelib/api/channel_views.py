"""Channels as the API shows them.

In: records. Out: JSON. Never: a secret or a verify token, sealed or not.
"""

from chalicelib.api.views import view
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.channel_records import ChannelRecord


def channel_view(channel: ChannelRecord) -> JsonObject:
    """A channel with its revision, which a change is compared with, and where its vendor calls."""
    secrets: list[Json] = [view(one, without=frozenset({"sealed"})) for one in channel.app_secrets]
    shown = view(channel, without=frozenset({"app_secrets", "verify_token"}))
    return {**shown, "app_secrets": secrets, "webhook_path": f"/api/v1/channels/{channel.id}/webhook", "revision": channel.revision}
