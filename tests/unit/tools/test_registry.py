"""All tools beside their signatures."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from chalicelib.spec.model import JsonObject
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.tools import failures
from chalicelib.tools.failures import ArgumentsInvalid, ToolUnknown
from chalicelib.tools.registry import run_tool, tools
from tests.factories.repository import text
from tests.factories.tool_surroundings import Notes, Outbox, surroundings


def test_it_has_every_tool_that_is_declared_and_no_other() -> None:
    assert set(tools()) == set(TOOL_SIGNATURES)


def test_it_refuses_a_tool_that_is_not_there() -> None:
    with pytest.raises(ToolUnknown, match=r"no tool shell\.run"):
        run_tool("shell.run", {}, surroundings())


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("http.get", {}, "'url' is a required property"),
        ("http.get", {"url": 3}, "url is no string"),
        ("http.get", {"url": "https://a.example", "json": {}}, "'json' was unexpected"),
        ("http.get", {"url": "https://a.example", "timeout_seconds": 60}, "timeout_seconds breaks maximum: 10"),
        ("math", {"expression": "1", "values": {"a": "secret"}}, "values.a is no number"),
        ("kv.get", {"key": ""}, "key breaks minLength: 1"),
    ],
)
def test_it_names_what_is_wrong_with_the_arguments_and_shows_no_value(name: str, arguments: JsonObject, why: str) -> None:
    with pytest.raises(ArgumentsInvalid) as caught:
        run_tool(name, arguments, surroundings())
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


def test_it_leaves_out_optional_arguments_that_are_absent() -> None:
    assert run_tool("math", {"expression": "1 + 1", "values": None}, surroundings()) == {"value": 2}
    assert run_tool("json.pick", {"value": None, "path": "a", "default": None}, surroundings()) == {"value": None, "found": False}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("json.pick", {"value": {"a": [1]}, "path": "a[0]"}),
        ("text.template", {"template": "Hi {name}", "values": {"name": "Ann"}}),
        ("math", {"expression": "2 ** 3"}),
        ("time.now", {}),
        ("kv.get", {"key": "k"}),
        ("kv.put", {"key": "k", "value": None}),
        ("csv.parse", {"text": "a,b\n1,x"}),
        ("memory.put", {"text": "the sea is salt", "data": {"a": 1}}),
        ("memory.search", {"query": "sea"}),
        ("memory.delete", {"key": "k", "scope": "organisation"}),
        ("channel.send", {"text": "Hello", "to": "ann", "channels": ["console"]}),
    ],
)
def test_it_gives_what_the_signature_promises(name: str, arguments: JsonObject) -> None:
    Draft202012Validator(TOOL_SIGNATURES[name].output).validate(
        run_tool(name, arguments, replace(surroundings(), memory=Notes(), messenger=Outbox()))
    )


def test_it_has_one_class_per_cause_with_a_code_of_its_own() -> None:
    assert len({failure.code for failure in failures.FAILURES}) == len(failures.FAILURES)


def test_it_documents_every_failure_and_whether_it_is_tried_again() -> None:
    rows = re.findall(r"^\| (`[A-Z][^|]+) \| (yes|no) \|", text(Path("docs/TOOLS.md")), re.MULTILINE)
    listed = {name: answer == "yes" for names, answer in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed == {failure.__name__: failure.retryable for failure in failures.FAILURES}
