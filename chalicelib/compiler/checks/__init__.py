"""What a workflow's graph must hold: the faults that show before a run.

In: the graph, the positions of the authored text, the specs of known sub-workflows, what is known of the outside. Out: diagnostics by place. One
check, one function, named for the fault that it finds; `CHECKS` is all of them. A check never fails and never changes anything.
"""

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from chalicelib.compiler.checks.outcome_edges import broken_whens, continued_errors, impossible_errors, unknown_outcomes, unused_outcomes
from chalicelib.compiler.checks.outside_names import (
    agents_without_text,
    unknown_agents,
    unknown_external_agents,
    unknown_models,
    unknown_servers,
)
from chalicelib.compiler.checks.reachability import isolated_nodes, unmeetable_joins, unreachable_nodes
from chalicelib.compiler.checks.references import early_references, inner_references, never_present, unknown_fields, unknown_references
from chalicelib.compiler.checks.silent_approval import silent_approvals
from chalicelib.compiler.checks.subject import Check, Subject
from chalicelib.compiler.checks.value_types import conditions_not_boolean, mismatched_values, missing_inputs, unknown_inputs
from chalicelib.compiler.finding import sort_diagnostics
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.outside import NOTHING_KNOWN, Outside
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec

__all__ = ["CHECKS", "check"]

MAX_REPORTED: Final = 50  # per check
_NO_CHILDREN: Final[Mapping[str, WorkflowSpec]] = MappingProxyType({})

CHECKS: Final[tuple[Check, ...]] = (
    unmeetable_joins,
    unreachable_nodes,
    isolated_nodes,
    unknown_outcomes,
    broken_whens,
    impossible_errors,
    continued_errors,
    unused_outcomes,
    unknown_references,
    inner_references,
    early_references,
    unknown_fields,
    never_present,
    conditions_not_boolean,
    mismatched_values,
    unknown_inputs,
    missing_inputs,
    silent_approvals,
    unknown_agents,
    unknown_models,
    unknown_servers,
    unknown_external_agents,
    agents_without_text,
)


def check(
    graph: WorkflowGraph,
    positions: Positions | None = None,
    *,
    children: Mapping[str, WorkflowSpec] = _NO_CHILDREN,
    outside: Outside = NOTHING_KNOWN,
) -> tuple[Diagnostic, ...]:
    subject = Subject(graph, positions, children, outside)
    return sort_diagnostics(found for fault in CHECKS for found in islice(fault(subject), MAX_REPORTED))
