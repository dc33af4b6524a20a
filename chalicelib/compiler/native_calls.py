"""A tool that the engine calls itself: which service integration, under which role, with which arguments.

In: the node, and who reads for it. Out: the `Call` of its Task, and the Task's arguments. All that is not an argument of the service is written out
in the spec, and rules of loading have let it pass.
"""

from chalicelib.compiler import asl
from chalicelib.compiler.code import Template
from chalicelib.compiler.outline import Call
from chalicelib.compiler.reads import Reader
from chalicelib.spec.native_tools import LAMBDA_INVOKE
from chalicelib.spec.nodes import ToolCall


def native_call(node: ToolCall, reader: Reader) -> tuple[Call, Template]:
    role = str(node.arguments.get("role"))
    if node.tool != LAMBDA_INVOKE:
        resource = f"{asl.SDK}{node.arguments.get('service')}:{node.arguments.get('action')}"
        return Call(resource, role), reader.whole(node.arguments.get("parameters") or {})
    arguments: dict[str, Template] = {"FunctionName": str(node.arguments.get("function"))}
    if "payload" in node.arguments:
        arguments["Payload"] = reader.whole(node.arguments["payload"])
    return Call(asl.INVOKE, role, "$states.result.Payload"), arguments
