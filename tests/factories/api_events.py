"""Events as AWS hands them to Lambda: REST requests (payload format 1.0), WebSocket messages, what EventBridge delivers."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

CALLER = "arn:aws:iam::123456789012:user/anna"


def context() -> Any:
    """What Lambda passes beside the event, as far as anybody reads it."""
    return SimpleNamespace(
        aws_request_id="request-1",
        function_name="sluice",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:f",
        get_remaining_time_in_millis=lambda: 30_000,
    )


def bridge_event(kind: str, detail: Mapping[str, Any], *, source: str = "aws.states") -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "event-1",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-21T14:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": dict(detail),
    }


def rest_event(
    method: str,
    resource: str,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> dict[str, Any]:
    """A request to `method resource`, such as `GET /api/v1/workflows/{workflow_id}`. A body that is no text is sent as JSON."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    several = {name: [value] if isinstance(value, str) else [*value] for name, value in (query or {}).items()}
    return {
        "resource": resource,
        "path": resource.format(**(path or {})),
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": dict(path) if path else None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "requestId": "request-1",
            "stage": "api",
            "identity": {"userArn": CALLER, "sourceIp": "192.0.2.1"},
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def websocket_event(kind: str, *, body: object = None, query: Mapping[str, str] | None = None, connection_id: str = "C1=") -> dict[str, Any]:
    """A `CONNECT`, `MESSAGE` or `DISCONNECT` of one connection."""
    route = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}[kind]
    return {
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "connectionId": connection_id,
            "domainName": "abc.execute-api.eu-central-1.amazonaws.com",
            "stage": "api",
            "apiId": "abc",
            "requestId": "request-1",
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
