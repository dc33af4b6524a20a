"""WhatsApp as a channel: verify, parse, render, send, files."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.channels.channel import Channel, InboundRequest
from chalicelib.channels.failures import Act, SendFailure
from chalicelib.channels.graph_api import ACTS as GENERAL
from chalicelib.channels.graph_api import act_of
from chalicelib.channels.inbound import Address, MediaCame, MediaKind, Origin, TextCame
from chalicelib.channels.outbound import Choice, Choices, Message, Rendered, Seen, Sent, Text
from chalicelib.channels.whatsapp import WhatsAppChannel, WhatsAppConfig
from chalicelib.channels.whatsapp_errors import ACTS, WAITS
from chalicelib.channels.whatsapp_media import MAX_BYTES, MediaContent
from chalicelib.channels.whatsapp_messages import rendered
from chalicelib.spec.model import JsonObject
from tests.factories.repository import text
from tests.fixtures import whatsapp_rules
from tests.fixtures.http_server import Reply, Request, Server, serving

PHONE, USER_ID = Address("phone", "491511234567"), Address("scoped_id", "DE.13491208655302741918")
CONFIG = WhatsAppConfig("1065", "EAAB-secret", ("app-secret", "app-secret-before"), "handshake")
ABC = hashlib.sha256(b"abc").digest()


def channel_of(server: Server, **changes: float) -> WhatsAppChannel:
    return WhatsAppChannel(
        replace(CONFIG, base_url=f"http://{server.host}", media_origins=(f"http://{server.host}",), **changes)  # type: ignore[arg-type]
    )


def text_to(*to: Address) -> Message:
    return Message(to, Text("Hi"), "dlv_1")


# --- what comes in ----------------------------------------------------------------------------------------------


def test_it_takes_what_is_signed_with_a_secret_of_now_or_before() -> None:
    channel: Channel = WhatsAppChannel(CONFIG)
    body = (Path(__file__).parents[2] / "fixtures" / "channels" / "whatsapp" / "text.json").read_bytes()
    for secret, is_ours in (("app-secret", True), ("app-secret-before", True), ("another", False)):
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        assert channel.verify(InboundRequest({"x-hub-signature-256": signature}, body)) == is_ours
    assert not channel.verify(InboundRequest({}, body))
    (came,) = channel.parse(InboundRequest({}, body))
    assert isinstance(came, TextCame)
    assert (channel.name, came.origin.channel) == ("whatsapp", "whatsapp")


def test_it_takes_nothing_without_a_secret() -> None:
    signature = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    request = InboundRequest({"x-hub-signature-256": signature}, b"{}")
    assert not WhatsAppChannel(replace(CONFIG, app_secrets=())).verify(request)
    assert not WhatsAppChannel(replace(CONFIG, app_secrets=("",))).verify(request)


def test_it_answers_metas_handshake() -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "handshake"}
    assert WhatsAppChannel(CONFIG).challenge(asked) == "42"
    assert WhatsAppChannel(replace(CONFIG, verify_token="")).challenge({**asked, "hub.verify_token": ""}) is None


def test_it_shows_no_secret() -> None:
    assert "secret" not in repr(CONFIG)
    assert "handshake" not in repr(CONFIG)


# --- what goes out ----------------------------------------------------------------------------------------------


def test_it_sends_each_body_in_its_order() -> None:
    with serving(whatsapp_rules.serve) as server:
        channel = channel_of(server)
        asked = Choices("Long. " * 400, (Choice("g1.a", "Yes"), Choice("g1.b", "No")))
        found = channel.render(Message((PHONE,), asked, "dlv_1"))
        assert channel.send(found) == (Sent("wamid.OUT", USER_ID),) * 2
    assert [json.loads(request.body) for request in server.requests] == list(found.bodies)
    assert {(request.method, request.target) for request in server.requests} == {("POST", "/v25.0/1065/messages")}
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer EAAB-secret"}


def test_it_sends_to_an_id() -> None:
    with serving(whatsapp_rules.serve) as server:
        channel = channel_of(server)
        assert channel.send(channel.render(text_to(USER_ID))) == (Sent("wamid.OUT", USER_ID),)


def answering(answer: JsonObject) -> tuple[Sent, ...]:
    with serving(lambda _: Reply(body=json.dumps(answer).encode())) as server:
        channel = channel_of(server)
        return channel.send(channel.render(text_to(Address("phone", "5511912345678"))))


def test_it_tells_the_number_as_whatsapp_writes_it() -> None:
    """In Brazil and Mexico it is another one than was dialled; what comes in bears that one."""
    answer: JsonObject = {"contacts": [{"input": "5511912345678", "wa_id": "551112345678"}], "messages": [{"id": "wamid.1"}]}
    assert answering(answer) == (Sent("wamid.1", Address("phone", "551112345678")),)
    assert answering({"contacts": [{"wa_id": "5511912345678"}], "messages": [{"id": "wamid.1"}]}) == (Sent("wamid.1"),)
    assert answering({"messages": [{"id": "wamid.1"}]}) == (Sent("wamid.1"),)


def test_it_does_not_know_what_became_of_a_message_without_an_id() -> None:
    with pytest.raises(SendFailure) as caught:
        answering({"messages": []})
    assert caught.value.act == "unknown"


def test_it_says_that_a_message_was_read() -> None:
    with serving(whatsapp_rules.serve) as server:
        channel = channel_of(server)
        assert channel.send(channel.render(Message((), Seen("wamid.A1", typing=True), "dlv_1"))) == (Sent(""),)


def test_it_stops_at_the_first_body_that_is_not_taken() -> None:
    taken = Rendered((PHONE,), "dlv_1", ({"type": "text"}, {"type": "text"}))
    with serving(whatsapp_rules.serve) as server, pytest.raises(SendFailure) as caught:
        channel_of(server).send(taken)
    assert (caught.value.act, caught.value.code, len(server.requests)) == ("dead_letter", "131009", 1)


@pytest.mark.parametrize("broken", range(4))
def test_it_sends_no_body_after_one_that_was_not_taken(broken: int) -> None:
    """Whichever it is. All that is before it was sent once."""
    text_of_four = Message((PHONE,), Text("word " * 3_000), "dlv_1")

    def answer(request: Request) -> Reply:
        return whatsapp_rules.serve(request) if len(server.requests) <= broken else Reply(503, body=b"<html>")

    with serving(answer) as server, pytest.raises(SendFailure) as caught:
        channel_of(server).send(rendered(text_of_four))
    assert (caught.value.act, len(server.requests)) == ("unknown", broken + 1)
    assert [json.loads(request.body) for request in server.requests] == list(rendered(text_of_four).bodies[: broken + 1])


def test_it_does_not_know_what_became_of_a_message_that_was_not_answered_in_time() -> None:
    """Meta knows no key that would make a second sending harmless: the status, which bears our delivery id, is waited for."""
    with serving(lambda _: Reply(body=b'{"messages":[{"id":"1"}]}'), drip_seconds=0.02) as server, pytest.raises(SendFailure) as caught:
        channel_of(server, timeout_seconds=0.3).send(rendered(text_to(PHONE)))
    assert (caught.value.act, len(server.requests)) == ("unknown", 1)


MEANT: dict[Act, str] = {
    "retry": "1 2 131000 131016 131053 131057 132069 133004 135000 139103",
    "slow_down": "4 429 613 80007 130429",
    "wait_for_person": "131056",
    "use_template": "131047",
    "use_other_channel": "130472 131026 131030 131049 131062 137000",
    "suppress": "131050",
    "resync_template": "132000 132001 132015 132016",
    "dead_letter": "33 100 131008 131009 131021 131051 131052 131063 132005 132007 132008 132012 132018 132068 139100 999999",
    "stop_account": "0 3 10 190 200 299 368 130497 131005 131031 131037 131042 131044 131045 131048 131064 133016",
}


@pytest.mark.parametrize("act", MEANT)
def test_it_knows_what_a_code_asks_for(act: Act) -> None:
    """A failed status that comes later has the same codes."""
    assert {code: act_of(code, ACTS) for code in MEANT[act].split()} == dict.fromkeys(MEANT[act].split(), act)


def test_it_names_every_code_of_its_table_once() -> None:
    named = [code for codes in MEANT.values() for code in codes.split()]
    assert len(named) == len(set(named))
    assert set(ACTS) <= set(named)
    assert set(WAITS) <= set(ACTS)


def test_it_documents_what_a_code_asks_for() -> None:
    """Those of the table; the last rows tell of all others in words."""
    page = text(Path("docs/flows/channels-whatsapp.md"))
    rows = {act: codes for codes, act in re.findall(r"^\| ([^|]*\d[^|]*) \| `(\w+)` \|$", page, re.MULTILINE)}
    named = {code: act for act, codes in rows.items() for code in re.findall(r"\b\d+\b", codes)}
    assert {code: act for code, act in {**GENERAL, **ACTS}.items() if act != "dead_letter" and named.get(code) != act} == {}


def test_it_says_how_long_a_person_is_left_alone() -> None:
    error = {"error": {"message": "(#131056) Pair rate limit hit", "code": 131056}}
    with serving(lambda _: Reply(400, body=json.dumps(error).encode())) as server, pytest.raises(SendFailure) as caught:
        channel_of(server).send(rendered(text_to(PHONE)))
    assert (caught.value.act, caught.value.code, caught.value.wait_seconds) == ("wait_for_person", "131056", 6.0)


# --- files ------------------------------------------------------------------------------------------------------


def file(*, kind: MediaKind = "image", media_id: str = "77", url: str = "", sha256: str = "") -> MediaCame:
    return MediaCame(Origin("whatsapp", "1065", "wamid.B1", ""), kind, media_id=media_id, url=url, mime_type="image/png", sha256=sha256)


def graph(content: Callable[[Request], Reply], **told: object) -> Callable[[Request], Reply]:
    """Looks an id up and gives what `content` says for any other address."""

    def answer(request: Request) -> Reply:
        if not request.target.startswith("/v25.0/77?"):
            return content(request)
        found = {"url": f"http://{request.headers['host']}/files/1", "mime_type": "image/jpeg", "id": "77", **told}
        return Reply(body=json.dumps(found).encode())

    return answer


def abc(_: Request) -> Reply:
    return Reply(body=b"abc")


def refused(answer: Callable[[Request], Reply], media: MediaCame, *, max_bytes: int | None = None) -> tuple[Act, str, list[str]]:
    """What is to be done, the code, and what was asked."""
    with serving(answer) as server, pytest.raises(SendFailure) as caught:
        channel_of(server).fetch(media, max_bytes=max_bytes)
    return caught.value.act, caught.value.code, [request.target.partition("?")[0] for request in server.requests]


def test_it_fetches_a_file_in_two_steps() -> None:
    with serving(graph(abc, sha256=base64.b64encode(ABC).decode(), file_size=3)) as server:
        assert channel_of(server).fetch(file(sha256=ABC.hex())) == MediaContent(b"abc", "image/jpeg", ABC.hex())
    assert [request.target for request in server.requests] == ["/v25.0/77?phone_number_id=1065", "/files/1"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer EAAB-secret"}


def test_it_fetches_a_file_whose_address_is_told_in_one_step() -> None:
    with serving(graph(abc)) as server:
        found = channel_of(server).fetch(file(url=f"http://{server.host}/told", sha256=ABC.hex()))
        assert found == MediaContent(b"abc", "image/png", ABC.hex())
    assert [request.target for request in server.requests] == ["/told"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_it_looks_up_a_file_whose_address_is_over(status: int) -> None:
    with serving(graph(lambda request: Reply(status) if request.target == "/told" else abc(request))) as server:
        assert channel_of(server).fetch(file(url=f"http://{server.host}/told")).content == b"abc"


def test_it_shows_the_token_to_no_other_host() -> None:
    """Neither where a webhook, nor where the Graph, nor where a redirect leads elsewhere."""
    with serving(abc) as other:
        away = f"http://{other.host}/away"
        assert refused(graph(abc, url=away), file()) == ("dead_letter", "elsewhere", ["/v25.0/77"])
        assert refused(graph(lambda _: Reply(302, {"location": away})), file()) == ("dead_letter", "elsewhere", ["/v25.0/77", "/files/1"])
        assert refused(graph(abc), file(media_id="", url=away)) == ("dead_letter", "no-place", [])
        with serving(graph(abc)) as server:
            assert channel_of(server).fetch(file(url=away)).content == b"abc"
    assert other.requests == []


def test_it_follows_redirects_of_the_host_itself() -> None:
    with serving(graph(lambda request: abc(request) if request.target == "/there" else Reply(302, {"location": "/there"}))) as server:
        assert channel_of(server).fetch(file()).content == b"abc"
    assert refused(graph(lambda _: Reply(302, {"location": "/again"})), file())[:2] == ("retry", "redirects")


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com.evil.example/a",
        "https://lookaside.fbsbx.com@evil.example/a",
        "https://evil.example\\@lookaside.fbsbx.com/a",
        "http://lookaside.fbsbx.com/a",
        "https://lookaside.fbsbx.com:8443/a",
        "//lookaside.fbsbx.com/a",
        "https://[::1/a",
        "https://lookaside.fbsbx.com:no/a",
    ],
)
def test_it_is_not_taken_in_by_an_address(url: str) -> None:
    with pytest.raises(SendFailure) as caught:
        WhatsAppChannel(CONFIG).fetch(file(media_id="", url=url))
    assert caught.value.code == "no-place"


def test_it_takes_no_more_than_it_may() -> None:
    assert refused(graph(abc), file(), max_bytes=2)[:2] == ("dead_letter", "too-large")
    assert refused(graph(abc, file_size=MAX_BYTES["image"] + 1), file()) == ("dead_letter", "too-large", ["/v25.0/77"])
    assert refused(graph(lambda _: Reply(body=b"x" * 512_001)), file(kind="sticker"), max_bytes=10**9)[:2] == ("dead_letter", "too-large")


def test_it_takes_no_file_that_is_not_the_one_that_was_told() -> None:
    other = hashlib.sha256(b"other").hexdigest()
    assert refused(graph(abc, sha256=other), file())[:2] == ("retry", "damaged")
    assert refused(graph(abc), file(sha256=other))[:2] == ("retry", "damaged")


@pytest.mark.parametrize(("status", "act"), [(401, "stop_account"), (404, "dead_letter"), (429, "slow_down"), (503, "retry"), (304, "dead_letter")])
def test_it_says_what_to_do_where_a_file_is_not_given(status: int, act: Act) -> None:
    assert refused(graph(lambda _: Reply(status)), file())[:2] == (act, str(status))


def test_it_says_what_to_do_where_a_file_cannot_be_looked_up() -> None:
    gone = {"error": {"message": "Unsupported get request", "code": 100, "error_subcode": 33}}
    assert refused(lambda _: Reply(400, body=json.dumps(gone).encode()), file())[:2] == ("dead_letter", "100/33")
    assert refused(abc, file(media_id="../me"))[:2] == ("dead_letter", "no-place")


def test_it_stores_a_file() -> None:
    with serving(lambda _: Reply(body=b'{"id": "88"}')) as server:
        assert channel_of(server).upload(b"%PDF", "application/pdf", "a.pdf") == "88"
    (request,) = server.requests
    assert request.target == "/v25.0/1065/media"
    for part in (b'name="messaging_product"\r\n\r\nwhatsapp', b'name="type"\r\n\r\napplication/pdf', b'filename="a.pdf"'):
        assert part in request.body


def test_it_stores_a_file_again_where_no_id_came() -> None:
    with serving(lambda _: Reply(body=b"{}")) as server, pytest.raises(SendFailure) as caught:
        channel_of(server).upload(b"%PDF", "application/pdf", "a.pdf")
    assert caught.value.act == "retry"
