"""What the machine asks of values that may lie in S3: what workers keep inline, what they are sent, what a map iterates."""

import json
from collections.abc import Mapping

import pytest

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.model import Json, JsonObject
from tests.factories.graphs import spec_of

TABLE: JsonObject = {"type": "workflow", "workflow": "child", "effect": "none"}  # whose output may be anything


def machine(nodes: Mapping[str, JsonObject]) -> JsonObject:
    compiled = compile_workflow(spec_of({"table": TABLE, **nodes}))
    assert isinstance(compiled, Compilation), compiled.diagnostics
    return compiled.state_machine


def state(scope: Json, name: str) -> JsonObject:
    """The state, wherever it is."""
    found = [each for each in _states(scope) if name in each]
    assert len(found) == 1, name
    return object_of(found[0][name])


def _states(value: Json) -> list[JsonObject]:
    if not isinstance(value, dict):
        return [each for item in value for each in _states(item)] if isinstance(value, list) else []
    own = [object_of(value["States"])] if "States" in value else []
    return own + [each for member in value.values() for each in _states(member)]


def object_of(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value


def payload(scope: JsonObject, name: str) -> JsonObject:
    return object_of(object_of(state(scope, name)["Arguments"])["Payload"])


def kept(scope: JsonObject, name: str = "table") -> Json:
    return payload(scope, name).get("keep")


def work(text: str, *after: str) -> JsonObject:
    return {"type": "agent_call", "prompt": text, "after": list(after or ("table",))}


def transform(value: Json, *after: str) -> JsonObject:
    return {"type": "transform", "value": value, "after": list(after or ("table",))}


def rows(**fields: Json) -> JsonObject:
    return {
        "type": "map",
        "over": "$table.rows",
        "as": "row",
        "nodes": {"look": {"type": "agent_call", "prompt": "{{ $row }}"}},
        "after": ["table"],
        **fields,
    }


@pytest.mark.parametrize(
    ("nodes", "keep"),
    [
        ({"a": work("{{ $table.text }}")}, None),
        ({"t": transform({"x": "$table"}), "a": work("{{ $t.x }} {{ $t.x.name }} {{ $t }}", "t")}, None),
        ({"t": transform({"x": ["$table", 1]}), "a": work("{{ $t.x[0] }} {{ $t.x.name }}", "t")}, None),
        ({"t": transform("$table"), "u": transform("$t", "t"), "a": transform("$u.name", "u")}, ["name"]),
        ({"t": transform({"x": "$table"}), "c": {"type": "condition", "if": "$t.x.ok", "after": ["t"]}}, ["ok"]),
        ({"t": transform({"x": "$table"}), "a": transform("{{ $t.x }}", "t")}, ["*"]),
        ({"a": transform("{{ $table.name }}")}, ["name"]),
        ({"c": {"type": "condition", "if": "$table", "after": ["table"]}}, ["*"]),
        ({"w": {"type": "wait", "seconds": "$table.seconds", "after": ["table"]}}, ["seconds"]),
        ({"c": {"type": "condition", "if": "$table = null", "after": ["table"]}}, None),
        ({"c": {"type": "condition", "if": "$count($table.rows) > 1", "after": ["table"]}}, ["rows[]"]),
        ({"c": {"type": "condition", "if": "$count($table.`a b`) > 1", "after": ["table"]}}, ["a b"]),
        ({"c": {"type": "condition", "if": "$sum($table.rows.x) > 1", "after": ["table"]}}, ["rows.x"]),
        ({"t": transform(["$table"]), "c": {"type": "condition", "if": "$count($t) > 0", "after": ["t"]}}, None),
        ({"t": transform(["$table"]), "c": {"type": "condition", "if": "$t[0].ok", "after": ["t"]}}, ["ok"]),
        ({"c": {"type": "condition", "if": "$table.rows[0].ok", "after": ["table"]}}, ["rows"]),
    ],
)
def test_a_worker_keeps_inline_what_the_engine_looks_at(nodes: dict[str, JsonObject], keep: Json) -> None:
    assert kept(machine(nodes)) == keep


@pytest.mark.parametrize(
    ("fields", "keep"),
    [
        ({}, ["rows[]"]),
        ({"output": "$row"}, ["rows[]"]),
        ({"output": "$row.name"}, ["rows[]"]),
        ({"output": "{{ $row.name }}"}, ["rows[]", "rows[].name"]),
        ({"output": "{{ $row }}"}, ["rows"]),
        ({"output": "{% $row = 1 %}"}, ["rows"]),
        ({"output": "{% {'a': $row.name} %}"}, ["rows[]", "rows[].name"]),
        ({"nodes": {"c": {"type": "condition", "if": "$row"}}}, ["rows"]),
        ({"nodes": {"w": {"type": "wait", "seconds": "$row"}}}, ["rows"]),
        ({"over": "$table.`a b`"}, ["a b"]),
        ({"over": "$table.rows[ok]"}, ["rows"]),
        ({"over": ["$table"]}, None),
        ({"over": ["$table"], "output": "{{ $row.name }}"}, ["name"]),
        ({"over": "$table", "output": "{{ $row.name }}"}, ["[]", "[].name"]),
    ],
)
def test_of_a_list_that_is_iterated_the_worker_keeps_what_is_read_of_its_items(fields: JsonObject, keep: Json) -> None:
    assert kept(machine({"m": rows(**fields)})) == keep


def test_a_list_that_is_read_whole_is_iterated_as_it_is() -> None:
    whole, pointed = (machine({"m": rows(output=output)}) for output in ("{{ $row }}", "$row"))
    assert "Pointer" not in json.dumps([state(whole, "m")["Items"], state(whole, "m")["ItemSelector"]])
    assert "Pointer" in str(state(pointed, "m")["Items"])
    assert "Pointer" in str(object_of(state(pointed, "m")["ItemSelector"])["item"])


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("$table.x", "$table.Pointer ? $table : $table.x"),
        ("$t.a", "$t.a"),
        ("$t.a.x", "$exists($t.a.Pointer) ? {'Pointer': {'inline': $t.a, 'read': ['x']}} : $t.a.x"),
        ("$t.`b c`.x", "$exists($t.`b c`.Pointer) ? {'Pointer': {'inline': $t.`b c`, 'read': ['x']}} : $t.`b c`.x"),
        ("$t.one", "$t.one"),
    ],
)
def test_a_worker_is_sent_what_leads_to_the_value(text: str, sent: str) -> None:
    held = transform({"a": "$table", "b c": "$table", "one": 1})
    value = object_of(payload(machine({"t": held, "a": work(f"{{{{ {text} }}}}", "t")}), "a")["values"])[text]
    assert str(value).replace(f"($exists({text}) ? {text} : null)", text) == f"{{% {sent} %}}"


def test_a_result_of_an_item_goes_on_by_pointer_and_a_pointer_as_it_is() -> None:
    inner: JsonObject = {"look": {"type": "agent_call", "prompt": "x"}, "t": transform({"a": "$look"}, "look")}
    made = machine({"m": {"type": "map", "over": "$context.list", "nodes": inner, "output": {"text": "$look.text", "held": "$t.a"}}})
    output = object_of(state(made, "t")["Output"])
    assert kept(made, "look") is None
    assert "'path': $append($P.path, ['text'])" in str(output["text"])
    assert "path" not in str(output["held"])


@pytest.mark.parametrize(("text", "told"), [("$run.run_id", False), ("$run.trigger.type", True), ("$run", True)])
def test_items_of_a_distributed_map_are_told_of_the_trigger_where_they_read_it(text: str, told: bool) -> None:
    inner: JsonObject = {"look": {"type": "agent_call", "prompt": f"{{{{ {text} }}}}"}}
    made = machine({"m": {"type": "map", "over": "$context.list", "mode": "distributed", "max_items": 9, "nodes": inner}})
    run = object_of(object_of(state(made, "m")["ItemSelector"])["Run"])
    assert ("trigger" in run) is told


def test_the_workers_of_an_item_tell_of_its_native_nodes_but_not_of_maps() -> None:
    deep: JsonObject = {"type": "map", "over": "$row.list", "as": "cell", "nodes": {"look": {"type": "agent_call", "prompt": "x"}}, "after": ["ok"]}
    inner: JsonObject = {"ok": {"type": "condition", "if": "$row.ok"}, "deep": deep, "last": work("x", "deep"), "left": transform(1, "last")}
    made = machine({"m": rows(nodes=inner)})
    assert payload(made, "last")["settled"] == {"ok": "{% $ok %}"}
    assert "settled" not in payload(made, "look")
