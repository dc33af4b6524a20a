"""Routes of channels: what comes in, what is shown, what is noted of it, and what is never told."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app import app
from chalicelib.channels.inbound import Address
from chalicelib.conversations import channels
from chalicelib.conversations.receive import receive
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from tests.factories.api_events import context, rest_event
from tests.factories.channel_stories import ACCOUNT, OTHER, SECRET, a_channel, a_text, channel_cloud, envelope
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.credentials import bearer

ALL = "/api/v1/channels"
ONE = f"{ALL}/{{channel_id}}"
GIVEN: JsonObject = {"type": "whatsapp", "name": "support", "account": ACCOUNT, "app_secret": SECRET, "settings": {"business_account": "1"}}


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with channel_cloud() as found:
        yield found


def ask(method: str, resource: str, **request: Any) -> tuple[int, Any]:
    headers = {**bearer(), **request.pop("headers", {})}
    answer = app(rest_event(method, resource, headers=headers, **request), context())
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def added(**fields: Any) -> Any:
    status, document = ask("POST", ALL, body={**GIVEN, **fields})
    assert status == 201, document
    return document


def test_it_adds_shows_changes_and_removes_a_channel() -> None:
    workflow_id = published().workflow_id
    made = added(workflow_id=workflow_id, token_secret="wa-token")
    path = {"channel_id": made["id"]}
    assert made["webhook_path"] == f"/api/v1/channels/{made['id']}/webhook"
    shown = ask("GET", ONE, path=path)[1]
    assert shown == {name: value for name, value in made.items() if name != "verify_token"}
    assert (shown["workflow_id"], shown["token_secret"], shown["settings"], shown["enabled"]) == (workflow_id, "wa-token", GIVEN["settings"], True)
    assert ask("PUT", ONE, path=path, body={"revision": 7})[1]["code"] == "channel-changed"
    changed = ask("PUT", ONE, path=path, body={"settings": {"b": [1.5]}, "enabled": False, "revision": 1})[1]
    assert (changed["settings"], changed["workflow_id"], changed["enabled"], changed["revision"]) == ({"b": [1.5]}, None, False, 2)
    assert ask("DELETE", ONE, path=path)[0] == 204
    assert ask("GET", ONE, path=path)[1]["code"] == "channel-not-found"
    assert added()["id"] != made["id"]  # its name and account are free again


def test_it_tells_the_verify_token_once_and_no_secret_ever() -> None:
    made = added(verify_token="a-token-of-my-own-choosing")
    assert made["verify_token"] == "a-token-of-my-own-choosing"
    path = {"channel_id": made["id"]}
    ask("POST", f"{ONE}/rotate", path=path, body={"app_secret": OTHER})
    told = json.dumps([ask("GET", ONE, path=path), ask("GET", ALL), ask("POST", f"{ONE}/pause", path=path)])
    kept = json.dumps(list(table.query_all(keys.channel("org_local", made["id"]).pk)))
    noted = json.dumps(list(table.query_all(keys.act("org_local").pk)))
    for secret in (SECRET, OTHER, made["verify_token"]):
        assert secret not in told + kept + noted
    assert "sealed" not in told
    found = channels.get(ANN, made["id"])
    assert (channels.app_secrets(found), channels.verify_token(found)) == ((OTHER, SECRET), made["verify_token"])


def test_it_takes_two_secrets_at_most_and_the_old_one_for_a_while() -> None:
    channel = a_channel()
    channels.rotate(ANN, channel.id, app_secret=OTHER, overlap=timedelta(seconds=0))
    assert channels.app_secrets(channels.get(ANN, channel.id)) == (OTHER,)
    third = "the-third-secret-of-the-vendors-app"
    channels.rotate(ANN, channel.id, app_secret=third, overlap=timedelta(hours=1))
    found = channels.get(ANN, channel.id)
    assert (channels.app_secrets(found), len(found.app_secrets)) == ((third, OTHER), 2)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "Support"}, "channel-invalid"),
        ({"account": "a b"}, "channel-invalid"),
        ({"app_secret": "short"}, "channel-invalid"),
        ({"verify_token": "with some spaces in it"}, "channel-invalid"),
        ({"token_secret": "No/Name"}, "channel-invalid"),
        ({"settings": {"a": "x" * 20_000}}, "channel-invalid"),
        ({"workflow_id": "wf_0"}, "workflow-not-found"),
        ({"type": "pigeon"}, "body-invalid"),
    ],
)
def test_it_refuses_what_is_no_channel(fields: JsonObject, code: str) -> None:
    assert ask("POST", ALL, body={**GIVEN, **fields})[1]["code"] == code
    assert ask("GET", ALL)[1]["channels"] == []


def test_it_gives_a_name_and_an_account_to_one_channel() -> None:
    added()
    assert ask("POST", ALL, body={**GIVEN, "account": "2"})[1]["detail"] == "another channel has the name support"
    assert ask("POST", ALL, body={**GIVEN, "name": "sales"})[1]["detail"] == f"another channel has the account {ACCOUNT}"
    added(name="sales", type="messenger")  # another vendor's number
    assert [each["name"] for each in ask("GET", ALL)[1]["channels"]] == ["sales", "support"]
    first = ask("GET", ALL, query={"limit": "1"})[1]
    assert [each["name"] for each in ask("GET", ALL, query={"limit": "1", "cursor": first["cursor"]})[1]["channels"]] == ["support"]


def test_it_pauses_and_resumes_and_notes_who_did() -> None:
    path = {"channel_id": added()["id"]}
    for _ in range(2):
        assert ask("POST", f"{ONE}/pause", path=path)[1]["enabled"] is False
    assert ask("POST", f"{ONE}/resume", path=path)[1]["paused_at"] is None
    noted = [item for item in table.query_all(keys.act("org_local").pk) if item["noun"] == "channel"]
    assert [(item["verb"], item["operation"], item["target"]) for item in noted] == [
        ("created", "channels.create", path["channel_id"]),
        ("changed", "channels.pause", path["channel_id"]),
        ("changed", "channels.resume", path["channel_id"]),
    ]


def test_it_shows_conversations_the_latest_first_with_their_messages() -> None:
    channel = a_channel(workflow_id=published().workflow_id)
    for number in range(3):
        receive(envelope(channel, a_text(f"from {number}", str(number), (Address("phone", str(number % 2)),))))
    first, second = ask("GET", "/api/v1/conversations")[1]["conversations"]
    assert (first["text"], first["message_count"], second["text"]) == ("from 2", 2, "from 1")
    path = {"conversation_id": first["id"]}
    page = ask("GET", "/api/v1/conversations/{conversation_id}", path=path, query={"limit": "1"})[1]
    (latest,) = page["messages"]
    assert (latest["text"], latest["content"]["fields"]["text"], latest["run_id"]) == ("from 2", "from 2", None)
    assert latest["refused"]["code"] == "input-invalid"
    (before,) = ask("GET", "/api/v1/conversations/{conversation_id}", path=path, query={"limit": "1", "cursor": page["cursor"]})[1]["messages"]
    assert before["text"] == "from 0"
    assert ask("GET", "/api/v1/conversations/{conversation_id}", path={"conversation_id": "conv_0"})[1]["code"] == "conversation-not-found"
