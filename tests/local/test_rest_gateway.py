"""The REST gateway, through HTTP."""

import http.client
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from infra.local.rest_event import HttpRequest
from infra.local.rest_gateway import RestGateway, listen
from infra.local.rest_routes import RouteTable
from tests.local.tiny_stack import LocalStack
from tests.local.tiny_stack import http as call


def test_it_serves_the_apps_routes_with_decoded_parameters(stack: LocalStack) -> None:
    assert call(f"{stack.url}/notes/a%20b%2Fc", b'"hello"').status == 201
    assert call(f"{stack.url}/notes/a%20b%2Fc").json() == ['"hello"']


def test_it_prefers_a_fixed_segment(stack: LocalStack) -> None:
    assert call(f"{stack.url}/notes/fixed").json() == {"fixed": True}


def test_it_builds_the_whole_proxy_event(stack: LocalStack) -> None:
    event = call(f"{stack.url}/event?x=1&x=2&empty=", b'{"a": 1}', X_Mine="yes").json()
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "empty": [""]}
    assert event["queryStringParameters"] == {"x": "2", "empty": ""}
    assert {name.lower(): value for name, value in event["headers"].items()}["x-mine"] == "yes"
    assert (event["body"], event["isBase64Encoded"], event["httpMethod"], event["resource"]) == ('{"a": 1}', False, "POST", "/event")
    context = event["requestContext"]
    assert {"requestId", "stage", "accountId", "apiId", "identity", "requestTimeEpoch", "resourcePath"} <= context.keys()
    assert context["identity"]["sourceIp"] == "127.0.0.1"


def test_it_encodes_a_body_that_is_no_text(stack: LocalStack) -> None:
    event = call(f"{stack.url}/event", b"\xff\x00", Content_Type="application/json").json()
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


def test_it_answers_for_itself_in_the_templates_form(stack: LocalStack) -> None:
    answer = call(f"{stack.url}/nowhere")
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.json() == {"title": "MISSING_AUTHENTICATION_TOKEN", "detail": "Missing Authentication Token"}


def test_it_refuses_a_method_that_no_route_has(stack: LocalStack) -> None:
    assert call(f"{stack.url}/notes/x", b"{}", "PUT").status == 403


def test_it_answers_preflights_of_routes_with_cors(stack: LocalStack) -> None:
    answer = call(f"{stack.url}/notes/x", method="OPTIONS")
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
    assert set(answer.headers["access-control-allow-methods"].split(",")) == {"GET", "POST", "OPTIONS"}
    assert call(f"{stack.url}/event", method="OPTIONS").status == 403


def test_it_makes_502_of_an_answer_that_is_no_json(stack: LocalStack) -> None:
    assert call(f"{stack.url}/broken").status == 502


def test_it_refuses_ten_megabytes(stack: LocalStack) -> None:
    with closing(http.client.HTTPConnection(stack.url.removeprefix("http://"))) as connection:
        connection.putrequest("POST", "/event")
        connection.putheader("Content-Length", str(10 * 1024 * 1024 + 1))
        connection.endheaders()
        connection.send(b"x" * (10 * 1024 * 1024 + 1))
        assert connection.getresponse().status == 413


def test_it_keeps_connections_alive_and_answers_at_once(stack: LocalStack) -> None:
    with closing(http.client.HTTPConnection(stack.url.removeprefix("http://"))) as connection:
        started = time.perf_counter()
        for _ in range(20):
            connection.request("GET", "/notes/fixed")
            assert connection.getresponse().read() == b'{"fixed":true}'
        assert time.perf_counter() - started < 0.6  # with Nagle's algorithm: 0.8 s


def test_it_gives_each_thread_its_own_request(stack: LocalStack) -> None:
    wrong = []

    def ask(number: int) -> None:
        for turn in range(5):
            seconds = f"0.00{number}{turn}"
            if call(f"{stack.url}/slow/{seconds}").json() != {"request": seconds}:
                wrong.append(seconds)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_times_out_as_504(stack: LocalStack) -> None:
    gateway = RestGateway(stack.invoker, Path("/nowhere"), {}, integration_seconds=0.05)
    answer = gateway.answer(HttpRequest("GET", "/slow/0.2", "", [], b"", "127.0.0.1"))
    assert (answer.status, answer.body) == (504, b'{"message": "Endpoint request timed out"}')


def test_it_shows_the_pages_files_and_nothing_outside(stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<p>hello")
    gateway = RestGateway(stack.invoker, page, {})
    shown = gateway.answer(HttpRequest("GET", "/", "", [], b"", "127.0.0.1"))
    assert (shown.status, shown.body, dict(shown.headers)["Content-Type"]) == (200, b"<p>hello", "text/html; charset=utf-8")
    assert "script-src 'self'; " in dict(shown.headers)["Content-Security-Policy"]
    assert gateway.answer(HttpRequest("GET", "/../secret", "", [], b"", "127.0.0.1")).status == 403


def test_it_finds_routes_of_one_length_without_mixing_their_parameters() -> None:
    table = RouteTable(["/w/{a}/x", "/w/{b}/y", "/"])
    found = table.match("/w/1/y")
    assert found is not None
    assert (found.resource, found.parameters) == ("/w/{b}/y", {"b": "1"})
    assert table.match("/w//y") is None
    assert table.match("/") is not None


def test_it_takes_the_next_port_when_one_is_busy(stack: LocalStack) -> None:
    busy = int(stack.url.rpartition(":")[2])
    server = listen(RestGateway(stack.invoker, Path("/nowhere"), {}), busy)
    assert server.port > busy
    server.server_close()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.:{port}", "127.0.0.1:{port}", "[::1]:{port}", "app.localhost:3000"])
def test_it_answers_to_the_names_of_this_machine(stack: LocalStack, host: str) -> None:
    port = stack.url.rpartition(":")[2]
    named = host.format(port=port)
    assert call(f"{stack.url}/notes/fixed", Host=named, Origin=f"http://{named}").json() == {"fixed": True}


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:80",
        "localhost.rebound.example",
        "127.0.0.1.rebound.example",
        "localhost@rebound.example",
        "0.0.0.0",
        "localhost:x",
        "",
        "localhost/x",
    ],
)
def test_it_answers_to_no_other_name(stack: LocalStack, host: str) -> None:
    """A page whose name was bound to this machine would see the answers."""
    answer = call(f"{stack.url}/notes/fixed", Host=host)
    assert answer.status == 403
    assert "another host" in answer.body.decode()


@pytest.mark.parametrize("origin", ["https://rebound.example", "null", "file://"])
def test_it_answers_to_no_page_of_another_site(stack: LocalStack, origin: str) -> None:
    answer = call(f"{stack.url}/notes/a", b'"hello"', Origin=origin)
    assert answer.status == 403
    assert "pages of this machine" in answer.body.decode()
