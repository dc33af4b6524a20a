"""What a workflow must hold beyond the shape of its parts, as far as it shows without the graph.

In: `Authored`. Out: diagnostics. One rule, one function, named for the fault that it finds; `RULES` is all of them, in the order in which they
are asked. Rules read sound parts only, so that a fault elsewhere hides nothing.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.rules.agents import bad_delegations, bad_rules, duplicate_tools, grant_shapes, model_options_elsewhere, unknown_kinds
from chalicelib.spec.rules.authored import Authored, Rule
from chalicelib.spec.rules.expressions import broken_bindings, broken_output, broken_whens
from chalicelib.spec.rules.gates import ambiguous_timeouts, bad_deciders, unknown_timeout_choices, unreachable_quorums
from chalicelib.spec.rules.indexed import not_indexable
from chalicelib.spec.rules.limits import too_many_edges, too_many_nodes
from chalicelib.spec.rules.names import bad_ids, bad_labels, duplicate_ids, duplicate_labels, reserved_ids, reserved_items, shadowed_items
from chalicelib.spec.rules.node_shapes import bad_timestamps, condition_shapes, long_waits, own_failure_handler, wait_shapes
from chalicelib.spec.rules.schemas import bad_schemas, required_unknown, schemas_of_no_object, unknown_keywords
from chalicelib.spec.rules.secrets import bad_secrets, misplaced_secrets
from chalicelib.spec.rules.tools import bad_arguments, bad_waits, missing_arguments, native_calls, unknown_arguments, unknown_tools
from chalicelib.spec.rules.yaml_words import doubtful_booleans

__all__ = ["RULES", "Authored", "check"]

RULES: Final[tuple[Rule, ...]] = (
    too_many_nodes,
    too_many_edges,
    bad_ids,
    duplicate_ids,
    reserved_ids,
    reserved_items,
    shadowed_items,
    bad_labels,
    duplicate_labels,
    condition_shapes,
    wait_shapes,
    long_waits,
    bad_timestamps,
    own_failure_handler,
    not_indexable,
    unknown_timeout_choices,
    ambiguous_timeouts,
    bad_deciders,
    unreachable_quorums,
    grant_shapes,
    unknown_kinds,
    model_options_elsewhere,
    duplicate_tools,
    bad_rules,
    bad_delegations,
    unknown_tools,
    unknown_arguments,
    missing_arguments,
    bad_arguments,
    bad_waits,
    native_calls,
    bad_secrets,
    misplaced_secrets,
    bad_schemas,
    schemas_of_no_object,
    unknown_keywords,
    required_unknown,
    broken_bindings,
    broken_whens,
    broken_output,
    doubtful_booleans,
)


def check(authored: Authored) -> Iterator[Diagnostic]:
    for rule in RULES:
        yield from rule(authored)
