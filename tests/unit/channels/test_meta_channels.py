"""Messenger and Instagram as channels: what they believe, what they post, what they make of a refusal."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.channels import instagram, messenger
from chalicelib.channels.channel import Channel, InboundRequest
from chalicelib.channels.failures import SendFailure
from chalicelib.channels.inbound import Address, DeliveryCame, TextCame
from chalicelib.channels.instagram import InstagramChannel
from chalicelib.channels.messenger import MessengerChannel
from chalicelib.channels.meta_channel import MetaAccount
from chalicelib.channels.meta_rates import RATES
from chalicelib.channels.outbound import Message, Seen, Sent, Text
from tests.factories.repository import text
from tests.fixtures.http_server import Reply, Request, serving

FIXTURES = Path(__file__).parents[2] / "fixtures" / "channels"
PAGES = {"messenger": Path("docs/flows/channels-messenger.md"), "instagram": Path("docs/flows/channels-instagram.md")}
ACCOUNT = MetaAccount("1029", token="EAAG-token", app_secrets=("new secret", "old secret"), app_id="555000111")
TO = (Address("scoped_id", "7300"),)
CHANNELS: list[Callable[[MetaAccount], Channel]] = [MessengerChannel, InstagramChannel]


def signed(channel: str, name: str, secret: str) -> InboundRequest:
    body = (FIXTURES / channel / f"{name}.json").read_bytes()
    return InboundRequest({"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}, body)


def answering(request: Request) -> Reply:
    told = json.loads(request.body)
    sent = {} if "sender_action" in told else {"message_id": f"m_{told['message']['text'][:1]}"}
    return Reply(body=json.dumps({"recipient_id": told["recipient"]["id"], **sent}).encode())


def refusing(**error: object) -> Callable[[Request], Reply]:
    return lambda _: Reply(400, body=json.dumps({"error": {"message": "Said no", "type": "OAuthException", "fbtrace_id": "AbC1", **error}}).encode())


def test_they_are_channels() -> None:
    assert [make(ACCOUNT).name for make in CHANNELS] == ["messenger", "instagram"]


@pytest.mark.parametrize("make", CHANNELS)
def test_it_believes_what_one_of_its_secrets_signed(make: Callable[[MetaAccount], Channel]) -> None:
    channel = make(ACCOUNT)
    assert channel.verify(signed(channel.name, "text", "new secret"))
    assert channel.verify(signed(channel.name, "text", "old secret"))
    assert not channel.verify(signed(channel.name, "text", "another secret"))
    assert not channel.verify(replace(signed(channel.name, "text", "new secret"), headers={}))
    assert not channel.verify(replace(signed(channel.name, "text", "new secret"), body=b"{}"))
    assert not make(replace(ACCOUNT, app_secrets=())).verify(signed(channel.name, "text", ""))


@pytest.mark.parametrize("make", CHANNELS)
def test_it_reads_its_own_webhooks_alone(make: Callable[[MetaAccount], Channel]) -> None:
    channel = make(ACCOUNT)
    (came,) = channel.parse(signed(channel.name, "text", "new secret"))
    assert isinstance(came, TextCame)
    assert came.origin.channel == channel.name
    (other,) = {"messenger", "instagram"} - {channel.name}
    with pytest.raises(ValueError, match="tells nothing of"):
        channel.parse(signed(other, "text", "new secret"))


def test_it_knows_its_own_apps_echoes() -> None:
    request = signed("messenger", "echo_other_app", "new secret")
    assert isinstance(MessengerChannel(ACCOUNT).parse(request)[0], TextCame)
    assert isinstance(MessengerChannel(replace(ACCOUNT, app_id="777")).parse(request)[0], DeliveryCame)


@pytest.mark.parametrize("make", CHANNELS)
def test_it_posts_each_body_and_tells_what_was_sent(make: Callable[[MetaAccount], Channel]) -> None:
    with serving(answering) as server:
        channel = make(replace(ACCOUNT, base_url=f"http://{server.host}", version="v25.0"))
        rendered = channel.render(Message(TO, Text("a" * 1500 + " " + "b" * 900), "run_1/tell//0"))
        sent = channel.send(rendered)
        seen = channel.send(channel.render(Message(TO, Seen("m1"), "k")))
    assert [json.loads(request.body) for request in server.requests[:-1]] == list(rendered.bodies)
    assert {request.target for request in server.requests} == {"/v25.0/1029/messages"}
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer EAAG-token"}
    assert sent == tuple(Sent(f"m_{letter}", TO[0]) for letter in ("ab" if channel.name == "messenger" else "aab"))
    assert seen == (Sent("", TO[0]),)


def test_it_stops_at_the_first_body_that_is_not_taken() -> None:
    def answer(request: Request) -> Reply:
        return answering(request) if len(server.requests) == 1 else refusing(code=613)(request)

    with serving(answer) as server:
        channel = MessengerChannel(replace(ACCOUNT, base_url=f"http://{server.host}"))
        rendered = channel.render(Message(TO, Text("a" * 6000), "k"))
        with pytest.raises(SendFailure) as caught:
            channel.send(rendered)
    assert (caught.value.act, len(server.requests)) == ("slow_down", 2)


FAILURES = [  # the vendor's code, its subcode, what is to be done
    (10, 2018278, "use_other_channel"),
    (10, 1893063, "stop_account"),
    (10, None, "stop_account"),
    (100, 2018001, "use_other_channel"),
    (100, 33, "use_other_channel"),
    (100, None, "dead_letter"),
    (551, 1545041, "use_other_channel"),
    (613, 1545109, "slow_down"),
    (613, None, "slow_down"),
    (4, None, "slow_down"),
    (32, None, "slow_down"),
    (1200, None, "retry"),
    (2, None, "retry"),
    (190, 463, "stop_account"),
    (200, None, "stop_account"),
    (230, None, "stop_account"),
    (368, None, "stop_account"),
    (999, None, "dead_letter"),
]


@pytest.mark.parametrize(("code", "subcode", "act"), FAILURES)
@pytest.mark.parametrize("make", CHANNELS)
def test_it_says_what_is_to_be_done_about(make: Callable[[MetaAccount], Channel], code: int, subcode: int | None, act: str) -> None:
    failure = failed(make, refusing(code=code, **({"error_subcode": subcode} if subcode else {})))
    assert (failure.act, failure.code) == (act, f"{code}/{subcode}" if subcode else str(code))


def test_it_knows_how_instagram_login_tells_of_a_closed_window() -> None:
    assert failed(InstagramChannel, refusing(code=10, error_subcode=2534022)).act == "use_other_channel"
    assert failed(MessengerChannel, refusing(code=10, error_subcode=2534022)).act == "stop_account"


@pytest.mark.parametrize("make", CHANNELS)
def test_it_does_not_know_what_became_of_a_sending_without_an_answer(make: Callable[[MetaAccount], Channel]) -> None:
    assert failed(make, lambda _: b"").act == "unknown"
    assert failed(make, lambda _: Reply(502, body=b"<html>")).act == "unknown"


def test_it_tells_nothing_that_is_secret_or_somebodys() -> None:
    failure = failed(MessengerChannel, refusing(code=100, message="No user 7300 for EAAG-token: 'Hi Ann'"))
    assert not any(secret in str(failure) for secret in ("7300", "EAAG-token", "Hi Ann"))
    assert not any(secret in repr(ACCOUNT) for secret in ("EAAG-token", "new secret"))


def failed(make: Callable[[MetaAccount], Channel], answer: Callable[[Request], Reply | bytes]) -> SendFailure:
    with serving(answer) as server:
        channel = make(replace(ACCOUNT, base_url=f"http://{server.host}"))
        rendered = channel.render(Message(TO, Text("Hi Ann"), "k"))
        with pytest.raises(SendFailure) as caught:
            channel.send(rendered)
    assert len(server.requests) == 1
    return caught.value


@pytest.mark.parametrize(("channel", "acts"), [("messenger", messenger.ACTS), ("instagram", instagram.ACTS)])
def test_it_documents_what_is_to_be_done_about_each_error(channel: str, acts: dict[str, str]) -> None:
    lines = text(PAGES[channel]).splitlines()
    for code, act in acts.items():
        (line,) = [line for line in lines if line.startswith(f"| `{code}` |")]
        assert line.split("|")[3].strip() == f"`{act}`", code


@pytest.mark.parametrize("channel", PAGES)
def test_it_documents_how_fast_it_may_be_called(channel: str) -> None:
    page = text(PAGES[channel])
    for rate in RATES[channel]:
        per = "person and " if rate.per_person else ""
        assert f"| `{rate.counted}` | {rate.calls} per {per}{rate.seconds} s |" in page
    assert {rate.counted for rate in RATES[channel]} >= {"text", "audio_video", "conversations"}


@pytest.mark.parametrize(("channel", "most"), [("messenger", messenger.MAX_TEXT), ("instagram", instagram.MAX_TEXT)])
def test_it_documents_its_limits(channel: str, most: int) -> None:
    page = text(PAGES[channel])
    assert all(f"| {limit} " in page for limit in (most, 640, 20, 13, 1000, 999))
