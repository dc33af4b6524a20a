"""The diagnostic codes of the compiler's checks.

In: nothing. Out: `CODES`, code -> meaning in one sentence. Codes are stable; docs/DIAGNOSTICS.md explains each, tests/golden/checks shows each.
"""

from collections.abc import Mapping
from typing import Final

STRUCTURE_CODES: Final[Mapping[str, str]] = {
    "cycle": "Edges lead from a node back to itself.",
    "edge-crosses-blocks": "An edge connects nodes of different `nodes` blocks.",
    "empty-map": "A map has no nodes.",
    "goto-backwards": "`on_error.goto` names a node that is settled before.",
    "self-edge": "An edge leads from a node to itself.",
    "too-deep": "Maps are nested too deeply.",
    "too-many-cases": "A condition has too many cases.",
    "too-many-events": "A run's history could outgrow what an execution may hold.",
    "unknown-node": "An edge names a node that does not exist.",
}
CHECK_CODES: Final[Mapping[str, str]] = {
    "agent-takes-no-text": "An agent node names a workflow to which no prompt can be handed.",
    "always-null": "A node is read where it is always skipped.",
    "broken-when": "A `when` of a condition or gate is neither an outcome nor a readable expression.",
    "budget-too-small": "What models cost a run at least is more than its budget.",
    "continued-error": "An error edge leaves a node whose failure counts as success.",
    "impossible-error": "An error edge leaves a node that cannot fail.",
    "isolated": "No edge leads to a node or away from it.",
    "missing-input": "A sub-workflow is not given an input that it requires.",
    "not-boolean": "A condition can never be true or false.",
    "reference-inside-map": "A node inside a map is read from outside.",
    "reference-not-settled": "A node is read that is not certainly settled before.",
    "schema-mismatch": "A value is of another type than its place takes.",
    "silent-approval": "An effect may come about although its gate did not approve it.",
    "unknown-a2a-agent": "No external agent of that name is registered.",
    "unknown-agent": "There is no agent of that name.",
    "unknown-field": "A schema does not have the field that is read.",
    "unknown-input": "A sub-workflow is given an input that it does not have.",
    "unknown-mcp-server": "No MCP server of that name is configured.",
    "unknown-model": "A model is neither an alias nor of a provider that there is.",
    "unknown-outcome": "An edge waits for an outcome that its source does not have.",
    "unknown-reference": "A name that is read means nothing there.",
    "unmeetable-join": "A join asks for more active edges than lead to it.",
    "unreachable": "A node can never run.",
    "unused-outcome": "Nothing depends on an outcome.",
}
CODES: Final[Mapping[str, str]] = {**STRUCTURE_CODES, **CHECK_CODES}
