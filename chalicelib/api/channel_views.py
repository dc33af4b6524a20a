"""Channels and conversations as the API shows them.

In: records. Out: JSON. Never: a secret or a verify token, sealed or not.
"""

from chalicelib.api.views import view
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.conversation_records import Conversation, ConversationMessage
from chalicelib.store.conversations import MessagePage
from chalicelib.store.values import load


def channel_view(channel: ChannelRecord) -> JsonObject:
    """A channel with its revision, which a change is compared with, and where its vendor calls."""
    secrets: list[Json] = [view(one, without=frozenset({"sealed"})) for one in channel.app_secrets]
    shown = view(channel, without=frozenset({"app_secrets", "verify_token"}))
    return {**shown, "app_secrets": secrets, "webhook_path": f"/api/v1/channels/{channel.id}/webhook", "revision": channel.revision}


def conversation_view(conversation: Conversation, page: MessagePage | None = None) -> JsonObject:
    """A conversation; with a page of its messages, where that is asked for."""
    told = view(conversation)
    return told if page is None else {**told, "messages": [_message_view(each) for each in page.messages], "cursor": page.cursor}


def _message_view(message: ConversationMessage) -> JsonObject:
    """With all of its content, wherever that lies."""
    return {**view(message, without=frozenset({"content"})), "content": load(message.organisation_id, message.content)}
