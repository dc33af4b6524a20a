"""A broken run as it is recorded, beside the version that it may go on with: what a resume is planned from.

In: an ended run, perhaps another version, perhaps another input. Out: `Recorded`. Reads only. Raises VersionNotFound, InputInvalid, RunNotResumable.
"""

from dataclasses import dataclass

from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.errors import RunNotResumable
from chalicelib.runs.changed import Differences
from chalicelib.runs.fates import Broken
from chalicelib.runs.inputs import checked_input
from chalicelib.runs.residual_machine import children_of
from chalicelib.runs.settlement import graph_of_version
from chalicelib.runs.start import choose_version, input_schema
from chalicelib.spec.model import Json
from chalicelib.store import runs
from chalicelib.store.run_records import Run
from chalicelib.store.workflow_records import Version
from chalicelib.store.workflows import get_version


@dataclass(frozen=True)
class Recorded:
    """`is_defaulted`: the newer version's schema added defaults to the input."""

    broken: Broken
    before: Version
    given_before: Json
    version: Version
    given: Json
    is_newer: bool
    is_defaulted: bool


def broken_run(run: Run, *, version: int | str | None, given: Json) -> Recorded:
    """`version`: a number, `latest`, or None for the run's own."""
    old = get_version(run.organisation_id, run.version_id)
    new = _chosen(run, old, version)
    before = runs.get_input(run.organisation_id, run.id)
    after = before if given is None and new.id == old.id else checked_input(input_schema(new), before if given is None else given)
    differences = Differences(_graph(old), _graph(new), before, after)
    nodes = {node_run.address: node_run for node_run in runs.list_node_runs(run.organisation_id, run.id)}
    broken = Broken(run, nodes, differences, new.id, new.number, children_of(new))
    return Recorded(broken, old, before, new, after, new.id != old.id, given is None and after != before)


def _chosen(run: Run, old: Version, version: int | str | None) -> Version:
    if version is None or version == old.number:
        return old
    return choose_version(run.organisation_id, run.workflow_id, version if isinstance(version, int) else None)


def _graph(version: Version) -> WorkflowGraph:
    graph = graph_of_version(version)
    if graph is None:
        raise RunNotResumable(f"version {version.number} cannot be read by this release any more")
    return graph
