"""`sluice secrets`: a value comes from standard input, or from a prompt that does not show it."""

import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli import secrets
from cli.main import app
from tests.factories.fake_api import serving_api

LISTING = {"name": "crm", "created_at": "2026-01-01T00:00:00.000Z", "changed_at": "2026-01-02T00:00:00.000Z", "mine": "use"}
ACCESS = {"name": "crm", "everybody": "see", "shares": [{"who": "role:sales", "level": "use"}, {"who": "person:bob", "level": "use"}], "revision": 4}
ANSWERS = {
    "GET /api/v1/secrets": {"secrets": [LISTING]},
    "PUT /api/v1/secrets/crm": LISTING,
    "DELETE /api/v1/secrets/crm": None,
    "GET /api/v1/secrets/crm/access": {**ACCESS, "set_at": None, "set_by": None},
    "PUT /api/v1/secrets/crm/access": {**ACCESS, "set_at": None, "set_by": None, "revision": 5},
}
VALUE = "s3cr3t v4lue"


def test_it_sends_what_comes_in_without_the_lines_end() -> None:
    with serving_api(ANSWERS) as api:
        for typed in (VALUE, f"{VALUE}\n", f"{VALUE}\r\n"):
            done = CliRunner().invoke(app, ["secrets", "put", "crm", "--url", api.url], input=typed)
            assert (done.exit_code, VALUE in done.output) == (0, False)
    assert api.bodies("PUT /api/v1/secrets/crm") == [{"value": VALUE}] * 3
    assert api.asked[0][0].endswith("?scope=organisation")


def test_it_asks_at_a_terminal_without_showing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def prompt(text: str, **how: object) -> str:
        asked.append(how)
        return VALUE

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", prompt)
    assert secrets.typed_secret() == VALUE
    assert asked == [{"hide_input": True, "err": True}]


def test_it_sends_nothing_where_nothing_came_in() -> None:
    with serving_api(ANSWERS) as api:
        done = CliRunner().invoke(app, ["secrets", "put", "crm", "--url", api.url], input="\n")
    assert (done.exit_code, api.asked) == (2, [])


def test_it_lists_and_deletes() -> None:
    with serving_api(ANSWERS) as api:
        shown = CliRunner().invoke(app, ["secrets", "list", "--url", api.url, "--json"])
        assert json.loads(shown.stdout) == {"secrets": [LISTING]}
        assert "crm" in CliRunner().invoke(app, ["secrets", "list", "--deployment", "--url", api.url]).stdout
        assert CliRunner().invoke(app, ["secrets", "delete", "crm", "--deployment", "--url", api.url]).exit_code == 0
    assert [asked for asked, _, _ in api.asked][1:] == ["GET /api/v1/secrets?scope=deployment", "DELETE /api/v1/secrets/crm?scope=deployment"]


def test_it_shows_who_may_do_what() -> None:
    with serving_api(ANSWERS) as api:
        shown = CliRunner().invoke(app, ["secrets", "access", "crm", "--url", api.url]).stdout
    assert [line.split() for line in shown.splitlines()[1:]] == [["everybody", "see"], ["role:sales", "use"], ["person:bob", "use"]]


def test_it_changes_what_is_named_and_nothing_else_of_what_it_read() -> None:
    with serving_api(ANSWERS) as api:
        options = ["--with", "person:bob=rotate", "--with", "person:cat=see", "--without", "role:sales"]
        assert CliRunner().invoke(app, ["secrets", "share", "crm", *options, "--url", api.url]).exit_code == 0
        assert CliRunner().invoke(app, ["secrets", "share", "crm", "--everybody", "none", "--url", api.url]).exit_code == 0
    assert api.bodies("PUT /api/v1/secrets/crm/access") == [
        {"everybody": "see", "shares": [{"who": "person:bob", "level": "rotate"}, {"who": "person:cat", "level": "see"}], "revision": 4},
        {"everybody": "none", "shares": ACCESS["shares"], "revision": 4},
    ]


@pytest.mark.parametrize("share", ["person:bob", "person:bob=own", "=", "role:sales="])
def test_it_takes_no_share_that_is_none(share: str) -> None:
    with serving_api(ANSWERS) as api:
        done = CliRunner().invoke(app, ["secrets", "share", "crm", "--with", share, "--url", api.url])
    assert (done.exit_code, api.bodies("PUT /api/v1/secrets/crm/access")) == (2, [])
    assert "role:finance=use" in done.output
