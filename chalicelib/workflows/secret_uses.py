"""Which secrets of a spec whoever publishes it may not use.

In: a principal, a spec, the positions of its text. Out: diagnostics. A secret that is not there yet is nobody's: its first value says what there is.
"""

from collections.abc import Iterator, Mapping

from chalicelib.access.principal import Principal
from chalicelib.access.secret_rights import unusable
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.nodes import AgentCall, Map, Node, ToolCall
from chalicelib.spec.positions import Positions
from chalicelib.spec.secret_reference import SecretReference, secret_references
from chalicelib.spec.workflow import WorkflowSpec


def refused_secrets(principal: Principal, spec: WorkflowSpec, positions: Positions) -> tuple[Diagnostic, ...]:
    """Each place that names one that the principal may not use."""
    found = [*_references(spec.nodes, "nodes")]
    refused = {*unusable(principal, sorted({reference.name for _, reference in found}))} if found else set()
    return tuple(_refused(reference, path, positions) for path, reference in found if reference.name in refused)


def _refused(reference: SecretReference, path: str, positions: Positions) -> Diagnostic:
    hint = "whoever holds secret:manage can share it with you, or publish this"
    return Diagnostic("secret-refused", Severity.ERROR, f"you may not use the secret `{reference.name}`", positions.at(f"{path}.secret"), hint)


def _references(nodes: Mapping[str, Node], path: str) -> Iterator[tuple[str, SecretReference]]:
    for name, node in nodes.items():
        at = f"{path}.{name}"
        match node:
            case Map():
                yield from _references(node.nodes, f"{at}.nodes")
            case ToolCall():
                yield from secret_references(node.arguments, f"{at}.with")
            case AgentCall():
                for index, grant in enumerate(node.grants):
                    yield from secret_references(grant.arguments, f"{at}.tools.{index}.with")
            case _:
                pass
