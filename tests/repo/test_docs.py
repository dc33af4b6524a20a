"""What is listed is documented, and what is documented exists."""

import re
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from app import app
from chalicelib import errors
from chalicelib.access.scopes import ROLES, Scope
from chalicelib.settings import Settings
from chalicelib.spec import nodes
from chalicelib.store.statuses import EventType
from infra import api_client, api_reference
from tests.factories.repository import ROOT, modules, text

API = Path("docs/API.md")


def routes() -> set[str]:
    return {f"{method} {path}" for path, methods in app.routes.items() for method in methods if method != "HEAD"}


def error_classes(root: type[errors.SluiceError] = errors.SluiceError) -> Iterator[type[errors.SluiceError]]:
    yield root
    for below in root.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from error_classes(below)


def code_tables() -> dict[str, Mapping[str, object]]:
    """Every module named codes.py has a table `CODES` of diagnostic codes."""
    names = [".".join(path.with_suffix("").parts) for path in modules("chalicelib") if path.name == "codes.py"]
    return {name: import_module(name).CODES for name in names}


CODES = sorted({code for table in code_tables().values() for code in table})
GOLDEN = {path.name for path in (ROOT / "tests" / "golden").rglob("*") if path.is_dir()}


def test_it_documents_every_route_and_no_other() -> None:
    assert set(re.findall(r"^### `([A-Z]+ /\S+)`$", text(API), re.MULTILINE)) == routes()


def test_it_has_a_page_of_the_api_that_says_what_the_routes_say() -> None:
    assert text(API) == api_reference.page(), "run `make reference` and read the diff"


def test_it_has_a_typed_client_of_what_the_routes_say() -> None:
    assert text(Path("cli/api_client.py")) == api_client.module(), "run `make reference` and read the diff"


def test_it_documents_every_scope_and_role() -> None:
    page = text(Path("docs/ACCESS.md"))
    assert {name for name in (*Scope, *ROLES) if f"`{name}`" not in page} == set()


def test_it_names_a_test_for_every_threat_and_each_of_them_exists() -> None:
    rows = [line for line in text(Path("docs/SECURITY.md")).splitlines() if line.startswith("| ") and not line.startswith(("| threat", "|---"))]
    assert len(rows) >= 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, f"no test is named: {row}"
        for path, name in named:
            assert f"def {name}(" in text(Path(path)), f"{path} has no {name}"


def test_it_documents_every_error_code_that_the_api_answers_with_its_status() -> None:
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+)", text(API), re.MULTILINE))
    answered = {error.code: str(error.status) for error in error_classes() if not issubclass(error, errors.NodeFailed)}
    assert answered.items() <= listed.items()


def test_it_names_only_error_codes_that_exist() -> None:
    named = {code for line in re.findall(r"Errors: (.+?)(?:\n\n|$)", text(API), re.DOTALL) for code in re.findall(r"`([a-z]+-[a-z-]+)`", line)}
    assert named <= {error.code for error in error_classes()}


def test_it_documents_every_setting() -> None:
    missing = {field.alias for field in Settings.model_fields.values() if f"`{field.alias}`" not in text(Path("docs/SETTINGS.md"))}
    assert missing == set()


def test_it_documents_every_event() -> None:
    assert {event.value for event in EventType if f"`{event.value}`" not in text(Path("docs/EVENTS.md"))} == set()


def test_it_documents_every_node_type() -> None:
    kinds = [typing.get_args(kind.model_fields["type"].annotation)[0] for kind in typing.get_args(typing.get_args(nodes.Node)[0])]
    assert kinds
    assert {kind for kind in kinds if f"`{kind}`" not in text(Path("docs/LANGUAGE.md"))} == set()


@pytest.mark.parametrize("code", CODES)
def test_it_documents_a_diagnostic_code(code: str) -> None:
    assert f"`{code}`" in text(Path("docs/DIAGNOSTICS.md"))


@pytest.mark.parametrize("code", CODES)
def test_it_shows_a_diagnostic_code_in_a_golden_case(code: str) -> None:
    assert code in GOLDEN
