"""The Instagram channel: direct messages with a professional account.

In: the account. Out: a `Channel` whose addresses are Instagram-scoped ids, which differ between Facebook Login and Instagram Login. Limits and codes:
Meta's pages "Send a Message" (Instagram) and "Error Codes" of the Messenger Platform, of 2026.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chalicelib.channels.failures import Act
from chalicelib.channels.messenger import ACTS as MESSENGER_ACTS
from chalicelib.channels.meta_channel import MetaAccount, MetaChannel, Product
from chalicelib.channels.meta_messages import Limits
from chalicelib.channels.text_parts import utf8_bytes

NAME: Final = "instagram"
LOGIN_ADDRESS: Final = "https://graph.instagram.com"  # for accounts by Instagram Login
MAX_TEXT: Final = 1000  # bytes
MAX_WHOLE: Final = 10_000  # bytes; ours: nobody reads more than ten messages at once
REACTIONS: Final[Mapping[str, str]] = MappingProxyType({"❤": "love"})
FILES: Final = frozenset(("application/pdf",))

ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {**MESSENGER_ACTS, "10/2534022": "use_other_channel"}  # how Instagram Login tells of a closed window
)
PRODUCT: Final = Product("instagram", Limits(NAME, MAX_TEXT, MAX_WHOLE, utf8_bytes, REACTIONS, FILES), ACTS)


class InstagramChannel(MetaChannel):
    def __init__(self, account: MetaAccount) -> None:
        super().__init__(account, PRODUCT)
