"""Secrets: provider keys and tools' credentials, in AWS Secrets Manager as `<deployment>/<organisation>/<name>`, sealed with the organisation's key.

In: an organisation and a secret's name. Out: names with their times (`list_secrets`), a value for the worker alone (`resolve`, `resolved_key`), which
is kept in the container for five minutes. Putting and deleting twice is harmless. A value that was put in Secrets Manager itself is taken as it is.
Never: a value in the table, in a log, in an error or in an answer of the API, whose role may not read values at all.
"""

import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from chalicelib.access.sealing import seal, unseal
from chalicelib.clock import time_text
from chalicelib.errors import SealBroken, SecretInvalid, SecretMissing, Unavailable
from chalicelib.settings import settings
from chalicelib.store.clients import client

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

NAME_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,62}$"
DEPLOYMENT: Final = "_"  # in the organisation's place: what belongs to the whole deployment; no organisation is called so
KEY_PREFIX: Final = "secret:"
CACHE_SECONDS: Final = 300.0
MAX_VALUE_BYTES: Final = 48_000  # sealed, they are 64,100, and Secrets Manager takes 65,536
SEALED: Final = "sluice-sealed:"
_STAGE: Final = "AWSCURRENT"
_NAME: Final = re.compile(NAME_PATTERN)
_GONE: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})  # the latter: it is being deleted
_HELD: Final[dict[str, tuple[float, str]]] = {}  # by full name: until when (monotonic), and the value
_HOLDING: Final = Lock()
_TALKATIVE: Final = ("botocore.endpoint", "botocore.parsers")  # their debug lines hold bodies


@dataclass(frozen=True, slots=True)
class SecretListing:
    """What may be seen of a secret."""

    name: str
    created_at: str
    changed_at: str


def put_secret(organisation_id: str, name: str, value: str) -> SecretListing:
    """Create it or give it a new value; other containers use the old one for up to five minutes more. Raises SecretInvalid, Unavailable."""
    full_name = _full_name(organisation_id, name)
    if not value.strip() or len(value.encode()) > MAX_VALUE_BYTES:
        raise SecretInvalid(f"the value of a secret is a text of 1 to {MAX_VALUE_BYTES} bytes")
    _write(full_name, SEALED + seal(organisation_id, _purpose(name), value, under="secrets"))
    _forget(full_name)
    return _listing(client("secretsmanager").describe_secret(SecretId=full_name), full_name)


def is_there(organisation_id: str, name: str) -> bool:
    """Whether it has a value. Raises SecretInvalid."""
    from botocore.exceptions import ClientError

    try:
        described = client("secretsmanager").describe_secret(SecretId=_full_name(organisation_id, name))
    except ClientError as error:
        if _code(error) in _GONE:
            return False
        raise
    return "DeletedDate" not in described


def list_secrets(organisation_id: str) -> list[SecretListing]:
    """By name. Secrets Manager's lists may be seconds late."""
    prefix = _prefix(organisation_id)
    pages = client("secretsmanager").get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [prefix]}])
    found = [entry for page in pages for entry in page["SecretList"] if entry["Name"].startswith(prefix)]
    return sorted((_listing(entry, entry["Name"]) for entry in found), key=lambda listing: listing.name)


def delete_secret(organisation_id: str, name: str) -> None:
    """Delete it for good, without a time to change one's mind; a name that is not there is deleted already. Raises SecretInvalid."""
    full_name = _full_name(organisation_id, name)
    client("secretsmanager").delete_secret(SecretId=full_name, ForceDeleteWithoutRecovery=True)
    _forget(full_name)


def resolve(organisation_id: str, name: str) -> str:
    """The value. Raises SecretMissing, SecretInvalid; whatever AWS refuses otherwise travels as it is."""
    full_name = _full_name(organisation_id, name)
    held = _HELD.get(full_name)
    if held is not None and time.monotonic() < held[0]:
        return held[1]
    value = _opened(organisation_id, name, _read(full_name, name))
    with _HOLDING:
        _HELD[full_name] = (time.monotonic() + CACHE_SECONDS, value)
    return value


def resolved_key(text: str) -> str:
    """A provider's key as a setting has it: the key itself, or `secret:<name>` for a secret of the deployment."""
    return resolve(DEPLOYMENT, text.removeprefix(KEY_PREFIX).strip()) if text.startswith(KEY_PREFIX) else text


def forget_secrets() -> None:
    """Read every secret anew from now on."""
    with _HOLDING:
        _HELD.clear()


def _forget(full_name: str) -> None:
    with _HOLDING:
        _HELD.pop(full_name, None)


def _prefix(organisation_id: str) -> str:
    return f"{settings().deployment}/{organisation_id}/"


def _full_name(organisation_id: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SecretInvalid("the name of a secret starts with a small letter, then 62 small letters, digits, _ or - at most")
    return f"{_prefix(organisation_id)}{name}"


def _write(full_name: str, value: str) -> None:
    """A new version of what is there, else a new secret. Two who write at once both succeed; one of them came last."""
    from botocore.exceptions import ClientError

    manager = _manager()
    for write in (_put_version, _create, _put_version):
        try:
            write(manager, full_name, value)
        except ClientError as error:
            if _code(error) not in ("ResourceNotFoundException", "ResourceExistsException"):
                raise _unwritten(error) from None
        else:
            return
    raise Unavailable("the secret was created and deleted by others at the same time; try again")


def _put_version(manager: Any, full_name: str, value: str) -> None:
    manager.put_secret_value(SecretId=full_name, SecretString=value)


def _create(manager: Any, full_name: str, value: str) -> None:
    manager.create_secret(Name=full_name, SecretString=value, Description="Put through Sluice")


def _unwritten(error: "ClientError") -> Exception:
    """A name that was just deleted is free some seconds later; anything else is told by its code alone."""
    return Unavailable(f"Secrets Manager did not take the secret ({_code(error)}); if it was deleted just now, try again in a minute")


def _manager() -> Any:
    """The client to hand values to and take them from, with what would log them silenced."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
    return client("secretsmanager")


def _read(full_name: str, name: str) -> str:
    from botocore.exceptions import ClientError

    try:
        answer = _manager().get_secret_value(SecretId=full_name, VersionStage=_STAGE)
    except ClientError as error:
        if _code(error) in _GONE:
            raise SecretMissing(_missing(full_name, name)) from None
        raise
    value = answer.get("SecretString")
    if not isinstance(value, str) or not value:
        raise SecretMissing(f"the secret {name} holds no text; put one with `sluice secrets put {name}`")
    return value


def _purpose(name: str) -> str:
    return f"secret/{name}"


def _opened(organisation_id: str, name: str, text: str) -> str:
    """One that was copied here from another name or organisation does not open."""
    if not text.startswith(SEALED):
        return text
    try:
        return unseal(organisation_id, _purpose(name), text.removeprefix(SEALED), under="secrets")
    except SealBroken:
        raise SecretMissing(f"the secret {name} was not sealed for this name and organisation; put it again") from None


def _missing(full_name: str, name: str) -> str:
    whole = " --deployment" if full_name.startswith(_prefix(DEPLOYMENT)) else ""
    return f"there is no secret {name}; put it with `sluice secrets put {name}{whole}`"


def _listing(described: dict[str, Any], full_name: str) -> SecretListing:
    created: datetime = described["CreatedDate"]
    return SecretListing(full_name.rpartition("/")[2], time_text(created), time_text(described.get("LastChangedDate") or created))


def _code(error: "ClientError") -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
