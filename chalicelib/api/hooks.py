"""Routes: calls from outside to webhooks. Who calls is proven by the call itself, over its bytes as they came."""

from http import HTTPMethod

from chalice.app import Blueprint, Request

from chalicelib.api.endpoint import Answer, raw_endpoint
from chalicelib.triggers import webhooks
from chalicelib.triggers.signatures import Delivery
from chalicelib.triggers.webhooks import Call

routes = Blueprint(__name__)


@raw_endpoint(routes, HTTPMethod.POST, "/api/v1/hooks/{trigger_id}")
def receive(request: Request, trigger_id: str) -> Answer:
    """Start a run for a call."""
    headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
    body = request.raw_body.encode() if isinstance(request.raw_body, str) else request.raw_body
    firing = webhooks.take(trigger_id, Call(Delivery(headers, body), dict(request.query_params or {})))
    return Answer({"run_id": firing.run_id}, status=202)
