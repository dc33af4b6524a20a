"""The API's own document: every route is told of whole, the document is valid, and its examples hold."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from app import app
from chalicelib import errors
from chalicelib.api.contract import Contract, contracts
from chalicelib.api.docs_page import POLICY, render
from chalicelib.api.examples import all_examples, of_route
from chalicelib.api.openapi import document
from chalicelib.api.problem_codes import MEANINGS, OF_NO_CLASS
from chalicelib.api.shape import Many, Media, Schemas, Shape
from chalicelib.spec.model import JsonObject
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.documented import Documented, of_the_app

CONTRACTS = contracts(app.routes)


@pytest.fixture(scope="module")
def documented() -> Documented:
    return of_the_app()


def missing(contract: Contract) -> list[str]:
    """What a route does not tell of itself, with what to add."""
    of, examples = contract.route, of_route(contract.named)
    said = contract.answers or {}
    found = {
        f"{of}: say what it answers: endpoint(…, answers={{200: shapes.…}})": not said,
        f"{of}: say what it needs: endpoint(…, scope=Scope.…)": contract.scope is None,
        f"{of}: give its function a docstring: a sentence, then perhaps paragraphs": not contract.summary.endswith((".", ":")),
        f'{of}: add an example of its body to chalicelib/api/examples.json: {{"{of}": {{"request": …}}}}': any(
            field.is_required() for field in contract.body.model_fields.values()
        )
        and "request" not in examples,
        f'{of}: add an example of its answer to chalicelib/api/examples.json: {{"{of}": {{"response": …}}}}': any(
            kind is not None for kind in said.values()
        )
        and "response" not in examples,
    }
    return [told for told, is_missing in found.items() if is_missing]


def test_it_tells_everything_of_every_route() -> None:
    lacking = [told for contract in CONTRACTS for told in missing(contract)]
    assert not lacking, "\n".join(["routes that do not tell everything of themselves:", *lacking])


def test_it_has_every_route_and_no_example_of_another() -> None:
    registered = {f"{method} {path}" for path, ways in app.routes.items() for method in ways if method != "HEAD"}
    assert {contract.route for contract in CONTRACTS} == registered
    assert set(all_examples()) <= registered


@pytest.mark.scenario
def test_it_is_a_valid_document(documented: Documented) -> None:
    validate(documented.document)


def test_it_is_the_same_for_the_same_routes(documented: Documented) -> None:
    assert json.dumps(document(app.routes)) == json.dumps(documented.document)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.route)
def test_it_shows_examples_that_fit(documented: Documented, contract: Contract) -> None:
    operation = documented.operation(contract.method, contract.path)
    place = ("paths", contract.path, contract.method.lower())
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if "example" in content and kind == "application/json":
            assert documented.faults(content["example"], *place, "requestBody", "content", kind, "schema") == []
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if "example" in content:
                assert documented.faults(content["example"], *place, "responses", status, "content", kind, "schema") == []


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.route)
def test_it_says_what_a_route_needs(documented: Documented, contract: Contract) -> None:
    operation = documented.operation(contract.method, contract.path)
    told = operation["description"].rpartition("\n\n")[2]
    held = {scope for each in operation["security"] for scopes in each.values() for scope in scopes}
    assert told in {"For anybody.", "For whoever is signed in.", f"Needs `{contract.scope}`."}
    assert held == ({contract.scope} if told.startswith("Needs") else set())


def test_it_tells_of_a_route_that_reads_whatever_comes(documented: Documented) -> None:
    hook = documented.operation("POST", "/api/v1/hooks/{trigger_id}")
    assert set(hook["requestBody"]["content"]) == {"*/*"}
    assert [each["name"] for each in hook["parameters"]] == ["trigger_id"]
    assert not any("body-invalid" in answer.get("$ref", "") for answer in hook["responses"].values())
    assert "415" not in hook["responses"]


def test_it_names_the_header_that_a_draft_is_saved_by(documented: Documented) -> None:
    asking = {contract.route for contract in CONTRACTS if contract.matched}
    named = {
        contract.route
        for contract in CONTRACTS
        if "If-Match" in [each["name"] for each in documented.operation(contract.method, contract.path)["parameters"]]
    }
    assert named == asking >= {"PUT /api/v1/workflows/{workflow_id}/draft", "DELETE /api/v1/workflows/{workflow_id}/draft"}


def test_it_tells_the_forms_that_a_file_may_have(documented: Documented) -> None:
    answer = documented.operation("GET", "/api/v1/workflows/{workflow_id}/export")["responses"]["200"]
    assert set(answer["content"]) == {"application/yaml; charset=utf-8", "application/json"}


def test_it_explains_every_code_of_a_problem_and_no_other() -> None:
    def below(root: type[errors.SluiceError]) -> set[str]:
        return {root.code}.union(*(below(each) for each in root.__subclasses__() if each.__module__ == errors.__name__))

    answered = below(errors.SluiceError) - {each.code for each in errors.NodeFailed.__subclasses__()} | set(OF_NO_CLASS)
    assert answered - set(MEANINGS) <= {errors.NodeFailed.code}
    assert set(MEANINGS) - answered <= {"message-invalid"}  # of the WebSocket


def test_it_refers_to_nothing_that_is_not_there(documented: Documented) -> None:
    text = json.dumps(documented.document)
    for place in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found: Any = documented.document
        for part in place.split("/"):
            found = found[part]
        assert found
    assert all(f'schemas/{name}"' in text for name in documented.document["components"]["schemas"])


def test_it_takes_two_shapes_of_one_name_for_a_fault() -> None:
    schemas = Schemas()
    schemas.of(Many(Shape("Thing", {"a": int})))
    with pytest.raises(ValueError, match="two shapes are called Thing"):
        schemas.of(Shape("Thing", {"a": str}))


def test_it_closes_shapes_unless_they_are_open() -> None:
    schemas = Schemas()
    schemas.of(Shape("Closed", {"a": JsonObject}, {"b": Media("text/plain")}))
    schemas.of(Shape("Open", open=True))
    assert [schemas.components[name]["additionalProperties"] for name in ("Closed", "Open")] == [False, True]
    assert schemas.components["Closed"]["required"] == ["a"]


def test_it_is_served_to_anybody_as_json_and_as_a_page_that_loads_nothing() -> None:
    with cloud():
        served = app(rest_event("GET", "/api/v1/openapi.json", headers={"Host": "api.test"}), context())
        page = app(rest_event("GET", "/api/v1/docs", headers={"Host": "api.test"}), context())
    assert (served["statusCode"], page["statusCode"]) == (200, 200)
    assert set(json.loads(served["body"])["paths"]) == {contract.path for contract in CONTRACTS}
    assert json.loads(served["body"])["servers"] == [{"url": "http://api.test"}]
    assert page["headers"]["Content-Security-Policy"] == POLICY
    assert "script" not in re.findall(r"<(\w+)", page["body"])
    assert not re.findall(r'(?:src|href)="(?!#|openapi\.json)', page["body"])


def test_it_has_a_place_on_the_page_for_every_route_code_and_schema(documented: Documented) -> None:
    page = render(documented.document)
    anchors = re.findall(r' id="([^"]+)"', page)
    wanted = (
        {contract.operation_id for contract in CONTRACTS}
        | set(MEANINGS)
        | {f"schema-{name}" for name in documented.document["components"]["schemas"]}
    )
    assert wanted <= set(anchors)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_it_escapes_what_it_shows(documented: Documented) -> None:
    told = json.loads(json.dumps(documented.document).replace("Sluice", "<script>alert(1)</script>"))
    assert "<script>" not in render(told)
