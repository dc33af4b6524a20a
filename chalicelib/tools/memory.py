"""The tools `memory.put`, `memory.search` and `memory.delete`: what agents and workflows remember in words.

In: a text with a key and JSON beside it; a query; a key. Out: the key; the entries that answer, best first; whether there was one. Where it is kept
and how it is ranked is the caller's business (the `Memory` port). Without a key, the text's own digest is the key, so that putting the same twice
keeps it once.
"""

import hashlib
import json
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid
from chalicelib.tools.ports import Note, Remembered, Scope
from chalicelib.tools.tool import Surroundings, Tool

DEFAULT_LIMIT: Final = 5
MAX_DATA: Final = 8_000  # characters of JSON


def memory_tools() -> tuple[Tool, ...]:
    return (Tool("memory.search", _search), Tool("memory.put", _put), Tool("memory.delete", _delete))


def _search(arguments: JsonObject, surroundings: Surroundings) -> Json:
    limit = arguments.get("limit")
    found = surroundings.memory.search(_scope(arguments), str(arguments["query"]), limit if isinstance(limit, int) else DEFAULT_LIMIT)
    return {"entries": [_shown(entry) for entry in found]}


def _put(arguments: JsonObject, surroundings: Surroundings) -> Json:
    text, data = str(arguments["text"]), arguments.get("data")
    if len(json.dumps(data, ensure_ascii=False)) > MAX_DATA:
        raise ArgumentsInvalid(f"memory.put: data is more than {MAX_DATA} characters of JSON; keep it elsewhere and put where it is")
    key = str(arguments.get("key") or hashlib.sha256(text.encode()).hexdigest()[:24])
    tags = arguments.get("tags")
    named = tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()
    surroundings.memory.put(_scope(arguments), Note(key, text, data, named))
    return {"key": key}


def _delete(arguments: JsonObject, surroundings: Surroundings) -> Json:
    key = str(arguments["key"])
    return {"key": key, "deleted": surroundings.memory.delete(_scope(arguments), key)}


def _scope(arguments: JsonObject) -> Scope:
    return "organisation" if arguments.get("scope") == "organisation" else "workflow"


def _shown(entry: Remembered) -> Json:
    return {"key": entry.key, "text": entry.text, "data": entry.data, "tags": [*entry.tags], "score": entry.score, "put_at": entry.put_at}
