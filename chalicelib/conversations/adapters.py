"""How a channel's record becomes the channel that speaks to its vendor: one table, type by type.

In: a record, the secrets that it needs. Out: a `channels.channel.Channel`. A new kind of channel is one line of `ADAPTERS`, and one function that
makes the adapter's configuration of a record. Never: a secret kept here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.channels.channel import Channel
from chalicelib.errors import ChannelNotFound
from chalicelib.store.channel_records import ChannelRecord, ChannelType


@dataclass(frozen=True, slots=True)
class Means:
    """What an adapter is given beside the record: the app's secrets that hold now, where it is to verify; the access token, where it is to send."""

    app_secrets: tuple[str, ...] = field(default=(), repr=False)
    access_token: str = field(default="", repr=False)


Make = Callable[[ChannelRecord, Means], Channel]


def adapter_of(channel: ChannelRecord, means: Means) -> Channel:
    """Raises ChannelNotFound for a type that has no adapter yet."""
    make = ADAPTERS.get(channel.type)
    if make is None:
        raise ChannelNotFound(f"there is no channel {channel.id}")
    return make(channel, means)


def _whatsapp(channel: ChannelRecord, means: Means) -> Channel:
    """Settings: `version` of Meta's API, `list_button`. Never an address: the access token goes there."""
    from chalicelib.channels.whatsapp import WhatsAppChannel, WhatsAppConfig

    chosen: dict[str, Any] = {name: value for name in ("version", "list_button") if isinstance(value := channel.settings.get(name), str)}
    return WhatsAppChannel(WhatsAppConfig(number_id=channel.account, token=means.access_token, app_secrets=means.app_secrets, **chosen))


ADAPTERS: Final[dict[ChannelType, Make]] = {"whatsapp": _whatsapp}
