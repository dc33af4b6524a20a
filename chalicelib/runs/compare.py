"""Two runs beside each other. Reads only.

In: a principal, two runs of the organisation. Out: `Comparison`: what their versions, inputs and outputs differ in, and node by node how each
went. Values above COMPARED_BYTES are not read: whether they are the same is told by their digests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.access.objects import run_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.runs.differences import Difference, Differences, differences
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json
from chalicelib.store import pointers, runs
from chalicelib.store.accounts import Address
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.values import Stored, load
from chalicelib.store.workflows import get_version

COMPARED_BYTES: Final = 256 * 1024
MOST_NODES: Final = 500


@dataclass(frozen=True, slots=True)
class NodePair:
    """One node (and item) in both runs; None where a run has no such node run."""

    node: str
    item_path: str
    before: NodeRun | None
    after: NodeRun | None
    input: Differences
    output: Differences


@dataclass(frozen=True, slots=True)
class Comparison:
    """`spec`: how the later version's document differs, where the versions do. `is_cut`: there are more nodes."""

    before: Run
    after: Run
    spec: Differences
    input: Differences
    output: Differences
    nodes: tuple[NodePair, ...]
    is_cut: bool


def compare(principal: Principal, run_id: str, other_id: str) -> Comparison:
    """Raises RunNotFound."""
    organisation_id = principal.organisation_id
    before, after = (run_for(principal, each, Scope.RUN_READ) for each in (run_id, other_id))
    nodes = _pairs(runs.list_node_runs(organisation_id, before.id), runs.list_node_runs(organisation_id, after.id))
    return Comparison(
        before=before,
        after=after,
        spec=_specs(before, after),
        input=_values(organisation_id, runs.find_input(organisation_id, before.id), runs.find_input(organisation_id, after.id)),
        output=_values(organisation_id, runs.find_output(organisation_id, before.id), runs.find_output(organisation_id, after.id)),
        nodes=tuple(_pair(organisation_id, address, *both) for address, both in list(nodes.items())[:MOST_NODES]),
        is_cut=len(nodes) > MOST_NODES,
    )


def _pairs(before: Sequence[NodeRun], after: Sequence[NodeRun]) -> Mapping[Address, tuple[NodeRun | None, NodeRun | None]]:
    """In the order in which they started, in the first run where it has them."""
    old, new = ({each.address: each for each in sorted(nodes, key=lambda each: (each.started_at, each.item_path))} for nodes in (before, after))
    return {address: (old.get(address), new.get(address)) for address in dict.fromkeys((*old, *new))}


def _pair(organisation_id: str, address: Address, before: NodeRun | None, after: NodeRun | None) -> NodePair:
    given = _values(organisation_id, before.input if before else None, after.input if after else None)
    result = _values(organisation_id, before.result if before else None, after.result if after else None)
    return NodePair(*address, before, after, given, result)


def _specs(before: Run, after: Run) -> Differences:
    if before.version_id == after.version_id:
        return Differences()
    return differences(get_version(before.organisation_id, before.version_id).spec, get_version(after.organisation_id, after.version_id).spec)


def _values(organisation_id: str, before: Stored | None, after: Stored | None) -> Differences:
    if before == after:
        return Differences()
    if max(_size(before), _size(after)) > COMPARED_BYTES:
        return _digests(before, after)
    old, new = load(organisation_id, before), load(organisation_id, after)
    if canonical_json(old) == canonical_json(new):
        return Differences()
    if max(pointers.size_of(old) or 0, pointers.size_of(new) or 0) > COMPARED_BYTES:
        return Differences((_large(old, new),))
    return differences(pointers.resolve_all(organisation_id, old), pointers.resolve_all(organisation_id, new))


def _digests(before: Stored | None, after: Stored | None) -> Differences:
    """Of values that are too large to be read: they lie in S3 under their digest."""
    told = [None if stored is None or stored.blob is None else stored.blob.sha256 for stored in (before, after)]
    return Differences() if told[0] == told[1] and told[0] is not None else Differences((Difference("", "changed", *map(_named, told)),))


def _large(before: Json, after: Json) -> Difference:
    return Difference("", "changed", *(_named(None if size is None else f"{size:,} bytes") for size in map(pointers.size_of, (before, after))))


def _named(told: str | None) -> str | None:
    return None if told is None else f"(too large to be shown: {told})"


def _size(stored: Stored | None) -> int:
    return 0 if stored is None or stored.blob is None else stored.blob.bytes
