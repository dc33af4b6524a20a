"""docs/LANGUAGE.md names all that the language has."""

import re
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest

from chalicelib.spec.bindings import BINDING_FIELDS
from chalicelib.spec.load import load
from chalicelib.spec.model import SpecModel
from chalicelib.spec.native_tools import NATIVE_SIGNATURES
from chalicelib.spec.nodes import Node, NodeCore, WorkerNode
from chalicelib.spec.shape import NODE_MODELS
from chalicelib.spec.shape_faults import authored_keys
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.spec.workflow import WorkflowSpec

PAGE = (Path(__file__).parents[3] / "docs" / "LANGUAGE.md").read_text("utf-8")


def section(title: str) -> str:
    """The text from a heading to the next one of any level."""
    return re.split(r"\n#+ ", PAGE.split(f"# {title}\n", 1)[1])[0]


def listed(text: str) -> set[str]:
    """The first cells of the tables in a text."""
    return {name for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}


def inner_models(model: type[SpecModel]) -> set[type[SpecModel]]:
    """The models that the fields of a model hold, nodes aside."""
    waiting: list[object] = [declared.annotation for declared in model.model_fields.values()]
    found: set[type[SpecModel]] = set()
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, SpecModel) and not issubclass(annotation, NodeCore):
            found.add(annotation)
        elif get_args(annotation) or isinstance(annotation, UnionType):
            waiting += get_args(annotation)
    return found


@pytest.mark.parametrize("kind", NODE_MODELS)
def test_it_lists_each_node_type_with_its_fields(kind: str) -> None:
    model = NODE_MODELS[kind]
    shared = set(authored_keys(WorkerNode if issubclass(model, WorkerNode) else NodeCore)) | {"type"}
    assert listed(section(f"`{kind}`")) == set(authored_keys(model)) - shared


@pytest.mark.parametrize("kind", NODE_MODELS)
def test_it_marks_which_fields_are_bindings(kind: str) -> None:
    marked = set(re.findall(r"^\| `(\w+)` \|[^|]*\*\*", section(f"`{kind}`"), re.MULTILINE))
    assert marked == {declared.path for declared in BINDING_FIELDS[kind]} - {"repeat.until"}


@pytest.mark.parametrize("model", [inner for owner in NODE_MODELS.values() for inner in sorted(inner_models(owner), key=lambda each: each.__name__)])
def test_it_names_the_fields_inside_fields(model: type[SpecModel]) -> None:
    for name in authored_keys(model):
        assert re.search(rf"[`{{ ]{name}[`,:}}]", PAGE), name


def test_it_lists_the_fields_of_the_document_and_of_every_node() -> None:
    assert listed(section("The document")) == set(authored_keys(WorkflowSpec))
    assert listed(section("What every node has")) == set(authored_keys(WorkerNode)) | {"type"}


def test_it_lists_every_tool_with_what_it_takes_and_puts_out() -> None:
    text = section("Tools")
    signatures = {**TOOL_SIGNATURES, **NATIVE_SIGNATURES}
    assert listed(text) == set(signatures)
    rows = {name: row for row in text.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1] if "|" in row else "")}
    for name, signature in signatures.items():
        if not name.startswith("http."):
            named = {word.removesuffix("?") for cell in rows[name].split("|")[2:] for word in re.findall(r"`([\w.]+\??)`", cell)}
            assert named == {*signature.arguments["properties"], *signature.output.get("properties", {})}  # type: ignore[misc]  # both are objects


def test_its_example_loads() -> None:
    example = PAGE.split("```yaml\n", 1)[1].split("```")[0]
    assert load(example).diagnostics == ()


def test_it_names_every_node_type_of_the_union() -> None:
    assert {get_args(member.model_fields["type"].annotation)[0] for member in get_args(get_args(Node)[0])} == set(NODE_MODELS)
