"""A tool call, and what an agent's tool is given for certain, against the tool's signature, as far as it shows without a run.

In: `Authored`. Out: diagnostics. Only constants are checked against their schema: what a reference gives is the compiler's question.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from chalicelib.spec.binding import Literal, Text, parse_binding
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.native_tools import NATIVE_SIGNATURES, WRITTEN_OUT, signature_of
from chalicelib.spec.nodes import ToolCall
from chalicelib.spec.rules.agents import grants
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.schema_types import binding_schema, json_types
from chalicelib.spec.secret_reference import secret_reference
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES, ToolSignature

_WORDS: Final = {
    "function": "the ARN of a Lambda function",
    "role": "the ARN of a role below the path `/sluice/`",
    "service": "the name of a service, such as `sqs`",
    "action": "the name of an action, such as `sendMessage`",
}
_ROLE_HINT: Final = "such as `arn:aws:iam::123456789012:role/sluice/orders`; it is written out, it reads nothing"
WAITING_TOOL: Final = "a2a.send"  # its tasks may outlast an invocation


def unknown_tools(authored: Authored) -> Iterator[Diagnostic]:
    for call in _named(authored):
        if signature_of(call.tool) is None:
            known = (*TOOL_SIGNATURES, *NATIVE_SIGNATURES)
            near = get_close_matches(call.tool, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(known)}"
            yield authored.error("unknown-tool", f"there is no tool `{call.tool}`", call.name_path, hint)


def unknown_arguments(authored: Authored) -> Iterator[Diagnostic]:
    for call in _calls(authored):
        known = list(_properties(call.signature))
        for name in call.arguments:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"it takes {', '.join(known)}"
                yield authored.key_error("unknown-argument", f"`{call.tool}` takes no `{name}`", f"{call.path}.with.{name}", hint)


def missing_arguments(authored: Authored) -> Iterator[Diagnostic]:
    """An agent sets those of its tools itself."""
    for call in (call for call in _calls(authored) if call.is_whole):
        required = call.signature.arguments["required"]
        for name in required if isinstance(required, list) else ():
            if name not in call.arguments:
                yield authored.error("missing-argument", f"`{call.tool}` needs `{name}`", f"{call.path}.with")


def bad_arguments(authored: Authored) -> Iterator[Diagnostic]:
    for call in _calls(authored):
        known = _properties(call.signature)
        for name, value in call.arguments.items():
            schema = known.get(name)
            if isinstance(schema, dict) and not _may_fit(value, schema):
                wanted = " or ".join(sorted(json_types(schema)))
                yield authored.error("bad-argument", f"`{name}` of `{call.tool}` has to be of type {wanted}", f"{call.path}.with.{name}")


def native_calls(authored: Authored) -> Iterator[Diagnostic]:
    """What the engine calls itself is written out: whom it calls, and under which role."""
    for call in (call for call in _named(authored) if call.tool in NATIVE_SIGNATURES):
        if not call.is_whole:
            yield authored.error("native-call", f"an agent cannot have `{call.tool}`", call.name_path, "it is for `tool_call` nodes")
            continue
        properties = _properties(call.signature)
        for name in WRITTEN_OUT[call.tool]:
            value, schema = call.arguments.get(name), properties[name]
            assert isinstance(schema, dict)
            if name in call.arguments and not (isinstance(value, str) and re.fullmatch(str(schema["pattern"]), value)):
                hint = _ROLE_HINT if name == "role" else "it is written out, it reads nothing"
                yield authored.error("native-call", f"`{name}` of `{call.tool}` has to be {_WORDS[name]}", f"{call.path}.with.{name}", hint)


def bad_waits(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(ToolCall):
        if node.wait is not None and node.tool != WAITING_TOOL:
            message = f"`{node.tool}` has no end that could be waited for"
            yield authored.key_error("bad-wait", message, f"{path}.wait", f"`wait` goes with `{WAITING_TOOL}`")
        elif node.wait is not None and node.wait.poll_seconds > node.wait.timeout_seconds:
            message = "`poll_seconds` is longer than `timeout_seconds`: nobody would be asked in time"
            yield authored.error("bad-wait", message, f"{path}.wait")


@dataclass(frozen=True, slots=True)
class _Call:
    """`is_whole`: all arguments are authored, none is left to a model."""

    path: str
    name_path: str
    tool: str
    arguments: JsonObject
    is_whole: bool

    @property
    def signature(self) -> ToolSignature:
        return TOOL_SIGNATURES[self.tool] if self.tool in TOOL_SIGNATURES else NATIVE_SIGNATURES[self.tool]


def _named(authored: Authored) -> Iterator[_Call]:
    for path, node in authored.of_type(ToolCall):
        yield _Call(path, f"{path}.tool", node.tool, node.arguments, is_whole=True)
    for path, grant in grants(authored):
        if grant.tool is not None:
            yield _Call(path, f"{path}.tool", grant.tool, grant.arguments, is_whole=False)


def _calls(authored: Authored) -> Iterator[_Call]:
    return (call for call in _named(authored) if signature_of(call.tool) is not None)


def _properties(signature: ToolSignature) -> JsonObject:
    properties = signature.arguments["properties"]
    return properties if isinstance(properties, dict) else {}


def _may_fit(value: Json, schema: JsonObject) -> bool:
    if secret_reference(value) is not None:
        return "string" in json_types(schema)
    binding = parse_binding(value)
    if isinstance(binding, Literal) and binding.value is None:
        return True  # left out
    return not isinstance(binding, Literal | Text) or bool(json_types(binding_schema(binding)) & json_types(schema))
