"""The repository of sessions, invitations and failed sign-ins. Every change says what it read, so that of two only one comes through."""

from contextlib import suppress

from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.people_records import Attempts, Invitation, Session
from chalicelib.store.table import Write


def create(session: Session) -> None:
    table.write(table.put(item_of(session, keys.session(session.id)), condition=table.ABSENT))


def find(session_id: str) -> Session | None:
    item = table.get(keys.session(session_id))
    return record_of(Session, item) if item else None


def rotate(before: Session, after: Session) -> None:
    """Put the next refresh token in the place of the present one. Raises ConditionLost where it is that no longer."""
    condition = "#rotation = :read AND #ended = :no"
    values = {"read": before.rotation, "no": False}
    table.write(table.put(item_of(after, keys.session(after.id)), condition=condition, values=values))


def end(session_id: str) -> None:
    """End a session for good; twice is harmless."""
    with suppress(ConditionLost):
        table.write(table.assign(keys.session(session_id), {"ended": True}, condition=table.PRESENT))


def put_invitation(secret_sha256: str, invitation: Invitation) -> None:
    place = keys.invitations(invitation.organisation_id, invitation.id)
    table.write(table.put(item_of(invitation, keys.invitation(secret_sha256), place), condition=table.ABSENT))


def find_invitation(secret_sha256: str) -> Invitation | None:
    item = table.get(keys.invitation(secret_sha256))
    return record_of(Invitation, item) if item else None


def invitation_use(secret_sha256: str) -> Write:
    """The write that uses an invitation up, for the transaction that makes the member."""
    return table.delete(keys.invitation(secret_sha256), condition=table.PRESENT)


def list_invitations(organisation_id: str) -> tuple[Invitation, ...]:
    """Those that are open, the oldest first."""
    page = table.query_index(keys.invitations(organisation_id), limit=1000)
    found = table.get_many(table.keys_of(page.items))
    return tuple(sorted((record_of(Invitation, item) for item in found.values()), key=lambda invitation: invitation.id))


def withdraw_invitation(organisation_id: str, invitation_id: str) -> bool:
    """Take an invitation back; False where there is none of that id."""
    page = table.query_index(keys.invitations(organisation_id), limit=1000)
    for item in page.items:
        if item["GSI1SK"] == invitation_id:
            table.write(table.delete(table.keys_of([item])[0]))
            return True
    return False


def attempts(*whose: str) -> tuple[Attempts, ...]:
    """Failed sign-ins by digest, in one read."""
    found = table.get_many([keys.attempts(each) for each in whose])
    return tuple(record_of(Attempts, item) if (item := found.get(keys.attempts(each))) else Attempts() for each in whose)


def count_attempt(whose: str, before: Attempts, after: Attempts) -> Write:
    """The write that counts an attempt, if nobody counted since it was read."""
    known = "attribute_not_exists(PK)" if before.count == 0 and before.expires_at == 0 else "#count = :count AND #expires_at = :known"
    values = {} if known.startswith("attribute_not") else {"count": before.count, "known": before.expires_at}
    return table.put(item_of(after, keys.attempts(whose)), condition=known, values=values)


def forget_attempts(whose: str) -> None:
    table.write(table.delete(keys.attempts(whose)))
