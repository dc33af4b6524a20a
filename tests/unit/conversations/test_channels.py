"""Channels are added and changed by who may; the secret that one sends with is named by who may use it."""

from collections.abc import Iterator

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.secret_rights import set_rights
from chalicelib.conversations import channels
from chalicelib.conversations.channels import Named, Wanted
from chalicelib.errors import ChannelInvalid
from chalicelib.store.secret_rights import SecretShare
from tests.factories.channel_stories import ACCOUNT, SECRET, a_channel, channel_cloud
from tests.factories.cloud import ANN, Cloud

EVE = Principal("org_local", "eve", scopes=frozenset({Scope.CHANNEL_MANAGE}))  # she may not say who uses which secret
NAMED = Named("whatsapp", "support", ACCOUNT, SECRET)


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with channel_cloud() as found:
        yield found


def test_it_keeps_those_who_may_not_use_a_secret_from_sending_with_it() -> None:
    set_rights(ANN, "wa-token", everybody="see", shares=[])
    with pytest.raises(ChannelInvalid, match="may not use the secret wa-token"):
        channels.create(EVE, NAMED, Wanted(token_secret="wa-token"))
    channel, _ = channels.create(EVE, NAMED, Wanted())
    with pytest.raises(ChannelInvalid, match="may not use the secret wa-token"):
        channels.change(EVE, channel.id, Wanted(token_secret="wa-token"))
    set_rights(ANN, "wa-token", everybody="none", shares=[SecretShare(who="person:eve", level="use")])
    assert channels.change(EVE, channel.id, Wanted(token_secret="wa-token")).token_secret == "wa-token"


def test_it_leaves_the_name_that_a_channel_has_to_whoever_changes_the_rest() -> None:
    channel = a_channel(token_secret="wa-token")
    set_rights(ANN, "wa-token", everybody="none", shares=[])
    changed = channels.change(EVE, channel.id, Wanted({"version": "v25.0"}, "wa-token"))
    assert (changed.token_secret, changed.settings) == ("wa-token", {"version": "v25.0"})
    channels.change(EVE, channel.id, Wanted())
    with pytest.raises(ChannelInvalid):  # it is not the channel's any more
        channels.change(EVE, channel.id, Wanted(token_secret="wa-token"))
