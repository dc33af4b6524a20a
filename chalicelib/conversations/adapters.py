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
    """Settings: `version` of Meta's API, `list_button`."""
    from chalicelib.channels.whatsapp import WhatsAppChannel, WhatsAppConfig

    chosen = _chosen(channel, "version", "list_button")
    return WhatsAppChannel(WhatsAppConfig(number_id=channel.account, token=means.access_token, app_secrets=means.app_secrets, **chosen))


def _messenger(channel: ChannelRecord, means: Means) -> Channel:
    """The account is the page. Settings: `version`, `app_id`, which tells our echoes from a colleague's."""
    from chalicelib.channels.messenger import MessengerChannel
    from chalicelib.channels.meta_channel import MetaAccount

    return MessengerChannel(MetaAccount(channel.account, means.access_token, means.app_secrets, **_chosen(channel, "version", "app_id")))


def _instagram(channel: ChannelRecord, means: Means) -> Channel:
    """The account is Instagram's. Settings as Messenger's, and `page_id` of an account that is reached by Facebook Login; without one it is reached
    by Instagram Login."""
    from chalicelib.channels.instagram import LOGIN_ADDRESS, InstagramChannel
    from chalicelib.channels.meta_channel import MetaAccount

    page = _chosen(channel, "page_id").get("page_id")
    reached: dict[str, Any] = {} if page else {"base_url": LOGIN_ADDRESS}
    account = MetaAccount(page or channel.account, means.access_token, means.app_secrets, **reached, **_chosen(channel, "version", "app_id"))
    return InstagramChannel(account)


def _chosen(channel: ChannelRecord, *names: str) -> dict[str, Any]:
    """Those of the settings that are there. Never an address: the access token goes there."""
    return {name: value for name in names if isinstance(value := channel.settings.get(name), str)}


ADAPTERS: Final[dict[ChannelType, Make]] = {"whatsapp": _whatsapp, "messenger": _messenger, "instagram": _instagram}
