"""What the command line signs in with, kept on this machine: in the system's keyring, else in a file that only its owner may read.

In: an address and a name. Out: a `Credential`. The first that signs in at an address, or the last that `sluice login` signed in, is
taken where no name is given. With SLUICE_CREDENTIALS the file is that one, and no keyring is asked.
Never: a password; a secret in a message.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

SERVICE: Final = "sluice"
_RECOMMENDED: Final = 1  # of a keyring's backends; those that keep nothing, or keep it in the open, are below


@dataclass(frozen=True)
class Credential:
    """An API key, or an access token with the refresh token that follows it. `expires_at` in epoch seconds."""

    person: str
    api_key: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0.0

    @property
    def bearer(self) -> str:
        return self.api_key or self.access_token

    def __repr__(self) -> str:
        return f"Credential({self.person!r})"


class Keeper(Protocol):
    """Texts by name, all of them secret."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, text: str) -> None: ...
    def delete(self, name: str) -> None: ...


def find(url: str, person: str = "") -> Credential | None:
    """The credential of a person at an address; without a name, of whoever is taken there."""
    own = _keeper()
    name = person or own.get(_place(url, "")) or ""
    kept = own.get(_place(url, name)) if name else None
    return _read(kept) if kept else None


def save(url: str, credential: Credential, *, chosen: bool = False) -> None:
    """Keep a credential; `chosen` makes it the one that is taken where no name is given."""
    own = _keeper()
    own.put(_place(url, credential.person), json.dumps(asdict(credential)))
    if chosen or own.get(_place(url, "")) is None:
        own.put(_place(url, ""), credential.person)


def forget(url: str, person: str) -> None:
    """Forgetting twice is harmless."""
    own = _keeper()
    own.delete(_place(url, person))
    if own.get(_place(url, "")) == person:
        own.delete(_place(url, ""))


def where() -> str:
    """Where credentials are kept, for people."""
    own = _keeper()
    return str(own.path) if isinstance(own, _File) else "the system's keyring"


def _read(text: str) -> Credential | None:
    try:
        known: Mapping[str, Any] = json.loads(text)
        return Credential(**{name: known[name] for name in Credential.__dataclass_fields__ if name in known})
    except (ValueError, TypeError, KeyError):
        return None


def _place(url: str, person: str) -> str:
    return f"{url.rstrip('/')} {person}"


def _keeper() -> Keeper:
    given = os.environ.get("SLUICE_CREDENTIALS")
    if given:
        return _File(Path(given))
    return _Keyring(_file()) if _has_keyring() else _file()


def _file() -> "_File":
    return _File(Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "sluice" / "credentials.json")


@cache
def _has_keyring() -> bool:
    """Whether this machine has a keyring that keeps what it is given, and keeps it to itself."""
    try:
        import keyring

        return bool(keyring.get_keyring().priority >= _RECOMMENDED)
    except Exception:  # a backend may fail in any way where nobody sits at a desktop
        return False


@dataclass(frozen=True)
class _Keyring:
    """The system's keyring; what it will not keep (it is locked, nobody is there to unlock it) goes into the file."""

    file: "_File"

    def get(self, name: str) -> str | None:
        import keyring
        from keyring.errors import KeyringError

        with suppress(KeyringError):
            found = keyring.get_password(SERVICE, name)
            if found is not None:
                return found
        return self.file.get(name)

    def put(self, name: str, text: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, text)
        except KeyringError:
            self.file.put(name, text)
        else:
            self.file.delete(name)

    def delete(self, name: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        with suppress(KeyringError):
            keyring.delete_password(SERVICE, name)
        self.file.delete(name)


@dataclass(frozen=True)
class _File:
    """One JSON object. It is written beside its place and then put there, so that nobody reads half of it, and was never open to others."""

    path: Path

    def get(self, name: str) -> str | None:
        found = self._all().get(name)
        return found if isinstance(found, str) else None

    def put(self, name: str, text: str) -> None:
        self._write({**self._all(), name: text})

    def delete(self, name: str) -> None:
        known = self._all()
        if known.pop(name, None) is not None:
            self._write(known)

    def _all(self) -> dict[str, Any]:
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self, known: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(known, file)
        fresh.replace(self.path)
