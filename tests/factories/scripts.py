"""What a run of a generated workflow is given and what happens in it, decided beforehand.

In: a document of `specs`, a `random.Random`. Out: `Script`: the run's input (which decides every condition), what people choose, which workers fail
and how often, how often repeated nodes are visited. `Script.answer` is the worker: payload in, output out or a `ScriptedFailure`. `ran` tells by the
words of the language alone which nodes such a run enters; it knows no formulas, plans and machines, so that these can be held against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from chalicelib.spec.model import Json, JsonObject
from tests.factories.documents import WORKERS, attempts_of, blocks_of, count_of, demand_of, edges_of, labels_of, list_of, nodes_of, object_of

FOR_GOOD = 1_000  # more failures than any retry survives


class ScriptedFailure(Exception):  # noqa: N818  (names are what machines match)
    """A worker's failure under the name that machines see: one that a retry takes care of has the name of a passing fault."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Script:
    """`context`: the run's input, defaults filled in. `choices`: what each gate comes out as. `failures`: how many attempts of a visit fail.
    `visits`: after how many visits a repeated node is done.
    """

    nodes: Mapping[str, JsonObject]
    context: JsonObject
    choices: Mapping[str, str]
    failures: Mapping[str, int]
    visits: Mapping[str, int]

    def fails(self, node: str) -> bool:
        """Whether the node fails for good."""
        return self.failures.get(node, 0) >= attempts_of(self.nodes[node])

    def outcome(self, node: str) -> str:
        """The label that a condition or a gate comes out as; empty for other nodes."""
        labels = labels_of(self.nodes[node])
        if self.nodes[node]["type"] == "condition":
            switch = self.switch(node)
            return {True: "true", False: "false"}[switch] if isinstance(switch, bool) else str(switch)
        return self.choices[node] if labels else ""

    def switch(self, name: str) -> Json:
        switches = self.context["switches"]
        assert isinstance(switches, dict)
        return switches[name]

    def answer(self, payload: JsonObject) -> Json:
        """What the worker gives for a Task's payload. A gate that times out gives nothing to its first state: the caller lets it time out."""
        node, fence = str(payload["node"]), payload["fence"]
        assert isinstance(fence, dict)
        if count_of(fence["retry"]) < self.failures.get(node, 0):
            raise ScriptedFailure("ScriptedFailure" if self.fails(node) else "Unavailable")
        return self.output(node, visit=count_of(fence["visit"]))

    def output(self, node: str, *, visit: int = 0) -> Json:
        authored = self.nodes[node]
        match authored["type"]:
            case "agent_call" if "output" in authored:
                done = visit + 1 >= self.visits.get(node, 1)
                return {"score": len(node), "name": f"the {node}", "done": done, "tags": ["a", "b"], "best": {"name": "Ritz"}}
            case "agent_call":
                return {"text": f"what {node} says"}
            case "human_gate":
                return {"choice": self.choices[node], "reason": None, "form": None, "by": "ann", "at": "2026-01-31T12:00:00Z", "channel": "web"}
            case "message":
                return {"message_id": f"msg_{node}", "reply": "thanks" if authored.get("wait_for_reply") else None}
            case "workflow":
                return {"child": node}
            case _:
                return _TOOL_OUTPUTS[str(authored["tool"])]


_TOOL_OUTPUTS: Mapping[str, JsonObject] = {
    "http.get": {"status": 200, "headers": {}, "body": {"items": [{"name": "x"}]}},
    "http.post": {"status": 201, "headers": {}, "body": None},
    "time.now": {"at": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00", "weekday": "saturday", "epoch_seconds": 1_769_860_800},
    "math": {"value": 6},
    "json.pick": {"value": "x", "found": True},
    "text.template": {"text": "Dear x"},
}


def random_script(random: Random, document: JsonObject, *, failing: float = 0.2) -> Script:
    """A run of the document that succeeds: only failures that a retry, an edge or `continue` takes care of. `failing`: their share of such nodes."""
    nodes = dict(nodes_of(document))
    caught = frozenset(source for _, block in blocks_of(document) for source, _, when in edges_of(block) if when == "error")
    failures = {name: count for name, node in nodes.items() if node["type"] in WORKERS and (count := _failures(random, name, node, caught, failing))}
    visits = {name: random.randint(1, count_of(object_of(node["repeat"])["max_times"])) for name, node in nodes.items() if "repeat" in node}
    choices = {name: random.choice(labels_of(node)) for name, node in nodes.items() if node["type"] == "human_gate"}
    return Script(nodes, with_defaults(document, random_input(random, document)), choices, failures, visits)


def random_input(random: Random, document: JsonObject) -> JsonObject:
    """An input that the document's schema takes; what is optional is there or not."""
    return object_of(_sample(random, object_of(document["input"])))


def with_defaults(document: JsonObject, given: JsonObject) -> JsonObject:
    """The input as a run has it: missing fields filled with their defaults."""
    fields = object_of(object_of(document["input"])["properties"]).items()
    return {name: object_of(field)["default"] for name, field in fields if "default" in object_of(field)} | given


def ran(document: JsonObject, script: Script) -> frozenset[str]:
    """The nodes that the run enters at least once, those in maps included when the map has an item."""
    entered: set[str] = set()
    for maps, block in blocks_of(document):
        if all(name in entered and _has_items(document, script, name) for name in maps):
            entered |= _ran_in_block(block, script)
    return frozenset(entered)


# --- by the words of the language --------------------------------------------------------------------------------


def _ran_in_block(block: JsonObject, script: Script) -> set[str]:
    edges = list(edges_of(block))
    waiting, settled, entered = list(object_of(block["nodes"])), set[str](), set[str]()
    while waiting:
        name = next(each for each in waiting if all(source in settled for source, target, _ in edges if target == each))
        incoming = list(dict.fromkeys((source, when) for source, target, when in edges if target == name))
        active = [source for source, when in incoming if source in entered and _is_active(script, source, name, when)]
        if not incoming or len(active) >= demand_of(script.nodes[name], len(incoming)):
            entered.add(name)
        settled.add(name)
        waiting.remove(name)
    return entered


def _is_active(script: Script, source: str, target: str, when: Json) -> bool:
    failed = script.fails(source)
    if when == "error":
        return failed
    if failed and script.nodes[source].get("on_error") != "continue":
        return False
    if when is None:
        return True
    if when in labels_of(script.nodes[source]):
        return not failed and script.outcome(source) == when
    return script.switch(f"{source}_{target}") is True


def _has_items(document: JsonObject, script: Script, name: str) -> bool:
    """Whether the list that the map goes over has items; lists that nodes put out have some, unless the node is skipped or failed."""
    path = str(script.nodes[name]["over"])
    root, _, field = path[1:].partition(".")
    if root == "context":
        return bool(script.context[field])
    maps = next(maps for maps, block in blocks_of(document) if root in object_of(block["nodes"]))
    block = next(block for around, block in blocks_of(document) if around == maps)
    if root not in _ran_in_block(block, script) or script.fails(root):
        return False
    return _has_items(document, script, root) if script.nodes[root]["type"] == "map" else not _is_empty_join(block, script, root)


def _is_empty_join(block: JsonObject, script: Script, name: str) -> bool:
    return script.nodes[name]["type"] == "join" and not any(target == name for _, target, _ in edges_of(block))


# --- chance ------------------------------------------------------------------------------------------------------


def _failures(random: Random, name: str, node: JsonObject, caught: frozenset[str], failing: float) -> int:
    if random.random() >= failing:
        return 0
    if name in caught or node.get("on_error") == "continue":
        return FOR_GOOD
    return random.randint(0, attempts_of(node) - 1)


def _sample(random: Random, schema: JsonObject) -> Json:
    if "enum" in schema:
        return random.choice(list_of(schema["enum"]))
    match schema.get("type"):
        case "object":
            required = list_of(schema.get("required", []))
            members = object_of(schema.get("properties", {})).items()
            return {name: _sample(random, object_of(member)) for name, member in members if name in required or random.random() < 0.5}
        case "array":
            return [_sample(random, object_of(schema["items"])) for _ in range(random.randint(0, 3))]
        case "boolean":
            return random.random() < 0.5
        case "integer" | "number":
            return random.randint(0, 5)
        case _:
            return random.choice(["Ghent", "São Paulo", 'the "Ritz"', "a\\b", ""])
