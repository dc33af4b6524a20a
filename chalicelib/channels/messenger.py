"""The Messenger channel: conversations with a Facebook page.

In: the page's account. Out: a `Channel` whose addresses are page-scoped ids. Limits and codes: Meta's pages "Send API" and "Error Codes" of the
Messenger Platform, of 2026.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chalicelib.channels.failures import Act
from chalicelib.channels.meta_channel import MetaAccount, MetaChannel, Product
from chalicelib.channels.meta_messages import Limits
from chalicelib.channels.text_parts import size

NAME: Final = "messenger"
MAX_TEXT: Final = 1999  # "less than 2000 characters"
MAX_WHOLE: Final = 20_000  # ours: nobody reads more than ten messages at once

ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "2": "retry",  # also told where the person blocked the page: a few times, not for ever
        "4": "slow_down",
        "10": "stop_account",  # no permission
        "10/1893063": "stop_account",  # the page is restricted
        "10/2018278": "use_other_channel",  # the service window is closed; utility messages are a form of their own that is not rendered yet
        "32": "slow_down",
        "100": "dead_letter",  # a parameter; also a tag that is no more
        "100/33": "use_other_channel",  # the id cannot be addressed
        "100/2018001": "use_other_channel",  # nobody has this id
        "190": "stop_account",
        "200": "stop_account",
        "230": "stop_account",
        "368": "stop_account",
        "551": "use_other_channel",  # not to be reached now: gone, or they blocked the page
        "613": "slow_down",
        "1200": "retry",
    }
)
PRODUCT: Final = Product("page", Limits(NAME, MAX_TEXT, MAX_WHOLE, size), ACTS)


class MessengerChannel(MetaChannel):
    def __init__(self, account: MetaAccount) -> None:
        super().__init__(account, PRODUCT)
