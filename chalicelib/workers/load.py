"""The worker of `resume--load-<n>`: what earlier nodes put out, for a resumed run whose machine had no room for it.

In: a payload with `load`. Out: the outputs by node id, each exactly as the machine had it (it may be a pointer record); null where there is none.
"""

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.values import load
from chalicelib.workers.payload import TaskPayload


def load_outputs(payload: TaskPayload) -> JsonObject:
    return {name: _output(payload, name) for name in payload.load}


def _output(payload: TaskPayload, name: str) -> Json:
    node_run = runs.find_node_run(payload.organisation_id, payload.run_id, name)
    return None if node_run is None else load(payload.organisation_id, node_run.result)
