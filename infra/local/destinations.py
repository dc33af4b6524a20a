"""Where Lambda leaves what a function failed at, each time it was tried asynchronously: the queue that the template names (`EventInvokeConfig`).

In: a function, what it was given, its last answer. Out: a message as Lambda writes it. Functions without a destination lose it, as on AWS.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from datetime import UTC, datetime
from typing import Any

from infra.local.application import Function
from infra.local.invocation import Answer
from infra.local.queues import queue_client, url_of
from infra.local.resources import function_arn
from infra.local.template import Template


def leave(template: Template, function: Function, payload: bytes, answer: Answer) -> None:
    """Send the record of a failure to the function's queue, if it has one."""
    config = template.resolve(template.properties(function.logical_id).get("EventInvokeConfig", {}))
    destination = config.get("DestinationConfig", {}).get("OnFailure", {})
    if destination.get("Type") == "SQS":
        queue_client().send_message(QueueUrl=url_of(destination["Destination"]), MessageBody=json.dumps(_record(function, payload, answer)))


def _record(function: Function, payload: bytes, answer: Answer) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {"functionArn": f"{function_arn(function.name)}:$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": json.loads(payload),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": answer.value(),
    }
