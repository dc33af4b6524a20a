"""JSON-RPC 2.0, as MCP and A2A speak it: a call in, a reply out.

In: a message that was parsed. Out: `RpcCall`, and replies as JSON. It knows no method.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.spec.model import Json, JsonObject

INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603


@dataclass(frozen=True, slots=True)
class RpcCall:
    """`key` is the caller's idempotency key, where there is one; `headers` are those that the protocol reads. A notification expects no reply."""

    method: str
    params: JsonObject
    id: str | int | None = None
    is_notification: bool = False
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A parameter that is a text; empty where it is none."""
        value = self.params.get(name)
        return value if isinstance(value, str) else ""

    def members(self, name: str) -> JsonObject:
        """A parameter that is an object; empty where it is none."""
        value = self.params.get(name)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class RpcError:
    code: int
    message: str
    data: Json = None


def reply(call: RpcCall, result: JsonObject | RpcError) -> JsonObject:
    """The message that answers the call."""
    told: JsonObject = {"jsonrpc": "2.0", "id": call.id}
    match result:
        case RpcError(code, message, None):
            return told | {"error": {"code": code, "message": message}}
        case RpcError(code, message, data):
            return told | {"error": {"code": code, "message": message, "data": data}}
        case _:
            return told | {"result": result}
