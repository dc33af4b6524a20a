"""How answers lead on: an answer that makes a thing names the routes that take its id.

In: what the routes promise. Out: links by operation, as OpenAPI has them. Never: a link to a route that takes more than the id.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.api.contract import Contract
from chalicelib.api.shape import Shape
from chalicelib.spec.model import Json, JsonObject

_PARAMETERS: Final = {
    "Workflow": "workflow_id",
    "PlacedRun": "run_id",
    "MadeApiKey": "key_id",
    "MadeInvitation": "invitation_id",
    "MadeTrigger": "trigger_id",
}


def links(promised: Sequence[Contract]) -> dict[str, JsonObject]:
    """Of each shape that has an id: where it leads, by operation."""
    found: dict[str, JsonObject] = {}
    for shape, parameter in _PARAMETERS.items():
        taking = [each for each in promised if _parameters(each) == [parameter] and each.alias_of is None]
        found[shape] = {each.operation_id: _link(each, parameter) for each in taking}
    return found


def links_of(kind: object, status: int, by_shape: dict[str, JsonObject]) -> JsonObject:
    """Those of an answer, for a thing that was made."""
    leads = by_shape.get(kind.name, {}) if isinstance(kind, Shape) and status in {201, 202} else {}
    return {"links": leads} if leads else {}


def _parameters(contract: Contract) -> list[str]:
    return [part[1:-1] for part in contract.path.split("/") if part.startswith("{")]


def _link(contract: Contract, parameter: str) -> Json:
    return {"operationId": contract.operation_id, "parameters": {parameter: "$response.body#/id"}}
