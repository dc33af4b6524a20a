"""The http tools, against a loopback server that the settings name, and a scripted exchange for the open internet."""

from collections.abc import Sequence

import pytest

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.destination import Destination, Destinations
from chalicelib.tools.failures import (
    ArgumentsInvalid,
    BodyTooLarge,
    HttpRejected,
    HttpServerFailed,
    HttpThrottled,
    HttpTimedOut,
    UrlRefused,
)
from chalicelib.tools.fetch import Answer, Limits, Question
from chalicelib.tools.http import MAX_BODY_BYTES, METHODS, http_tools
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.http_server import Reply, Request, Server, serving

PUBLIC = Destinations(resolver=lambda _host, _port: ("93.184.215.14",))


Asked = list[tuple[Destination, Question, Limits]]


def run(name: str, arguments: JsonObject, around: Surroundings, answers: Sequence[Answer] = ()) -> tuple[Json, Asked]:
    """The output of a tool whose exchanges give `answers`, and what was asked."""
    asked: Asked = []

    def exchange(destination: Destination, question: Question, limits: Limits) -> Answer:
        asked.append((destination, question, limits))
        return answers[len(asked) - 1]

    tools = {tool.name: tool for tool in http_tools(exchange if answers else None)}
    return tools[name].run(arguments, around), asked


def call(server: Server, method: str, arguments: JsonObject) -> Json:
    given: JsonObject = {"url": f"http://{server.host}/path", **arguments}
    return run(f"http.{method}", given, surroundings(server.host))[0]


def test_it_has_a_tool_for_each_method() -> None:
    assert [tool.name for tool in http_tools()] == [f"http.{method}" for method in METHODS]


@pytest.mark.parametrize("method", METHODS)
def test_it_sends_each_method(method: str) -> None:
    with serving(lambda _: Reply()) as server:
        output = call(server, method, {})
    assert isinstance(output, dict)
    assert output["status"] == 200
    assert server.requests[0].method == method.upper()
    assert ("idempotency-key" in server.requests[0].headers) is (method in {"post", "put", "patch", "delete"})


def test_it_carries_the_key_of_the_effect() -> None:
    with serving(lambda _: Reply()) as server:
        call(server, "post", {"json": {"a": 1}})
        call(server, "post", {"headers": {"Idempotency-Key": "mine"}})
    assert [request.headers["idempotency-key"] for request in server.requests] == ["run_1/book//0", "mine"]


def test_it_sends_json_text_and_forms() -> None:
    with serving(lambda _: Reply()) as server:
        call(server, "post", {"json": {"städte": ["Köln"]}})
        call(server, "post", {"text": "grüße"})
        call(server, "post", {"form": {"a": 1, "b": "x y"}})
        call(server, "post", {"text": "<a/>", "headers": {"Content-Type": "application/xml"}})
    sent = [(request.headers["content-type"], request.body.decode()) for request in server.requests]
    assert sent == [
        ("application/json", '{"städte": ["Köln"]}'),
        ("text/plain; charset=utf-8", "grüße"),
        ("application/x-www-form-urlencoded", "a=1&b=x+y"),
        ("application/xml", "<a/>"),
    ]


def test_it_refuses_two_bodies() -> None:
    with pytest.raises(ArgumentsInvalid, match="json and text"):
        run("http.post", {"url": "https://a.example/", "json": 1, "text": "2"}, surroundings())


def test_it_refuses_a_request_above_the_cap() -> None:
    with pytest.raises(BodyTooLarge, match="the request"):
        run("http.post", {"url": "https://a.example/", "text": "x" * (MAX_BODY_BYTES + 1)}, surroundings())


@pytest.mark.parametrize(
    ("url", "query", "target"),
    [
        ("/p", {"city": "São Paulo", "n": 2, "deep": {"a": 1}, "none": None, "many": ["x", "y"], "yes": True}, None),
        ("/p?a=1", {"b": 2}, "/p?a=1&b=2"),
        ("/p?a=1#frag", {"b": 2}, "/p?a=1&b=2"),
        ("/p", {}, "/p"),
        ("/p?a=1", None, "/p?a=1"),
    ],
)
def test_it_adds_the_query(url: str, query: Json, target: str | None) -> None:
    with serving(lambda _: Reply()) as server:
        run("http.get", {"url": f"http://{server.host}{url}", "query": query}, surroundings(server.host))
    expected = target or "/p?city=S%C3%A3o+Paulo&n=2&deep=%7B%22a%22%3A1%7D&many=x&many=y&yes=true"
    assert server.requests[0].target == expected


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "Expect", "Accept-Encoding"])
def test_it_keeps_the_headers_that_are_ours(name: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=name):
        run("http.get", {"url": "https://a.example/", "headers": {name: "x"}}, surroundings())


@pytest.mark.parametrize("headers", [{"bad name": "x"}, {"": "x"}, {"x": "a\r\nHost: evil"}, {"x": "a\x00"}, {"x": "日本"}, {"x": "a" * 9000}])
def test_it_refuses_a_header_that_breaks_the_message(headers: JsonObject) -> None:
    with pytest.raises(ArgumentsInvalid, match="HTTP does not allow"):
        run("http.get", {"url": "https://a.example/", "headers": headers}, surroundings())


def test_it_leaves_an_absent_header_out() -> None:
    with serving(lambda _: Reply()) as server:
        call(server, "get", {"headers": {"x-a": None, "x-n": 5}})
    assert "x-a" not in server.requests[0].headers
    assert server.requests[0].headers["x-n"] == "5"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b'{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        ("application/problem+json; charset=utf-8", b"[]", []),
        ("application/json", b"{broken", "{broken"),
        ("application/json", b'{"a": NaN}', '{"a": NaN}'),
        ("application/json", b"1e999", "1e999"),
        ("application/json", b"[" * 100_000, "[" * 100_000),
        ("text/plain", "grüße".encode(), "grüße"),
        ("text/plain; charset=ISO-8859-1", "grüße".encode("latin-1"), "grüße"),
        ("text/plain; charset=unheard-of", b"abc", {"base64": "YWJj"}),
        ("image/png", b"\x89PNG\xff", {"base64": "iVBOR/8="}),
        ("", b"", ""),
    ],
)
def test_it_reads_the_body_by_its_type(kind: str, body: bytes, expected: Json) -> None:
    with serving(lambda _: Reply(body=body, headers={"content-type": kind})) as server:
        output = call(server, "get", {})
    assert isinstance(output, dict)
    assert output["body"] == expected


@pytest.mark.parametrize(
    ("status", "failure", "retryable"),
    [
        (400, HttpRejected, False),
        (404, HttpRejected, False),
        (429, HttpThrottled, True),
        (500, HttpServerFailed, True),
        (503, HttpServerFailed, True),
    ],
)
def test_it_names_a_bad_status(status: int, failure: type[HttpRejected], retryable: bool) -> None:
    with serving(lambda _: Reply(status, body=b"no such thing")) as server, pytest.raises(failure, match=f"the answer was {status}: no such thing"):
        call(server, "get", {})
    assert failure.retryable is retryable


def test_it_follows_a_redirect_of_a_get() -> None:
    def answer(request: Request) -> Reply:
        return Reply(302, {"location": "/there?x=1"}) if request.target == "/path" else Reply(body=b"arrived")

    with serving(answer) as server:
        output = call(server, "get", {"headers": {"Authorization": "Bearer t"}})
    assert isinstance(output, dict)
    assert output["body"] == "arrived"
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer t", "Bearer t"]


def test_it_answers_the_redirect_of_a_post_as_it_is() -> None:
    with serving(lambda _: Reply(307, {"location": "/there"})) as server:
        output = call(server, "post", {})
    assert isinstance(output, dict)
    assert output["status"] == 307
    assert len(server.requests) == 1


def test_it_leaves_credentials_behind_when_the_host_changes() -> None:
    moved = Answer(302, {"location": "https://other.example/"}, b"")
    given: JsonObject = {"url": "https://a.example/", "headers": {"Authorization": "Bearer t", "X-Token": "t", "Accept": "text/html"}}
    _, asked = run("http.get", given, surroundings(destinations=PUBLIC), [moved, Answer(200, {}, b"")])
    assert asked[1][0].host == "other.example"
    assert dict(asked[1][1].headers) == {"user-agent": "Sluice", "accept": "text/html"}


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/", "https://169.254.169.254/", "https://localhost/", "http://a.example/", "file:///etc/passwd", "https://[::1"],
)
def test_it_checks_every_hop(location: str) -> None:
    inside = Destinations(resolver=lambda host, _port: ("127.0.0.1",) if host == "localhost" else ("93.184.215.14",))
    with pytest.raises(UrlRefused):
        run("http.get", {"url": "https://a.example/"}, surroundings(destinations=inside), [Answer(302, {"location": location}, b"")])


def test_it_checks_the_address_of_each_hop_anew() -> None:
    replies = iter([("93.184.215.14",), ("127.0.0.1",)])
    rebinding = Destinations(resolver=lambda _host, _port: next(replies))
    with pytest.raises(UrlRefused):
        run("http.get", {"url": "https://a.example/"}, surroundings(destinations=rebinding), [Answer(302, {"location": "/again"}, b"")])


def test_it_ends_after_three_redirects() -> None:
    with pytest.raises(UrlRefused, match="more than 3 redirects"):
        run("http.get", {"url": "https://a.example/"}, surroundings(destinations=PUBLIC), [Answer(302, {"location": "/x"}, b"")] * 4)


def test_it_takes_a_redirect_without_a_location_as_an_answer() -> None:
    output, _ = run("http.get", {"url": "https://a.example/"}, surroundings(destinations=PUBLIC), [Answer(304, {}, b"")])
    assert output == {"status": 304, "headers": {}, "body": ""}


@pytest.mark.parametrize(("asked", "left", "expected"), [(None, 60.0, 10.0), (3, 60.0, 3.0), (500, 60.0, 10.0), (8, 5.0, 4.0)])
def test_it_takes_no_longer_than_it_may(asked: Json, left: float, expected: float) -> None:
    around = surroundings(destinations=PUBLIC, seconds_left=lambda: left)
    arguments: JsonObject = {"url": "https://a.example/", "timeout_seconds": asked}
    _, calls = run("http.get", arguments, around, [Answer(200, {}, b"")])
    assert calls[0][2].seconds == pytest.approx(expected)


def test_it_counts_redirects_into_its_time() -> None:
    clock = iter([60.0, 60.0, 59.0, 40.0])
    around = surroundings(destinations=PUBLIC, seconds_left=lambda: next(clock))
    with pytest.raises(HttpTimedOut, match="within 10 s"):
        run("http.get", {"url": "https://a.example/"}, around, [Answer(302, {"location": "/x"}, b"")] * 2)


def test_it_does_not_begin_without_time() -> None:
    with pytest.raises(HttpTimedOut, match="no time is left"):
        run("http.get", {"url": "https://a.example/"}, surroundings(destinations=PUBLIC, seconds_left=lambda: 0.5))
