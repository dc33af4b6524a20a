"""Runs of small specs, and the payloads that their Task states would send.

In: nodes, in a cloud. Out: `Story`: a started run whose nodes a test serves one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Child, Version
from chalicelib.workers.dispatch import dispatch
from tests.factories.cloud import DAN, published


@dataclass(frozen=True)
class Story:
    """One run; `serve` does what a Task state of it would."""

    run: Run
    version: Version

    def payload(self, node: str, **fields: Json) -> JsonObject:
        base: JsonObject = {
            "contract": 1,
            "organisation_id": self.run.organisation_id,
            "run_id": self.run.id,
            "version_id": self.version.id,
            "node": node,
            "item_path": "",
            "fence": {"resume": 0, "visit": 0, "retry": 0},
        }
        return base | fields

    def serve(self, node: str, **fields: Json) -> Json:
        return dispatch(self.payload(node, **fields))

    def node_run(self, node: str, item_path: str = "") -> NodeRun:
        found = runs.find_node_run(self.run.organisation_id, self.run.id, node, item_path)
        assert found is not None
        return found

    def result(self, node: str, item_path: str = "") -> Json:
        return load(self.run.organisation_id, self.node_run(node, item_path).result)

    def shown(self, node: str) -> Json:
        return load(self.run.organisation_id, self.node_run(node).input)

    def events(self) -> list[str]:
        return [event.type.value for event in runs.list_events(self.run.organisation_id, self.run.id)]


def story(nodes: JsonObject, *, name: str = "tale", children: Mapping[str, Child] | None = None, edges: Sequence[Json] = ()) -> Story:
    """A run of a workflow with those nodes, started by dan."""
    spec: JsonObject = {"sluice": 1, "name": name, "nodes": nodes, "edges": list(edges)}
    version = published(spec, children=children)
    return Story(start(DAN, workflow_id=version.workflow_id, input={}), version)
