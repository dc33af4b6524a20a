"""The repository of channels. A name is one channel's in the organisation, and so is an account of a type; every change is conditional on the
revision that was read.

In: records. Out: records, pages. Writing or deleting twice is harmless.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chalicelib.errors import ChannelChanged, ChannelNotFound, ChannelTaken, ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.channel_records import ChannelId, ChannelOwner, ChannelRecord, ChannelType
from chalicelib.store.cursors import cursor_of, start_of
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.pages import all_of, at_index, walk, whole
from chalicelib.store.table import Write

_AT_REVISION: Final = "attribute_exists(PK) AND #revision = :read"
_MINE: Final = "attribute_not_exists(PK) OR #channel_id = :mine"


@dataclass(frozen=True, slots=True)
class ChannelPage:
    channels: tuple[ChannelRecord, ...]
    cursor: str | None


def create(channel: ChannelRecord) -> None:
    """Raises ChannelTaken."""
    mine = ChannelId(channel_id=channel.id)
    places = (_name(channel), _account(channel))
    owner = item_of(ChannelOwner(organisation_id=channel.organisation_id), keys.channel_owner(channel.id))
    try:
        table.transact([table.put(item, condition=table.ABSENT) for item in (*(item_of(mine, key) for key in places), _item(channel), owner)])
    except ConditionLost as lost:
        taken = f"account {channel.account}" if 1 in lost.positions else f"name {channel.name}"
        raise ChannelTaken(f"another channel has the {taken}") from lost


def replace(channel: ChannelRecord, *, before: ChannelRecord) -> None:
    """Write a channel over the one that was read; its type, name and account stay. Raises ChannelChanged."""
    _transact([table.put(_item(channel), condition=_AT_REVISION, values={"read": before.revision})], before)


def delete(channel: ChannelRecord) -> None:
    """Take a channel away and free its name and account; conversations stay. Raises ChannelChanged."""
    own = table.delete(keys.channel(channel.organisation_id, channel.id), condition=_AT_REVISION, values={"read": channel.revision})
    places = [table.delete(key, condition=_MINE, values={"mine": channel.id}) for key in (_name(channel), _account(channel))]
    _transact([own, *places, table.delete(keys.channel_owner(channel.id))], channel)


def _transact(writes: list[Write], before: ChannelRecord) -> None:
    try:
        table.transact(writes)
    except ConditionLost as lost:
        raise ChannelChanged(f"the channel {before.name} was changed by somebody else since it was read") from lost


def get(organisation_id: str, channel_id: str) -> ChannelRecord:
    """Raises ChannelNotFound."""
    found = find(organisation_id, channel_id)
    if found is None:
        raise ChannelNotFound(f"there is no channel {channel_id}")
    return found


def find(organisation_id: str, channel_id: str) -> ChannelRecord | None:
    item = table.get(keys.channel(organisation_id, channel_id))
    return record_of(ChannelRecord, item) if item else None


def get_called_from_outside(channel_id: str) -> ChannelRecord:
    """The channel that a webhook names. Whose a channel is never changes, so a container that knows one reads the channel alone. Raises
    ChannelNotFound."""
    return get(_organisation_of(channel_id), channel_id)


@lru_cache(maxsize=1024)
def _organisation_of(channel_id: str) -> str:
    """Raises ChannelNotFound, so that only what there is is kept."""
    item = table.get(keys.channel_owner(channel_id))
    if item is None:
        raise ChannelNotFound(f"there is no channel {channel_id}")
    return record_of(ChannelOwner, item).organisation_id


def find_by_account(organisation_id: str, kind: ChannelType, account: str) -> str | None:
    """The id of the channel that an account is configured as."""
    item = table.get(keys.channel_account(organisation_id, kind, account))
    return record_of(ChannelId, item).channel_id if item else None


def list_page(organisation_id: str, *, limit: int, cursor: str | None) -> ChannelPage:
    """Channels by name. Raises CursorInvalid."""
    place = keys.channel_list(organisation_id)
    walked = walk(at_index(place), whole(_channel), all_of, limit=limit, after=start_of(place, organisation_id, cursor))
    return ChannelPage(walked.found, cursor_of(place, walked.last))


def _channel(item: Item) -> ChannelRecord:
    return record_of(ChannelRecord, item)


def _item(channel: ChannelRecord) -> Item:
    return item_of(channel, keys.channel(channel.organisation_id, channel.id), keys.channel_list(channel.organisation_id, channel.name))


def _name(channel: ChannelRecord) -> keys.Key:
    return keys.channel_name(channel.organisation_id, channel.name)


def _account(channel: ChannelRecord) -> keys.Key:
    return keys.channel_account(channel.organisation_id, channel.type, channel.account)
