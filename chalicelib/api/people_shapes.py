"""What the answers about signing in, people, keys, secrets and the audit look like."""

from typing import Final

from chalicelib.access.secret_rights import Held
from chalicelib.api.shape import Many, Shape, page
from chalicelib.spec.model import JsonObject
from chalicelib.store.people_records import ApiKey, Invitation, Member, Organisation
from chalicelib.store.secret_rights import SecretRights

TOKENS: Final = Shape(
    "Tokens",
    {"access_token": str, "token_type": str, "expires_in": int, "refresh_token": str | None, "organisation_id": str, "person": str},
)
ME: Final = Shape("Me", {"person": str, "kind": str, "organisation_id": str, "roles": Many(str), "scopes": Many(str), "organisations": Many(str)})
KEY_SET: Final = Shape("KeySet", {"keys": Many(JsonObject)})
ROTATED: Final = Shape("RotatedKey", {"kid": str, "signs_in_seconds": int})

ORGANISATION: Final = Shape("Organisation", record=Organisation)
PERSON: Final = Shape("Person", record=Member, without=frozenset({"generation"}))
PEOPLE: Final = page("people", PERSON)
NEW_PASSWORD: Final = Shape("NewPassword", {"person": str, "password": str})
INVITATION: Final = Shape("Invitation", record=Invitation)
NEW_INVITATION: Final = Shape("MadeInvitation", {"invitation": str}, record=Invitation)
INVITATIONS: Final = Shape("Invitations", {"invitations": Many(INVITATION)})
API_KEY: Final = Shape("ApiKey", record=ApiKey, without=frozenset({"key_sha256"}))
NEW_API_KEY: Final = Shape("MadeApiKey", {"key": str}, record=ApiKey, without=API_KEY.without)
API_KEYS: Final = Shape("ApiKeys", {"keys": Many(API_KEY)})

SECRET: Final = Shape("Secret", {"name": str, "created_at": str, "changed_at": str, "mine": Held})
SECRET_ACCESS: Final = Shape("SecretAccess", {"revision": int}, record=SecretRights)
SECRETS: Final = Shape("Secrets", {"secrets": Many(SECRET)})

_ENTRY: Final = Shape(
    "AuditEntry",
    {
        **dict.fromkeys(("id", "at", "by", "operation", "address", "correlation_id", "noun", "target", "verb", "before", "after"), str),
        **dict.fromkeys(("previous", "hash", "organisation_id"), str),
        "number": int,
    },
)
AUDIT: Final = Shape("Audit", {"entries": Many(_ENTRY), "before": int | None, "cursor": str | None})
_HEAD: Final = Shape("ChainHead", {"count": int, "hash": str})
CHAIN: Final = Shape("AuditChain", {"organisation_id": str, "entries": Many(_ENTRY), "head": _HEAD, "kept_since": str})
_CHECKPOINT: Final = Shape("Checkpoint", {"organisation_id": str, "count": int, "hash": str, "at": str, "key": str, "signature": str})
_PUBLIC_KEY: Final = Shape("AuditKey", {"fingerprint": str, "algorithm": str, "public_key": str})
CHECKPOINTS: Final = Shape("Checkpoints", {"checkpoints": Many(_CHECKPOINT), "keys": Many(_PUBLIC_KEY)})
