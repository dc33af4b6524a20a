"""The worker of `<map>--collect`: the results of a distributed map, which the engine wrote to S3, as the map's output.

In: a payload with `collect`, the key of the manifest. Out: the list of results in the order of the items, by pointer where it is large. It reads
what lies there and writes under the name of its content, so that it may run twice. It records nothing: a map has no worker's node run.
"""

from chalicelib.errors import OutputTooLarge
from chalicelib.runs.collected import map_collected
from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text
from chalicelib.store.map_results import read_outputs
from chalicelib.store.pointers import fit
from chalicelib.workers.failures import ResultsIncomplete
from chalicelib.workers.outputs import MAX_OUTPUT_BYTES
from chalicelib.workers.payload import TaskPayload, items_of
from chalicelib.workers.work import Work


def collect_results(work: Work) -> Json:
    """Raises ResultsIncomplete, OutputTooLarge, BlobMissing."""
    payload = work.payload
    results = _by_position(payload)
    missing = next((position for position in range(len(results)) if position not in results), None)
    if missing is not None:
        raise ResultsIncomplete(f"the results of {payload.node} lack that of item {missing}")
    listed = [results[position] for position in range(len(results))]
    fitted = fit(payload.organisation_id, listed, folder=work.folder, inline_bytes=payload.inline_bytes, keep=payload.keep)
    map_collected(work.attempt, count=len(listed))
    return fitted


def _by_position(payload: TaskPayload) -> dict[int, Json]:
    results: dict[int, Json] = {}
    size = 0
    for result in read_outputs(payload.organisation_id, payload.collect or ""):
        path = result.get("path") if isinstance(result, dict) else None
        items = items_of(path) if isinstance(path, str) else ()
        if not isinstance(result, dict) or not items or items[-1].map != payload.node:
            raise ResultsIncomplete(f"a result of {payload.node} does not say whose it is")
        results[items[-1].position] = result.get("output")
        size += len(json_text(results[items[-1].position]).encode())
        if size > MAX_OUTPUT_BYTES:
            raise OutputTooLarge(f"the results of {payload.node} take more than {MAX_OUTPUT_BYTES} bytes")
    return results
