"""Graphs and plans in a line each, for tests of the compiler.

`graph({"c": "condition", "a": ""}, "c a true", "a j")`: nodes by id with their type (a tool call without) or fields, edges as `from to when`.
`shown(plan)`: a plan in a line: `c; {[c=true] a | [c=false] b}; j` with `(x & y)` at once, `{…}` around arms, `m*{…}` for each item.
"""

from collections.abc import Mapping
from typing import assert_never

from chalicelib.compiler.activation import Atom
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.spec.model import Json, JsonObject
from tests.factories.graphs import graph_of

SHORT: Mapping[str, str] = {"": "tool_call", "gate": "human_gate", "agent": "agent_call"}


def graph(nodes: Mapping[str, str | JsonObject], *edges: str) -> WorkflowGraph:
    types: dict[str, str | JsonObject] = {name: SHORT.get(node, node) if isinstance(node, str) else node for name, node in nodes.items()}
    return graph_of(types, [_edge(edge) for edge in edges])


def tools(names: str) -> dict[str, str | JsonObject]:
    """Tool calls with these one-letter or blank-separated names."""
    return dict.fromkeys(names.split() if " " in names else names, "")


def timed(seconds: float) -> JsonObject:
    return {"type": "tool_call", "expected_seconds": seconds}


def shown(plan: Plan) -> str:
    match plan:
        case Visit(node):
            return node
        case ForEach(node, body):
            return f"{node}*{{{shown(body)}}}"
        case Series(items):
            return "; ".join(shown(item) for item in items)
        case Parallel(branches):
            return f"({' & '.join(shown(branch) for branch in branches)})"
        case Choose(arms):
            return "{" + " | ".join(f"[{_guard(arm.guard.sorted_terms())}] {shown(arm.body)}" for arm in arms) + "}"
        case _ as unknown:
            assert_never(unknown)


def _guard(terms: list[list[Atom]]) -> str:
    return " or ".join(" and ".join(f"{variable}={label}" for variable, label in term) for term in terms) or "never"


def _edge(text: str) -> JsonObject:
    source, target, *when = text.split(maxsplit=2)
    label: Json = when[0] if when else None
    return {"from": source, "to": target, "when": label}
