"""Secrets that calls from outside are proven by, sealed in a record: two at most, while one takes the place of the other.

In: whose they are, what of (`webhook/<trigger>`, `channel/<channel>`), a secret. Out: what is kept of it; the secrets that hold now. Never: a secret
in a record, a log or an error.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib import ids
from chalicelib.access.sealing import seal, unseal
from chalicelib.clock import now_text, time_text
from chalicelib.store.trigger_records import SealedSecret

MOST_LIVE: Final = 2
SHORTEST: Final = 16
LONGEST: Final = 512
_PREFIX: Final = "sec"


def is_secret(text: str) -> bool:
    """Whether a text may be a secret: long enough, and of characters that every program writes alike."""
    return SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def sealed(organisation_id: str, of: str, secret: str) -> SealedSecret:
    secret_id = ids.new_id(_PREFIX)
    return SealedSecret(id=secret_id, sealed=seal(organisation_id, _purpose(of, secret_id), secret), made_at=now_text())


def rotated(before: tuple[SealedSecret, ...], new: SealedSecret, *, overlap: timedelta) -> tuple[SealedSecret, ...]:
    """The new one first; the one before it is taken for a while, others no more."""
    ends = time_text(datetime.now(UTC) + overlap)
    older = tuple(one.model_copy(update={"ends_at": min(one.ends_at or ends, ends)}) for one in before[: MOST_LIVE - 1])
    return (new, *older)


def opened(organisation_id: str, of: str, found: Iterable[SealedSecret]) -> list[str]:
    """Those that hold now. Raises SealBroken."""
    now = now_text()
    live = [one for one in found if one.ends_at is None or one.ends_at > now]
    return [unseal(organisation_id, _purpose(of, one.id), one.sealed) for one in live]


def _purpose(of: str, secret_id: str) -> str:
    return f"{of}/{secret_id}"
