"""References to secrets: where they may stand and what they may name.

In: `Authored`. Out: diagnostics. Whether a secret exists is known when the node runs, not here.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.bindings import BINDING_FIELDS, Form
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.native_tools import NATIVE_SIGNATURES, signature_of
from chalicelib.spec.nodes import AgentCall, Node, ToolCall
from chalicelib.spec.rules.agents import grants
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.secret_reference import secret_references

_SENDING: Final = frozenset({"http", "mcp", "a2a", "sql"})  # kinds of tools that need credentials; others may keep or tell them
_PLACES: Final = ("url", "server", "agent", "source")  # the arguments that say where a tool sends things
_ARGUMENTS: Final = "with"


def bad_secrets(authored: Authored) -> Iterator[Diagnostic]:
    """A name or a prefix that cannot be one, or that reads something: which secret goes where is decided when the workflow is written."""
    for path, _, arguments in _calls(authored):
        for place, reference in secret_references(arguments, path):
            if not reference.has_good_name:
                hint = "a small letter, then small letters, digits, `_` or `-`; the name is written out, it reads nothing"
                yield authored.error("bad-secret", f"`{reference.name}` is no name of a secret", f"{place}.secret", hint)
            if not reference.has_good_prefix:
                yield authored.error(
                    "bad-secret", "the prefix of a secret is written out, it reads nothing", f"{place}.prefix", "`prefix: 'Bearer '`"
                )


def misplaced_secrets(authored: Authored) -> Iterator[Diagnostic]:
    """A secret anywhere but in the arguments of a tool that sends it somewhere."""
    hint = "a secret goes into `with` of a tool that sends it: `headers: {authorization: {secret: name}}`"
    for path, tool, arguments in _calls(authored):
        if signature_of(tool) is not None and tool.partition(".")[0] not in _SENDING:
            message = f"the engine would record a secret of `{tool}`" if tool in NATIVE_SIGNATURES else f"`{tool}` sends nothing, it needs no secret"
            for place, _ in secret_references(arguments, path):
                yield authored.error("misplaced-secret", message, place, hint)
    yield from _sent_anywhere(authored)
    for place in _elsewhere(authored):
        yield authored.error("misplaced-secret", "a secret would be recorded here", place, hint)


def _sent_anywhere(authored: Authored) -> Iterator[Diagnostic]:
    """Secrets of an agent's tool whose destination the model would choose."""
    for path, grant in grants(authored):
        signature = signature_of(grant.tool or "")
        known = signature.arguments["properties"] if signature is not None else {}
        free = [place for place in _PLACES if isinstance(known, dict) and place in known and place not in grant.arguments]
        for where, _ in secret_references(grant.arguments, f"{path}.{_ARGUMENTS}") if free else ():
            message = f"the model could have `{grant.tool}` send the secret wherever it likes"
            yield authored.error("misplaced-secret", message, where, f"fix `{free[0]}` in `with`, too")


def _calls(authored: Authored) -> Iterator[tuple[str, str, JsonObject]]:
    """Tool calls, and what is fixed for an agent's tools: where the arguments stand, the tool, the arguments."""
    yield from ((f"{path}.{_ARGUMENTS}", node.tool, node.arguments) for path, node in authored.of_type(ToolCall))
    yield from ((f"{path}.{_ARGUMENTS}", grant.tool, grant.arguments) for path, grant in grants(authored) if grant.tool is not None)


def _elsewhere(authored: Authored) -> Iterator[str]:
    """Objects that read as references where none may stand. One whose name reads something is data like any other."""
    values = [(f"{part.path}.{field}", value) for part in authored.nodes if part.node is not None for field, value in _bound(part.node)]
    for path, value in (*values, ("output", authored.value("output"))):
        yield from (place for place, reference in secret_references(value, path) if reference.has_good_name)


def _bound(node: Node) -> Iterator[tuple[str, Json]]:
    """The fields that are bindings, but for the arguments of tools."""
    for declared in BINDING_FIELDS[node.type]:
        if not (isinstance(node, ToolCall) and declared.path == _ARGUMENTS) and declared.form is not Form.GRANTS:
            yield declared.path, declared.read(node)
    for index, grant in enumerate(node.grants if isinstance(node, AgentCall) else ()):
        if grant.tool is None:
            yield f"tools.{index}.{_ARGUMENTS}", grant.arguments
