"""An app of every kind of function, for the tests of the local stack alone."""

import json
import os
import time
from functools import lru_cache
from typing import Any

import boto3
from chalice.app import Chalice, CORSConfig, Response, WebsocketEvent

app = Chalice(app_name="tiny", configure_logs=False)
app.experimental_feature_flags.update(["WEBSOCKETS"])
CORS = CORSConfig(allow_origin="https://example.com", allow_headers=["X-Mine"])
VERSION = 1


@lru_cache
def _client(service: str, endpoint: str | None = None) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, endpoint_url=endpoint)


@lru_cache
def _table() -> Any:
    return boto3.session.Session().resource("dynamodb").Table(os.environ["TINY_TABLE"])


def _request() -> Any:
    return app.current_request


def _note(kind: str, text: str) -> None:
    _table().put_item(Item={"PK": kind, "SK": f"{time.time_ns():020d}", "text": text})


@app.route("/notes/{kind}", methods=["GET", "POST"], cors=CORS)
def notes(kind: str) -> Any:
    if _request().method == "POST":
        _note(kind, _request().raw_body.decode())
        return Response({"kind": kind}, status_code=201)
    found = _table().query(KeyConditionExpression="PK = :k", ExpressionAttributeValues={":k": kind})["Items"]
    return [item["text"] for item in found]


@app.route("/notes/fixed")
def fixed() -> Any:
    return {"fixed": True}


@app.route("/event", methods=["GET", "POST"])
def event() -> Any:
    return {**_request().to_original_event(), "context": app.lambda_context.aws_request_id, "version": VERSION}


@app.route("/slow/{seconds}")
def slow(seconds: str) -> Any:
    time.sleep(float(seconds))
    return {"request": _request().uri_params["seconds"]}


@app.route("/broken")
def broken() -> Any:
    return {"not": {1, 2}}


@app.lambda_function(name="hasty")
def hasty(payload: Any, context: Any) -> Any:
    time.sleep(payload["seconds"])


@app.lambda_function(name="step")
def step(payload: Any, context: Any) -> Any:
    match payload.get("do"):
        case "fail":
            raise LookupError("nothing here")
        case "not_json":
            return {1, 2}
        case "large":
            return "x" * (7 * 1024 * 1024)
        case "ask":
            _note("asked", payload["token"])
        case _:
            pass
    return {"seen": payload, "left": context.get_remaining_time_in_millis(), "id": context.aws_request_id, "version": VERSION}


@app.schedule("rate(1 second)", name="tick")
def tick(occasion: Any) -> None:
    if os.environ.get("TINY_TICKS"):
        _note("tick", occasion.to_dict()["detail-type"])


@app.on_cw_event({"source": ["aws.states"], "detail": {"name": [{"prefix": "run"}]}}, name="ended")
def ended(occasion: Any) -> None:
    _note("status", json.dumps({key: occasion.detail[key] for key in ("name", "status", "error", "output")}))


@app.on_cw_event({"source": ["tiny"]}, name="heard")
def heard(occasion: Any) -> None:
    _note("heard", occasion.detail["word"])


@app.on_dynamodb_record(stream_arn="arn:aws:dynamodb:eu-central-1:0:table/x/stream/placeholder", name="changed")
def changed(batch: Any) -> Any:
    failures = []
    for record in batch:
        text = record.new_image["text"]["S"]
        if text == "fail once" and _is_first("1"):
            failures.append({"itemIdentifier": record.sequence_number})
            break
        _note("streamed", text)
    return {"batchItemFailures": failures}


def _is_first(what: str) -> bool:
    counted = _table().update_item(
        Key={"PK": "tries", "SK": what}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1}, ReturnValues="UPDATED_NEW"
    )
    return bool(counted["Attributes"]["n"] == 1)


@app.on_sqs_message(queue_arn="arn:aws:sqs:eu-central-1:123456789012:placeholder.fifo", batch_size=10, name="ordered")
def ordered(batch: Any) -> Any:
    """Each message once in its group's order; what is told to fail does so once, and all of its group behind it."""
    failed: dict[str, list[str]] = {}
    for record in batch.to_dict()["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group in failed or (record["body"].startswith("fail once") and _is_first(record["body"])):
            failed.setdefault(group, []).append(record["messageId"])
        else:
            _note(f"ordered {group}", record["body"])
    return {"batchItemFailures": [{"itemIdentifier": each} for group in failed.values() for each in group]}


@app.on_sqs_message(queue_arn="arn:aws:sqs:eu-central-1:123456789012:tiny-queue", batch_size=5, name="received")
def received(batch: Any) -> None:
    for record in batch:
        _note("received", record.body)


@app.on_ws_connect(name="opened")
def opened(socket: WebsocketEvent) -> Any:
    query = socket.to_dict().get("queryStringParameters") or {}
    if query.get("ticket") != "good":
        return {"statusCode": 401}
    _note("opened", socket.connection_id)
    return {"statusCode": 200}


@app.on_ws_message(name="said")
def said(socket: WebsocketEvent) -> Any:
    if socket.body == "break":
        raise ValueError("broken")
    management = _client("apigatewaymanagementapi", os.environ["TINY_ENDPOINT"])
    if socket.body == "close":
        management.delete_connection(ConnectionId=socket.connection_id)
    else:
        management.post_to_connection(ConnectionId=socket.connection_id, Data=f"echo {socket.body}".encode())
    return {"statusCode": 200}


@app.on_ws_disconnect(name="closed")
def closed(socket: WebsocketEvent) -> Any:
    _note("closed", socket.connection_id)
    return {"statusCode": 200}
