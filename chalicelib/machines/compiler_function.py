"""The way to the compiler function, the only one that creates state machines.

In: a payload. Out: its answer. Raises PublisherUnavailable where it cannot be reached or breaks; what it refuses is in the answer.
"""

import json

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import PublisherUnavailable
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import json_text
from chalicelib.store.clients import client


def ask(payload: JsonObject) -> JsonObject:
    """Invoke the compiler function (SLUICE_COMPILER_FUNCTION) and wait for its answer."""
    try:
        answer = client("lambda").invoke(FunctionName=settings().compiler_function, Payload=json_text(payload).encode())
        told: Json = json.loads(answer["Payload"].read())
    except (ClientError, BotoCoreError, ValueError) as fault:
        raise PublisherUnavailable("the compiler function cannot be reached") from fault
    if answer.get("FunctionError") or not isinstance(told, dict):
        raise PublisherUnavailable("the compiler function failed; its log says why")
    return told
