"""The tools `kv.get` and `kv.put`: what a workflow remembers from run to run.

In: `{key, default}` or `{key, value}`. Out: `{key, value, found}` or `{key}`. Where it is kept is the caller's business (the `KeyValue` port).
Putting the same again changes nothing, so a retry is harmless.
"""

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.tool import Surroundings, Tool


def kv_tools() -> tuple[Tool, ...]:
    return (Tool("kv.get", _get), Tool("kv.put", _put))


def _get(arguments: JsonObject, surroundings: Surroundings) -> Json:
    key = str(arguments["key"])
    kept = surroundings.key_values.get(key)
    if kept is None:
        return {"key": key, "value": arguments.get("default"), "found": False}
    return {"key": key, "value": kept.value, "found": True}


def _put(arguments: JsonObject, surroundings: Surroundings) -> Json:
    key = str(arguments["key"])
    surroundings.key_values.put(key, arguments["value"])
    return {"key": key}
