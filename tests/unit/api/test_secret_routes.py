"""The routes of secrets: a value comes in and never goes out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.access.secrets import forget_secrets, resolve, resolved_key
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer

VALUE = "s3cr3t-v4lue"
ONE = "/api/v1/secrets/{name}"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_secrets()
    with cloud():
        yield
    forget_secrets()


def ask(method: str, resource: str, *, by: tuple[str, tuple[str, ...]] | None = None, **more: Any) -> tuple[int, Any]:
    answer = app(rest_event(method, resource, headers=bearer(*by) if by else bearer(), **more), context())
    assert VALUE not in json.dumps(answer)
    return answer["statusCode"], json.loads(answer["body"] or "null")


def put(name: str, value: Any = VALUE, **more: Any) -> tuple[int, Any]:
    return ask("PUT", ONE, path={"name": name}, body={"value": value}, **more)


def test_it_puts_lists_and_deletes() -> None:
    status, made = put("crm")
    assert (status, sorted(made)) == (200, ["changed_at", "created_at", "mine", "name"])
    assert ask("GET", "/api/v1/secrets") == (200, {"secrets": [made]})
    assert resolve("org_local", "crm") == VALUE
    for _ in range(2):
        assert ask("DELETE", ONE, path={"name": "crm"}) == (204, None)
    assert ask("GET", "/api/v1/secrets") == (200, {"secrets": []})


def test_it_keeps_the_deployments_apart() -> None:
    assert put("anthropic", query={"scope": "deployment"})[0] == 200
    assert ask("GET", "/api/v1/secrets") == (200, {"secrets": []})
    assert [each["name"] for each in ask("GET", "/api/v1/secrets", query={"scope": "deployment"})[1]["secrets"]] == ["anthropic"]
    assert resolved_key("secret:anthropic") == VALUE


def test_it_shows_names_to_those_who_may_see_them_and_takes_values_from_those_who_may_rotate() -> None:
    put("crm"), put("payroll"), put("mail")
    for name, access in (("payroll", {"everybody": "none"}), ("mail", {"everybody": "see", "shares": [{"who": "person:bob", "level": "rotate"}]})):
        status, told = ask("PUT", f"{ONE}/access", path={"name": name}, body=access)
        assert (status, told["revision"], told["everybody"]) == (200, 1, access["everybody"])
    bob = ("bob", ("viewer",))
    listed = ask("GET", "/api/v1/secrets", by=bob)[1]["secrets"]
    assert [(each["name"], each["mine"]) for each in listed] == [("crm", "use"), ("mail", "rotate")]
    assert put("mail", by=bob)[1]["mine"] == "rotate"
    for name in ("crm", "payroll", "unheard-of"):
        status, told = put(name, by=bob)
        assert (status, told["code"], told["scope"]) == (403, "scope-missing", "secret:manage")
    assert ask("GET", "/api/v1/secrets", by=bob, query={"scope": "deployment"})[0] == 403
    assert put("mail", by=bob, query={"scope": "deployment"})[0] == 403


def test_its_access_is_read_and_changed_by_revision() -> None:
    where: dict[str, Any] = {"path": {"name": "crm"}}
    assert ask("GET", f"{ONE}/access", **where)[1]["revision"] == 0
    assert ask("PUT", f"{ONE}/access", body={"everybody": "see", "revision": 0}, **where)[0] == 200
    status, told = ask("PUT", f"{ONE}/access", body={"everybody": "none", "revision": 0}, **where)
    assert (status, told["code"]) == (409, "access-changed")
    assert ask("GET", f"{ONE}/access", **where)[1]["everybody"] == "see"
    assert ask("PUT", f"{ONE}/access", body={"shares": [{"who": "bob", "level": "use"}]}, **where)[1]["code"] == "body-invalid"


@pytest.mark.parametrize(("value", "code"), [("", "body-invalid"), ({"v": VALUE}, "body-invalid"), (" ", "secret-invalid")])
def test_it_refuses_a_value_without_repeating_it(value: Any, code: str) -> None:
    assert put("crm", value)[1]["code"] == code


def test_it_refuses_a_name_and_a_scope_that_are_none() -> None:
    assert put("Crm")[1]["code"] == "secret-invalid"
    assert put("crm", query={"scope": "org_other"})[1]["code"] == "query-invalid"
