"""Routes: an organisation's channels, and the conversations that are held by them."""

from datetime import timedelta
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint, Request
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import channel_shapes
from chalicelib.api.channel_views import channel_view, conversation_view
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, body_of, endpoint, headers_of, raw_endpoint
from chalicelib.api.paging import Page
from chalicelib.api.shapes import NOTHING
from chalicelib.channels.channel import InboundRequest
from chalicelib.conversations import channels, query, webhook
from chalicelib.errors import (
    BodyTooLarge,
    ChannelChanged,
    ChannelInvalid,
    ChannelNotFound,
    ChannelTaken,
    ConversationNotFound,
    CursorInvalid,
    InputInvalid,
    SealBroken,
    SignatureInvalid,
    Unavailable,
    WorkflowNotFound,
)
from chalicelib.spec.model import JsonObject
from chalicelib.store.channel_records import ChannelType

routes = Blueprint(__name__)

Text = Annotated[str, Field(min_length=1, max_length=256)]


class Changeable(Wire):
    """`settings` are read by the channel's adapter; nothing of them is secret. `token_secret`: the name of the organisation's secret that holds the
    access token. `workflow_id`: what a message of a person starts."""

    settings: JsonObject = Field(default_factory=dict)
    token_secret: Text | None = None
    workflow_id: Text | None = None
    enabled: bool = True

    @property
    def wanted(self) -> channels.Wanted:
        return channels.Wanted(self.settings, self.token_secret, self.workflow_id, self.enabled)


class ChannelGiven(Changeable):
    """`account`: the vendor's id of the number or page, or the mailbox. `app_secret`: what the vendor signs with. `verify_token` defaults to a new
    one."""

    type: ChannelType
    name: Annotated[str, Field(max_length=64)]
    account: Annotated[str, Field(max_length=254)]
    app_secret: Annotated[str | None, Field(max_length=512, repr=False)] = None
    verify_token: Annotated[str | None, Field(max_length=512, repr=False)] = None

    @property
    def named(self) -> channels.Named:
        return channels.Named(self.type, self.name, self.account, self.app_secret, self.verify_token)


class ChannelToChange(Changeable):
    """With `revision`, the one that was read, nobody else's change is overwritten."""

    revision: Annotated[int, Field(ge=1)] | None = None


class AppSecretGiven(Wire):
    """The secret before is taken for `overlap_seconds` more."""

    app_secret: Annotated[str, Field(max_length=512, repr=False)]
    overlap_seconds: Annotated[int, Field(ge=0, le=7 * 86_400)] = 86_400


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/channels",
    scope=Scope.CHANNEL_MANAGE,
    answers={201: channel_shapes.MADE_CHANNEL},
    errors=(ChannelInvalid, ChannelTaken, WorkflowNotFound),
    replay=Replay.NEVER,
)
def create(call: Call[ChannelGiven, Nothing]) -> Answer:
    """Add a channel: a number, a page or a mailbox of the organisation.

    Its name and its account (with its type) are no other channel's. The answer has the `verify_token`, this once, and `webhook_path`, where the
    vendor is told to call; without an `app_secret` no call is taken there. With a `workflow_id`, a person's message starts a run of that workflow's
    latest version. See [flows/channels.md](flows/channels.md).
    """
    channel, token = channels.create(call.principal, call.body.named, call.body.wanted)
    return Answer({**channel_view(channel), "verify_token": token}, status=201, headers={"Location": f"/api/v1/channels/{channel.id}"})


@endpoint(routes, HTTPMethod.GET, "/api/v1/channels", scope=Scope.CHANNEL_MANAGE, answers={200: channel_shapes.CHANNELS}, errors=(CursorInvalid,))
def list_all(call: Call[Nothing, Page]) -> Answer:
    """The organisation's channels by name."""
    page = channels.list_page(call.principal, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"channels": [channel_view(each) for each in page.channels], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/channels/{channel_id}",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CHANNEL},
    errors=(ChannelNotFound,),
)
def get_one(call: Call[Nothing, Nothing], channel_id: str) -> Answer:
    """A channel; of its secrets, when they were made and how long they are taken."""
    return Answer(channel_view(channels.get(call.principal, channel_id)))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/channels/{channel_id}",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CHANNEL},
    errors=(ChannelNotFound, ChannelInvalid, ChannelChanged, WorkflowNotFound),
)
def change(call: Call[ChannelToChange, Nothing], channel_id: str) -> Answer:
    """Replace a channel's settings, token, workflow and state; its type, name and account stay."""
    return Answer(channel_view(channels.change(call.principal, channel_id, call.body.wanted, revision=call.body.revision)))


@endpoint(
    routes,
    HTTPMethod.DELETE,
    "/api/v1/channels/{channel_id}",
    scope=Scope.CHANNEL_MANAGE,
    answers={204: NOTHING},
    errors=(ChannelNotFound, ChannelChanged),
)
def remove(call: Call[Nothing, Nothing], channel_id: str) -> Answer:
    """Take a channel away; its conversations stay."""
    channels.remove(call.principal, channel_id)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/channels/{channel_id}/pause",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CHANNEL},
    errors=(ChannelNotFound, ChannelChanged),
)
def pause(call: Call[Nothing, Nothing], channel_id: str) -> Answer:
    """Let its messages start no runs; they are kept all the same. Twice is harmless."""
    return Answer(channel_view(channels.pause(call.principal, channel_id)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/channels/{channel_id}/resume",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CHANNEL},
    errors=(ChannelNotFound, ChannelChanged),
)
def resume(call: Call[Nothing, Nothing], channel_id: str) -> Answer:
    """Let its messages start runs again: those that come from now on."""
    return Answer(channel_view(channels.resume(call.principal, channel_id)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/channels/{channel_id}/rotate",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CHANNEL},
    errors=(ChannelNotFound, ChannelInvalid, ChannelChanged),
    replay=Replay.NEVER,
)
def rotate(call: Call[AppSecretGiven, Nothing], channel_id: str) -> Answer:
    """Tell another secret of the vendor's app.

    The one before is taken for `overlap_seconds` more (a day; a week at most), others no more.
    """
    overlap = timedelta(seconds=call.body.overlap_seconds)
    return Answer(channel_view(channels.rotate(call.principal, channel_id, app_secret=call.body.app_secret, overlap=overlap)))


@raw_endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/channels/{channel_id}/webhook",
    answers={200: channel_shapes.CHALLENGE},
    errors=(ChannelNotFound, SignatureInvalid, SealBroken),
)
def handshake(request: Request, channel_id: str) -> Answer:
    """Answer a vendor's handshake: with its challenge, where it knows the channel's verify token."""
    challenge = webhook.handshake(channel_id, dict(request.query_params or {}))
    return Answer(challenge, headers={"Content-Type": "text/plain; charset=utf-8"})


@raw_endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/channels/{channel_id}/webhook",
    answers={200: channel_shapes.QUEUED},
    errors=(ChannelNotFound, SignatureInvalid, BodyTooLarge, InputInvalid, SealBroken, Unavailable),
)
def receive(request: Request, channel_id: str) -> Answer:
    """Take what a vendor tells of a channel.

    Signed with the app's secret over the body as it came, 3 MiB at most. It is answered once every event in it is queued; 503 else, and the vendor
    sends it again: an event has one effect, however often it comes.
    """
    return Answer({"queued_count": webhook.take(channel_id, InboundRequest(headers_of(request), body_of(request)))})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/conversations",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.CONVERSATIONS},
    errors=(CursorInvalid,),
)
def list_conversations(call: Call[Nothing, Page]) -> Answer:
    """The organisation's conversations, those with the latest message first."""
    page = query.list_conversations(call.principal, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"conversations": [conversation_view(each) for each in page.conversations], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/conversations/{conversation_id}",
    scope=Scope.CHANNEL_MANAGE,
    answers={200: channel_shapes.WHOLE_CONVERSATION},
    errors=(ConversationNotFound, CursorInvalid),
)
def get_conversation(call: Call[Nothing, Page], conversation_id: str) -> Answer:
    """A conversation with its messages, the latest first.

    `content` is all that came, by its kind. A message that was to start a run has its `run_id`, or `refused`, which says why there is none; one of
    ours has its `status`.
    """
    conversation, page = query.get_conversation(call.principal, conversation_id, limit=call.query.limit, cursor=call.query.cursor)
    return Answer(conversation_view(conversation, page))
