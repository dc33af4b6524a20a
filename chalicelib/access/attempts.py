"""Failed sign-ins: how often a name and an address may be wrong before each further try has to wait, longer each time.

In: a name as it was given, whether anybody has it or not, and an address. Out: nothing, or TooManyAttempts with the seconds to wait. An attempt is
counted before the password is looked at, on the condition that nobody counted meanwhile: many at once are as many attempts. No lock lasts: a quarter
of an hour is the longest, and an hour of quiet forgets all.
"""

import hashlib
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost, Contention, TooManyAttempts
from chalicelib.store import sessions, table
from chalicelib.store.people_records import Attempts

FREE_OF_NAME: Final = 5
FREE_OF_ADDRESS: Final = 30  # many people may sit behind one
LONGEST_SECONDS: Final = 900
FORGOTTEN_SECONDS: Final = 3600
_TRIES: Final = 12


def count_attempt(name: str, address: str) -> None:
    """Count an attempt before it is made. Raises TooManyAttempts where it has to wait, and is not counted then."""
    of_name, of_address = _digest("name", name.lower()), _digest("address", address)
    for attempt in range(_TRIES):
        before = sessions.attempts(of_name, of_address)
        now = epoch_seconds()
        waits = max(known.blocked_until - now for known in before)
        if waits > 0:
            raise TooManyAttempts(waits)
        after = (_counted(before[0], FREE_OF_NAME, now), _counted(before[1], FREE_OF_ADDRESS, now))
        try:
            table.transact([sessions.count_attempt(whose, *pair) for whose, *pair in zip((of_name, of_address), before, after, strict=True)])
        except ConditionLost:
            table.pause(attempt)
        else:
            return
    raise Contention("too many sign in at once")


def forget_attempts(name: str) -> None:
    """The name's attempts, after one that was right. Those of the address stay: it may be one of many names that are tried from there."""
    sessions.forget_attempts(_digest("name", name.lower()))


def _counted(before: Attempts, free: int, now: int) -> Attempts:
    count = 1 if before.expires_at <= now else before.count + 1
    wait = min(2 ** min(count - free, 20), LONGEST_SECONDS) if count >= free else 0
    return Attempts(count=count, blocked_until=now + wait, expires_at=now + FORGOTTEN_SECONDS)


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()
