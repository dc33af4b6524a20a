"""Passwords: argon2id, and what a password must be.

In: passwords. Out: hashes, and whether a password belongs to one. Checking takes as long where there is nobody of that name: a hash of nobody's is
checked then. Memory and passes come from the settings (19 MiB and 2 as OWASP's Password Storage Cheat Sheet has it). Never: a password in an error.
"""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chalicelib.errors import PasswordInvalid
from chalicelib.settings import settings

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_CHARACTERS: Final = 12
MAX_BYTES: Final = 1024
_DISTINCT: Final = 5  # characters that a password has at least
_GENERATED_BYTES: Final = 15


def hash_of(password: str, *, name: str) -> str:
    """The hash of a new password. Raises PasswordInvalid."""
    check_new(password, name=name)
    return _hasher().hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; with None, False after the same while."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password.encode()) > MAX_BYTES:
        password = ""  # none that was ever taken, and the same work
    try:
        _hasher().verify(password_hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether today's parameters are others than the hash was made with."""
    return _hasher().check_needs_rehash(password_hash)


def rehash(password: str) -> str:
    """The hash of a password that was right, with today's parameters."""
    return _hasher().hash(password)


def generated() -> str:
    """A new password of 120 bits, in groups that can be read out."""
    text = secrets.token_hex(_GENERATED_BYTES)
    return "-".join(text[start : start + 6] for start in range(0, len(text), 6))


def check_new(password: str, *, name: str) -> None:
    """Raises PasswordInvalid with what is asked of one."""
    if len(password) < MIN_CHARACTERS or len(password.encode()) > MAX_BYTES:
        raise PasswordInvalid(f"a password has {MIN_CHARACTERS} characters at least, and {MAX_BYTES} bytes at most")
    if len(set(password)) < _DISTINCT or (name and name.lower() in password.lower() and len(password) < len(name) + MIN_CHARACTERS):
        raise PasswordInvalid("this password is too easy to guess: a few words that do not belong together are better")


def _hasher() -> "PasswordHasher":
    return _hasher_of(settings().password_memory_kib, settings().password_passes)


@lru_cache(maxsize=4)
def _hasher_of(memory: int, passes: int) -> "PasswordHasher":
    from argon2 import PasswordHasher, Type

    return PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=1, type=Type.ID)


def _nobodys() -> str:
    return _hash_of_nobody(settings().password_memory_kib, settings().password_passes)


@lru_cache(maxsize=4)
def _hash_of_nobody(memory: int, passes: int) -> str:
    return _hasher_of(memory, passes).hash(secrets.token_urlsafe(32))
