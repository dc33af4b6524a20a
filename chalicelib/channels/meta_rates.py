"""How fast Messenger and Instagram may be called.

In: nothing. Out: `RATES`, for whoever limits; here nothing is limited. Source: Meta's page "Messenger Platform / Rate Limiting".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Counted = Literal["text", "audio_video", "conversations", "inbox", "all"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `seconds` for one page or Instagram account; `per_person`: times the number of people whom it may write to."""

    counted: Counted
    calls: int
    seconds: int
    per_person: bool = False


RATES: Final[Mapping[str, tuple[Rate, ...]]] = MappingProxyType(
    {
        "messenger": (
            Rate("text", 300, 1),  # links, reactions and stickers as well
            Rate("audio_video", 10, 1),
            Rate("conversations", 2, 1),
            Rate("inbox", 40, 1),  # above, the page's inbox shows no new messages and sends none
            Rate("all", 200, 86_400, per_person=True),
        ),
        "instagram": (
            Rate("text", 300, 1),
            Rate("audio_video", 10, 1),
            Rate("conversations", 2, 1),
        ),  # above 72,000 messages sent and received the inbox stops; Meta does not say in what time
    }
)
