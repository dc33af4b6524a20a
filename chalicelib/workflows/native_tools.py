"""Which calls this deployment lets the engine make itself.

In: a spec, the positions of its text. Out: diagnostics. Nothing is allowed that a setting does not name: the roles under which calls are made.
"""

from collections.abc import Iterator, Mapping

from chalicelib.settings import settings
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.nodes import Map, Node, ToolCall
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec


def refused_calls(spec: WorkflowSpec, positions: Positions) -> tuple[Diagnostic, ...]:
    """The calls that may not be published here."""
    return tuple(_refused(spec.nodes, "nodes", positions))


def _refused(nodes: Mapping[str, Node], path: str, positions: Positions) -> Iterator[Diagnostic]:
    allowed = settings().native_tools
    for name, node in nodes.items():
        if isinstance(node, Map):
            yield from _refused(node.nodes, f"{path}.{name}.nodes", positions)
        elif isinstance(node, ToolCall) and node.is_native and not allowed:
            at, hint = positions.at(f"{path}.{name}.tool"), "whoever runs the deployment names the roles in SLUICE_NATIVE_TOOLS"
            yield Diagnostic("native-tool-off", Severity.ERROR, f"`{node.tool}` is not switched on in this deployment", at, hint)
        elif isinstance(node, ToolCall) and node.is_native and node.arguments.get("role") not in allowed:
            at, hint = positions.at(f"{path}.{name}.with.role"), f"one of {', '.join(sorted(allowed))}"
            yield Diagnostic("native-role-refused", Severity.ERROR, f"`{node.arguments.get('role')}` may not be used in this deployment", at, hint)
