"""Who calls: the principal of a request.

In: a request as API Gateway hands it over. Out: a `Principal`. Deployed, API Gateway has checked an AWS signature, and the person is the IAM caller;
locally the person is taken at their word (`X-Sluice-As`). Never: that header's word outside the local stage.
"""

from typing import Final

from chalice.app import Request

from chalicelib.access.principal import Principal, local_principal
from chalicelib.errors import Refused
from chalicelib.settings import LOCAL_STAGE, settings

HEADER: Final = "X-Sluice-As"


def principal_of(request: Request) -> Principal:
    """The principal of a request. Raises Refused where nobody signed it."""
    if settings().stage == LOCAL_STAGE:
        return local_principal(request.headers.get(HEADER))
    return local_principal(iam_caller(request.context))


def iam_caller(context: dict[str, object]) -> str:
    """The resource part of the caller's ARN: `user/anna`, or `assumed-role/approvers/anna`."""
    identity = context.get("identity")
    arn = identity.get("userArn") if isinstance(identity, dict) else None
    person = str(arn).split(":", 5)[-1] if arn else ""
    if not person:
        raise Refused("the request is not signed")
    return person
