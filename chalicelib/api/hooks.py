"""Routes: calls from outside to webhooks. Who calls is proven by the call itself, over its bytes as they came."""

from http import HTTPMethod

from chalice.app import Blueprint, Request

from chalicelib.api import trigger_shapes
from chalicelib.api.endpoint import Answer, body_of, headers_of, raw_endpoint
from chalicelib.errors import BodyTooLarge, Conflict, InputInvalid, SealBroken, SignatureInvalid, TriggerNotFound, TriggerPaused
from chalicelib.triggers import webhooks
from chalicelib.triggers.signatures import Delivery
from chalicelib.triggers.webhooks import Call

routes = Blueprint(__name__)


@raw_endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/hooks/{trigger_id}",
    answers={202: trigger_shapes.TAKEN},
    errors=(TriggerNotFound, SignatureInvalid, TriggerPaused, BodyTooLarge, InputInvalid, Conflict, SealBroken),
)
def receive(request: Request, trigger_id: str) -> Answer:
    """Start a run for a call.

    Anybody may make it who proves that they know the secret, in the way that the trigger says. JSON, a form or text, 1 MiB at most. A call that
    names itself (by one of the trigger's `key_headers`; Stripe's events by their `id`) starts one run, however often it comes. It is answered once
    the run is recorded; 409 also where the workflow has no version. What the workflow does not take is recorded with the trigger's firings.
    """
    firing = webhooks.take(trigger_id, Call(Delivery(headers_of(request), body_of(request)), dict(request.query_params or {})))
    return Answer({"run_id": firing.run_id}, status=202)
