"""Calls of the Graph API: once, in time, and what is to be done where they fail."""

import json
import logging
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels import graph_api
from chalicelib.channels.failures import Act, SendFailure
from chalicelib.channels.graph_api import GraphApi, act_of
from tests.fixtures.http_server import Reply, Request, Server, serving

TOKEN = "EAAB-secret-1"


def api_of(server: Server, *, timeout_seconds: float = 5, acts: dict[str, Act] | None = None, waits: dict[str, float] | None = None) -> GraphApi:
    return GraphApi(f"http://{server.host}", "v25.0", TOKEN, timeout_seconds, acts=acts or {}, waits=waits or {})


def refused(answer: Callable[[Request], Reply | bytes], *, acts: dict[str, Act] | None = None, body: str = "Hallo Du") -> SendFailure:
    with serving(answer) as server, pytest.raises(SendFailure) as caught:
        api_of(server, acts=acts, waits={"131056": 6.0}).post("1/messages", {"type": "text", "text": {"body": body}})
    assert len(server.requests) == 1
    return caught.value


def error(*, status: int = 400, **fields: object) -> Reply:
    told = {"message": "Said no", "type": "OAuthException", "fbtrace_id": "AbC1", **fields}
    return Reply(status, body=json.dumps({"error": told}).encode())


def test_it_posts_gets_and_uploads() -> None:
    with serving(lambda _: Reply(body=b'{"id": "7"}')) as server:
        api = api_of(server)
        assert api.post("12/messages", {"a": "ü"}) == {"id": "7"}
        assert api.get("34", fields="id,name") == {"id": "7"}
        assert api.upload("12/media", {"type": "image/png"}, "a.png", b"\x89PNG", "image/png") == {"id": "7"}
    post, get, upload = server.requests
    assert (post.method, post.target, json.loads(post.body)) == ("POST", "/v25.0/12/messages", {"a": "ü"})
    assert (get.method, get.target) == ("GET", "/v25.0/34?fields=id%2Cname")
    assert (upload.method, upload.target) == ("POST", "/v25.0/12/media")
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="type"\r\n\r\nimage/png\r\n' in upload.body
    assert b'name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n' in upload.body
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}


def test_it_keeps_an_id_inside_of_its_path() -> None:
    with serving(lambda _: Reply(body=b"{}")) as server:
        api_of(server).get("a b?fields=x#y")
    assert server.requests[0].target == "/v25.0/a%20b%3Ffields%3Dx%23y"


@pytest.mark.parametrize(
    ("told", "act"),
    [
        ({"code": 190}, "stop_account"),
        ({"code": 230}, "stop_account"),
        ({"code": 2}, "retry"),
        ({"code": 100}, "dead_letter"),
        ({"code": 613}, "slow_down"),
        ({"code": 10}, "stop_account"),
        ({"code": 10, "error_subcode": 2018278}, "use_template"),
        ({"code": 131056}, "wait_for_person"),
        ({"code": "131056"}, "wait_for_person"),
        ({"code": 999999}, "dead_letter"),
        ({"code": 999999, "is_transient": True}, "retry"),
        ({}, "dead_letter"),
    ],
)
def test_it_says_by_the_code_what_is_to_be_done(told: dict[str, int | str | bool], act: Act) -> None:
    acts: dict[str, Act] = {"131056": "wait_for_person", "10/2018278": "use_template"}
    assert refused(lambda _: Reply(400, body=json.dumps({"error": told}).encode()), acts=acts).act == act


def test_it_looks_at_the_status_for_codes_that_it_does_not_know() -> None:
    assert refused(lambda _: error(status=500, code=999999)).act == "retry"
    assert act_of("999999") == "dead_letter"
    assert act_of("", is_transient=True) == "retry"


def test_it_lets_a_vendor_mean_something_else() -> None:
    assert refused(lambda _: error(code=100), acts={"100": "resync_template"}).act == "resync_template"
    assert refused(lambda _: error(code=100, error_subcode=33), acts={"100/33": "suppress"}).code == "100/33"


def test_it_says_how_long_to_wait() -> None:
    assert refused(lambda _: error(code=131056)).wait_seconds == 6.0
    assert refused(lambda _: error(code=4)).wait_seconds is None
    assert refused(lambda _: Reply(429, {"retry-after": "12"}, b"slow")).wait_seconds == 12.0


@pytest.mark.parametrize(
    ("reply", "act"),
    [
        (Reply(502, body=b"<html>"), "unknown"),
        (Reply(500, body=b"[]"), "unknown"),
        (Reply(200, body=b"<html>"), "unknown"),
        (Reply(408, body=b""), "unknown"),
        (Reply(429, body=b""), "slow_down"),
        (Reply(401, body=b""), "stop_account"),
        (Reply(404, body=b"nothing here"), "dead_letter"),
        (Reply(302, {"location": "/elsewhere"}), "dead_letter"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "unknown"),
        (b"", "unknown"),
    ],
)
def test_it_judges_answers_that_are_not_the_graphs(reply: Reply | bytes, act: Act) -> None:
    assert refused(lambda _: reply).act == act


@pytest.mark.parametrize("reply", [Reply(502, body=b"<html>"), b""])
@pytest.mark.parametrize("ask", [lambda api: api.get("1"), lambda api: api.upload("1/media", {}, "a", b"a", "text/plain")])
def test_it_reads_again_what_no_answer_came_to(reply: Reply | bytes, ask: Callable[[GraphApi], object]) -> None:
    with serving(lambda _: reply) as server, pytest.raises(SendFailure) as caught:
        ask(api_of(server))
    assert caught.value.act == "retry"


def test_it_does_not_know_what_became_of_a_post_that_was_not_answered_in_time() -> None:
    with serving(lambda _: Reply(body=b'{"id":"1"}'), drip_seconds=0.02) as server, pytest.raises(SendFailure) as caught:
        api_of(server, timeout_seconds=0.15).post("1/messages", {})
    assert caught.value.act == "unknown"
    assert len(server.requests) == 1


def test_it_tries_again_what_never_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SendFailure) as caught:
        GraphApi(f"http://127.0.0.1:{port}", "v25.0", TOKEN, 5).post("1/messages", {})
    assert caught.value.act == "retry"


def test_it_follows_no_redirect() -> None:
    with serving(lambda _: Reply(body=b"{}")) as other:
        assert refused(lambda _: Reply(307, {"location": f"http://{other.host}/"})).act == "dead_letter"
    assert other.requests == []


def test_it_tells_the_graphs_reason_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    words = f"Param body 'Hallo Du' of +4915112345678 and https://files.example/x?sig=1 with {TOKEN} is bad"
    with caplog.at_level(logging.DEBUG):
        failure = refused(lambda _: error(code=100, message=words, error_data={"details": "Hallo Du is no name"}))
    assert str(failure) == "the Graph refused: Param body '…' of … and … with … is bad … is no name (fbtrace_id AbC1)"
    assert "Hallo" not in caplog.text
    assert TOKEN not in caplog.text


@given(st.text(min_size=3, max_size=40).filter(lambda text: not text.isascii() or not text.replace("_", "").islower()))
def test_it_never_tells_a_text_that_was_sent(text: str) -> None:
    said = graph_api._told({"message": f"({text}) <{text}> is wrong"}, {"type": "text", "text": {"body": text}}, TOKEN)
    assert f"<{text}>" not in said


def test_it_downloads_what_is_not_too_large() -> None:
    with serving(lambda _: Reply(body=b"x" * 100)) as server:
        answer, content = api_of(server).download(f"http://{server.host}/file?a=1", 100)
        assert (answer.status_code, content) == (200, b"x" * 100)
        with pytest.raises(SendFailure, match="larger than 99 bytes") as caught:
            api_of(server).download(f"http://{server.host}/file", 99)
    assert caught.value.act == "dead_letter"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "nowhere", "http://[::1/"])
def test_it_refuses_addresses_that_are_none(url: str) -> None:
    with pytest.raises(SendFailure) as caught:
        GraphApi("http://127.0.0.1:1", "v25.0", TOKEN, 5).download(url, 10)
    assert caught.value.act == "dead_letter"
