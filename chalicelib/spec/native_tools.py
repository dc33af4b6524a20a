"""The tools that Step Functions calls itself, without a worker: `lambda.invoke` and `aws.call`.

In: nothing. Out: `NATIVE_SIGNATURES` by tool name, and what the parts of a call have to look like. The engine calls under a role that is named in the
call, never under its own. Whether a deployment allows a role is decided when a workflow is published.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES, ToolSignature

LAMBDA_INVOKE: Final = "lambda.invoke"
AWS_CALL: Final = "aws.call"
ROLE_PATTERN: Final = r"arn:[a-z-]+:iam::\d{12}:role/sluice/[\w+=,.@/-]{1,500}"
FUNCTION_PATTERN: Final = r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]{1,128})?"
SERVICE_PATTERN: Final = r"[a-z][a-z0-9]{1,60}"
ACTION_PATTERN: Final = r"[a-z][a-zA-Z0-9]{1,100}"


def _signature(required: str, **properties: Json) -> ToolSignature:
    names: list[Json] = list(required.split())
    arguments: JsonObject = {"type": "object", "properties": dict(properties), "required": names, "additionalProperties": False}
    return ToolSignature(arguments, {}, Effect.EXTERNAL)


_ROLE: Final[JsonObject] = {"type": "string", "pattern": f"^{ROLE_PATTERN}$", "description": "the role under which it is called"}
_FUNCTION: Final[JsonObject] = {"type": "string", "pattern": f"^{FUNCTION_PATTERN}$", "description": "the ARN of a function"}
_SERVICE: Final[JsonObject] = {"type": "string", "pattern": f"^{SERVICE_PATTERN}$", "description": "as Step Functions calls it: `sqs`, `dynamodb`"}
_ACTION: Final[JsonObject] = {"type": "string", "pattern": f"^{ACTION_PATTERN}$", "description": "`sendMessage`"}
_PARAMETERS: Final[JsonObject] = {"type": "object", "description": "as the API has them, in PascalCase"}

NATIVE_SIGNATURES: Final[Mapping[str, ToolSignature]] = MappingProxyType(
    {
        LAMBDA_INVOKE: _signature("function role", function=_FUNCTION, payload={}, role=_ROLE),
        AWS_CALL: _signature("service action role", service=_SERVICE, action=_ACTION, parameters=_PARAMETERS, role=_ROLE),
    }
)
NATIVE_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        LAMBDA_INVOKE: "Calls a Lambda function under a role, without a worker.",
        AWS_CALL: "Calls an action of an AWS service under a role, without a worker.",
    }
)
WRITTEN_OUT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({LAMBDA_INVOKE: ("function", "role"), AWS_CALL: ("service", "action", "role")})


def signature_of(tool: str) -> ToolSignature | None:
    """The signature of any tool, whoever carries it out."""
    return TOOL_SIGNATURES.get(tool) or NATIVE_SIGNATURES.get(tool)
