"""Errands: what the API has done by the function that may read secrets, of vendors of models and of servers elsewhere.

In: what is to be done. Out: `ask` waits for what came of it, `hand_over` only for Lambda's word that it will be done, perhaps twice.
`workers.errands` is the other end of the wire. Never: a secret on the wire.
"""

import json
from typing import Annotated, Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from chalicelib.errors import SluiceError, Unavailable
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.clients import client


class _Errand(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ListTools(_Errand):
    """What an MCP server says of its tools."""

    errand: Literal["list_tools"] = "list_tools"
    server: str


class WarmCache(_Errand):
    """The requests of a job."""

    errand: Literal["warm_cache"] = "warm_cache"
    organisation_id: str
    job_id: str


class SignCard(_Errand):
    """The signature of an agent card of ours."""

    errand: Literal["sign_card"] = "sign_card"
    card: dict[str, Any]


class ReadCard(_Errand):
    """What an external agent says of itself: one of the settings, or `registration`, as it is kept or shall be."""

    errand: Literal["read_card"] = "read_card"
    organisation_id: str
    name: str
    registration: dict[str, Any] | None = None


Errand = ListTools | WarmCache | SignCard | ReadCard
_WIRE: Final[TypeAdapter[Errand]] = TypeAdapter(Annotated[Errand, Field(discriminator="errand")])


def read(event: object) -> Errand:
    """Raises pydantic's ValidationError."""
    return _WIRE.validate_python(event)


def ask(errand: Errand) -> JsonObject:
    """What came of it: `{result}`, or `{error: {code, message}}`. Raises Unavailable."""
    answer = _invoke(errand, "RequestResponse")
    try:
        told: Json = json.loads(answer["Payload"].read())
    except ValueError as fault:
        raise Unavailable("the function for errands gave no answer") from fault
    if answer.get("FunctionError") or not isinstance(told, dict):
        raise Unavailable("the function for errands failed; its log says why")
    return told


def hand_over(errand: Errand) -> None:
    """Raises Unavailable where Lambda does not take it."""
    _invoke(errand, "Event")


def failed(error: SluiceError) -> JsonObject:
    """A failure as it goes over the wire."""
    return {"error": {"code": error.code, "message": str(error)}}


def _invoke(errand: Errand, kind: Literal["RequestResponse", "Event"]) -> Any:
    try:
        return client("lambda").invoke(FunctionName=settings().errands_function, InvocationType=kind, Payload=errand.model_dump_json().encode())
    except (ClientError, BotoCoreError) as fault:
        raise Unavailable("the function for errands cannot be reached; try again") from fault
