"""Routes: agents elsewhere tell that something has changed in a task that a run waits for. A token of its own proves it, no credentials.

In: a notification with the token that the agent was given, as `X-A2A-Notification-Token` or as a bearer. Out: 200 once it is kept; 404 for a token or
hook that is none. Never: a look into the body, which anybody may have written.
"""

from http import HTTPMethod
from typing import Final

from chalice.app import Blueprint, Request

from chalicelib.api import shapes
from chalicelib.api.endpoint import Answer, raw_endpoint
from chalicelib.errors import NotificationUnknown, TooLarge
from chalicelib.runs.task_hooks import PATH, hear

routes = Blueprint(__name__)
MAX_BYTES: Final = 262_144
_TOKEN_HEADER: Final = "X-A2A-Notification-Token"  # noqa: S105  (a header's name)
_BEARER: Final = "bearer "


@raw_endpoint(routes, HTTPMethod.POST, f"{PATH}/{{organisation_id}}/{{hook_id}}", answers={200: shapes.HEARD}, errors=(NotificationUnknown, TooLarge))
def notify(request: Request, organisation_id: str, hook_id: str) -> Answer:
    """An agent elsewhere tells that something has changed in a task that a node of ours waits for.

    The token that the agent was given proves that it is meant, as `X-A2A-Notification-Token` or as a bearer. The body (at most 256 KB) is not looked
    at. It is answered once that is kept, and again for the same token. A 404 is no such hook, a wrong token, or one that was followed by another.
    """
    if len(request.raw_body) > MAX_BYTES:
        raise TooLarge(f"a notification has {MAX_BYTES:,} bytes at most")
    hear(organisation_id, hook_id, _token(request))
    return Answer({"heard": True})


def _token(request: Request) -> str:
    given: str = request.headers.get(_TOKEN_HEADER, "")
    bearer: str = request.headers.get("Authorization", "")
    return given or (bearer[len(_BEARER) :].strip() if bearer.lower().startswith(_BEARER) else "")
