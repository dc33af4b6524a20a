"""The records of channels: configured numbers, pages and mailboxes of an organisation."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.store.record import FreeObject, Record
from chalicelib.store.trigger_records import SealedSecret

ChannelType = Literal["whatsapp", "messenger", "instagram", "email"]


class ChannelRecord(Record):
    """`account`: the vendor's id of the number or page, or the mailbox. `settings`: what the channel's adapter reads, nothing of it secret.
    `app_secrets`: what the vendor signs with; without one the channel takes no webhooks. `verify_token`: what the vendor says when it is told of the
    webhook. `token_secret`: the organisation's secret that holds the access token. `workflow_id`: what a message of a person starts, where nothing
    else is asked. `paused_at`: since when messages start no runs; they are kept all the same."""

    id: str
    organisation_id: str
    type: ChannelType
    name: str
    account: str
    settings: FreeObject = Field(default_factory=dict)
    app_secrets: tuple[SealedSecret, ...] = ()
    verify_token: SealedSecret | None = None
    token_secret: str | None = None
    workflow_id: str | None = None
    enabled: bool = True
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    paused_at: str | None = None
    revision: Annotated[int, Field(ge=1)] = 1


class ChannelId(Record):
    """Which channel has a name, or an account."""

    channel_id: str


class ChannelOwner(Record):
    """Whose channel it is: what a webhook does not say."""

    organisation_id: str
