"""What was said by channels.

In: a principal. Out: records of their organisation alone.
"""

from chalicelib.access.principal import Principal
from chalicelib.store import conversations
from chalicelib.store.conversation_records import Conversation
from chalicelib.store.conversations import ConversationPage, MessagePage


def list_conversations(principal: Principal, *, limit: int, cursor: str | None) -> ConversationPage:
    """Those with the latest message first. Raises CursorInvalid."""
    return conversations.list_page(principal.organisation_id, limit=limit, cursor=cursor)


def get_conversation(principal: Principal, conversation_id: str, *, limit: int, cursor: str | None) -> tuple[Conversation, MessagePage]:
    """With its messages, the latest first. Raises ConversationNotFound, CursorInvalid."""
    found = conversations.get(principal.organisation_id, conversation_id)
    return found, conversations.list_messages(principal.organisation_id, conversation_id, limit=limit, cursor=cursor)
