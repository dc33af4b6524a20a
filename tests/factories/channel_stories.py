"""Channels on the emulator: the queue of what comes in, a vendor that signs, and a channel of each story.

In: nothing. Out: `channel_cloud()`, the cloud with the queue; `ParrotChannel`, a small adapter in the place of a vendor's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from chalicelib.access.sealing import forget_master_key
from chalicelib.conversations import channels
from chalicelib.conversations.channels import Named, Wanted
from chalicelib.store.channel_records import ChannelRecord
from tests.factories.cloud import ANN, Cloud, cloud

SECRET: Final = "a-secret-of-the-vendors-app"
OTHER: Final = "another-secret-of-the-vendors-app"
ACCOUNT: Final = "106540352242922"


@contextmanager
def channel_cloud(**environment: str) -> Iterator[Cloud]:
    forget_master_key()  # the last test's table held another
    with cloud(**environment) as found:
        yield found


def a_channel(*, name: str = "support", account: str = ACCOUNT, app_secret: str | None = SECRET, **wanted: Any) -> ChannelRecord:
    return channels.create(ANN, Named("whatsapp", name, account, app_secret), Wanted(**wanted))[0]
