"""Reading a workflow document without the compiler: its blocks, nodes, edges and outcomes, by the words of the language.

In: a plain document, as an author wrote it. Out: plain values. It takes for granted that the document is sound.
"""

from collections.abc import Iterator

from chalicelib.spec.model import Json, JsonObject

WORKERS = frozenset({"agent_call", "tool_call", "human_gate", "message", "workflow"})
ERROR = "error"


def blocks_of(document: JsonObject, maps: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], JsonObject]]:
    """Every block with the maps around it, from the outside in."""
    yield maps, document
    for name, node in object_of(document["nodes"]).items():
        if isinstance(node, dict) and node["type"] == "map":
            yield from blocks_of(node, (*maps, name))


def nodes_of(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """All nodes, those inside maps included."""
    for _, block in blocks_of(document):
        yield from ((name, object_of(node)) for name, node in object_of(block["nodes"]).items())


def edges_of(block: JsonObject) -> Iterator[tuple[str, str, Json]]:
    """The edges of a block as (source, target, when), the abbreviated ones too; each once."""
    yield from dict.fromkeys((source, target, label_of(when)) for source, target, when in _authored_edges(block))


def _authored_edges(block: JsonObject) -> Iterator[tuple[str, str, Json]]:
    for name, node in object_of(block["nodes"]).items():
        fields = object_of(node)
        yield from ((str(source), name, None) for source in list_of(fields.get("after", [])))
        if isinstance(fields.get("on_error"), dict):
            yield name, str(object_of(fields["on_error"])["goto"]), ERROR
    for edge in map(object_of, list_of(block.get("edges", []))):
        yield str(edge["from"]), str(edge["to"]), edge.get("when")


def label_of(when: Json) -> str | None:
    return ("true" if when else "false") if isinstance(when, bool) else None if when is None else str(when)


def labels_of(node: JsonObject) -> list[str]:
    """The outcomes of a node; none where it is neither condition nor gate."""
    match node:
        case {"type": "condition", "cases": dict(cases)}:
            return [*cases, str(node.get("else", "else"))]
        case {"type": "condition"}:
            return ["true", "false"]
        case {"type": "human_gate", "choices": list(choices)}:
            names = [str(choice["choice"] if isinstance(choice, dict) else choice) for choice in choices]
            return names if "on_timeout" in node else [*names, "timed_out"]
        case _:
            return []


def demand_of(node: JsonObject, incoming: int) -> int:
    """How many of its incoming edges have to be active."""
    match node.get("require", node.get("activate", "any")):
        case "all":
            return incoming
        case {"at_least": int(count)}:
            return count
        case _:
            return min(1, incoming)


def attempts_of(node: JsonObject) -> int:
    return count_of(object_of(node["retry"])["max_attempts"]) if "retry" in node else 1


def object_of(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value


def list_of(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def count_of(value: Json) -> int:
    assert isinstance(value, int | float)
    return int(value)
