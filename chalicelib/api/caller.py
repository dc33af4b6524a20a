"""Who calls: the principal of a request.

In: a request as API Gateway hands it over. Out: a `Principal` of what it brought: an access token or an API key as `Authorization: Bearer …`, or an
API key as `X-Api-Key`. Nothing brought is nobody. Whoever signed with AWS credentials exchanges the signature for a token (`iam_caller`), at the one
route where API Gateway checks signatures.
Never: anybody's word for who they are.
"""

from typing import Final

from chalice.app import Request

from chalicelib.access.authenticate import by_credential
from chalicelib.access.principal import NOBODY, Principal
from chalicelib.api.address import LOCAL_STAGE
from chalicelib.errors import NotSignedIn
from chalicelib.settings import settings

KEY_HEADER: Final = "X-Api-Key"
_SCHEME: Final = "bearer"


def principal_of(request: Request, *, fresh: bool) -> Principal:
    """The principal of a request; `fresh` as in `authenticate`. Raises NotSignedIn for credentials that do not hold, Unavailable."""
    credential = _credential(request)
    return by_credential(credential, fresh=fresh) if credential else NOBODY


def address_of(request: Request) -> str:
    """Where a request came from, as API Gateway saw it."""
    identity = request.context.get("identity")
    return str(identity.get("sourceIp") or "") if isinstance(identity, dict) else ""


def iam_caller(request: Request) -> str:
    """The resource part of the ARN of who signed the request: `user/anna`, or `assumed-role/approvers/anna`. Raises NotSignedIn."""
    identity = request.context.get("identity")
    arn = identity.get("userArn") if isinstance(identity, dict) else None
    person = str(arn).split(":", 5)[-1] if arn else ""
    if not person or settings().stage == LOCAL_STAGE:  # nothing here checks signatures
        raise NotSignedIn("the request is not signed with AWS credentials")
    return person


def _credential(request: Request) -> str:
    """Raises NotSignedIn where two are brought, or one of a kind that is not taken."""
    scheme, _, bearer = (request.headers.get("Authorization") or "").strip().partition(" ")
    key = (request.headers.get(KEY_HEADER) or "").strip()
    if scheme and (scheme.lower() != _SCHEME or not bearer.strip() or key):
        raise NotSignedIn("send one credential: Authorization: Bearer with a token or a key, or X-Api-Key")
    if key and not key.startswith("sk_"):
        raise NotSignedIn("X-Api-Key holds no API key of Sluice")
    return bearer.strip() or key
