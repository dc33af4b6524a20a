"""The commands on channels against a scripted API."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.fake_api import FakeApi, serving_api

CHANNEL: dict[str, Any] = {
    "id": "chan_1",
    "type": "whatsapp",
    "name": "support",
    "account": "106540352242922",
    "workflow_id": None,
    "enabled": True,
    "webhook_path": "/api/v1/channels/chan_1/webhook",
    "verify_token": "shown-once",
}
OTHER = {**CHANNEL, "id": "chan_2", "name": "sales", "enabled": False}
ALL = "/api/v1/channels"
ONE = f"{ALL}/chan_1"
SECRET = "a-secret-of-the-vendors-app"


def sluice(*arguments: str, api: FakeApi, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["channels", *arguments, "--url", api.url], input=typed)


def test_it_adds_a_channel_with_a_secret_from_standard_input_and_shows_its_verify_token() -> None:
    with serving_api({f"POST {ALL}": CHANNEL}) as api:
        more = ("--token", "wa-token", "--workflow", "wf_1", "--settings", '{"a": 1}', "--paused")
        found = sluice("add", "whatsapp", "support", "106540352242922", *more, api=api, typed=f"{SECRET}\n")
    assert found.exit_code == 0, found.output
    given = {"type": "whatsapp", "name": "support", "account": "106540352242922", "settings": {"a": 1}, "enabled": False}
    assert api.bodies(f"POST {ALL}") == [{**given, "token_secret": "wa-token", "workflow_id": "wf_1", "app_secret": SECRET}]
    assert "shown-once" in found.stdout
    assert SECRET not in found.output


def test_it_adds_one_without_a_secret_and_takes_no_empty_one() -> None:
    with serving_api({f"POST {ALL}": CHANNEL}) as api:
        without = sluice("add", "email", "support", "help@example.com", "--no-secret", api=api)
        empty = sluice("add", "email", "support", "help@example.com", api=api)
    assert (without.exit_code, empty.exit_code != 0) == (0, True)
    assert ["app_secret" in body for body in api.bodies(f"POST {ALL}")] == [False]


def test_it_lists_all_pages() -> None:
    with serving_api({f"GET {ALL}": [{"channels": [CHANNEL], "cursor": "c"}, {"channels": [OTHER], "cursor": None}]}) as api:
        found = sluice("list", api=api)
    assert all(told in found.stdout for told in ("support", "sales", "paused", "106540352242922"))


@pytest.mark.parametrize(("command", "said"), [("pause", "paused"), ("resume", "resumed"), ("rotate", "rotated"), ("remove", "removed")])
def test_it_finds_a_channel_by_name_or_id(command: str, said: str) -> None:
    asked = f"DELETE {ONE}" if command == "remove" else f"POST {ONE}/{command}"
    with serving_api({f"GET {ALL}": {"channels": [CHANNEL, OTHER], "cursor": None}, asked: CHANNEL}) as api:
        by_name, by_id = (sluice(command, name, api=api, typed=SECRET) for name in ("support", "chan_1"))
        missing = sluice(command, "nobody", api=api, typed=SECRET)
    assert (by_name.stdout, by_id.stdout) == (f"{said}\n", f"{said}\n")
    assert missing.exit_code != 0
    assert "no channel is called nobody" in missing.output
    assert api.bodies(asked) == [{"app_secret": SECRET, "overlap_seconds": 86_400} if command == "rotate" else None] * 2


def test_it_tells_programs_in_json() -> None:
    with serving_api({f"GET {ALL}": {"channels": [OTHER], "cursor": None}}) as api:
        assert json.loads(sluice("list", "--json", api=api).stdout) == {"channels": [OTHER]}
