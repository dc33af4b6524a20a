"""The records of who may come in: people, organisations, members, sessions, API keys, invitations, failed sign-ins.

Of a password, a refresh token, an API key and an invitation only a digest is stored.
"""

from typing import Literal

from chalicelib.store.record import Record

Preset = Literal["default", "locked"]
MemberKind = Literal["person", "service"]


class Organisation(Record):
    """A tenant. In the preset `locked` only admins create and change workflows."""

    id: str
    title: str = ""
    preset: Preset = "default"
    created_at: str
    created_by: str = ""


class Person(Record):
    """Somebody with a password. The name is theirs for ever, in every organisation; `generation` counts what ends all their sessions.

    `home` is the organisation that took them in, whose admins may give them a new password.
    """

    name: str
    home: str
    password_hash: str
    generation: int = 0
    created_at: str


class Member(Record):
    """A person's or a service account's place in one organisation, with the roles held there."""

    organisation_id: str
    name: str
    kind: MemberKind = "person"
    roles: tuple[str, ...] = ()
    disabled: bool = False
    generation: int = 0  # another one ends their sessions here
    revision: int = 0
    created_at: str
    created_by: str = ""


class Session(Record):
    """A family of refresh tokens: the digest of the one that is good now, and what a retry of the last rotation needs.

    `successor` is the present token under a pad that only the one before it yields.
    """

    id: str
    organisation_id: str
    name: str
    person_generation: int = 0
    member_generation: int = 0
    scopes: tuple[str, ...] | None = None
    current_sha256: str
    previous_sha256: str = ""
    successor: str = ""
    rotated_at: int = 0  # epoch seconds
    rotation: int = 0
    created_at: str
    expires_at: int  # epoch seconds
    ended: bool = False


class ApiKey(Record):
    """A key of a person or a service account; `scopes` None: whatever its owner may do."""

    id: str
    organisation_id: str
    name: str
    owner: str
    key_sha256: str
    scopes: tuple[str, ...] | None = None
    created_at: str
    created_by: str
    lapses_at: str | None = None
    used_on: str = ""  # a day


class Invitation(Record):
    """The right to become a member once, with these roles."""

    id: str
    organisation_id: str
    roles: tuple[str, ...]
    note: str = ""
    created_at: str
    created_by: str
    expires_at: int  # epoch seconds


class Attempts(Record):
    """Sign-ins of a name, or from an address, that have failed since one came well out or a while passed."""

    count: int = 0
    blocked_until: int = 0  # epoch seconds
    expires_at: int = 0  # epoch seconds
