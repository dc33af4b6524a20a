"""A request with an idempotency key is carried out once."""

import json
from collections.abc import Iterator
from http import HTTPMethod
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice

from chalicelib.access.scopes import Scope
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.replaying import CLAIMED_SECONDS, KEPT_SECONDS
from chalicelib.clock import epoch_seconds
from chalicelib.errors import Contention, NotFound
from chalicelib.store import replays, table
from chalicelib.store.replays import Asked
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer

KEY = {"Idempotency-Key": "k-1"}


class Order(Wire):
    what: str


class Shop:
    """An app whose routes count what they carry out."""

    def __init__(self) -> None:
        routes = Blueprint(__name__)
        self.carried_out: list[str] = []
        self.fails: Exception | None = None

        @endpoint(routes, HTTPMethod.POST, "/orders/{shop}", scope=Scope.WORKFLOW_READ)
        def order(call: Call[Order, Nothing], shop: str) -> Answer:
            return self.carry_out(call.body.what)

        @endpoint(routes, HTTPMethod.POST, "/secrets", scope=Scope.WORKFLOW_READ, replay=Replay.NEVER)
        def secret(call: Call[Nothing, Nothing]) -> Answer:
            return self.carry_out("secret")

        @endpoint(routes, HTTPMethod.POST, "/own", scope=Scope.WORKFLOW_READ, replay=Replay.OWN)
        def own(call: Call[Nothing, Nothing]) -> Answer:
            return self.carry_out(call.idempotency_key)

        self.app = Chalice(app_name="shop", configure_logs=False)
        self.app.register_blueprint(routes)

    def carry_out(self, what: str) -> Answer:
        if self.fails is not None:
            raise self.fails
        self.carried_out.append(what)
        return Answer({"what": what, "number": len(self.carried_out)}, status=201, headers={"Location": f"/orders/{len(self.carried_out)}"})

    def post(
        self, what: str = "tea", *, route: str = "/orders/{shop}", shop: str = "a", person: str = "ann", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        body = {"what": what} if "orders" in route else {}
        event = rest_event("POST", route, path={"shop": shop} if "{" in route else None, headers={**bearer(person), **(headers or {})}, body=body)
        answer = self.app(event, context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])


@pytest.fixture
def shop() -> Iterator[Shop]:
    with cloud():
        yield Shop()


def asked(person: str = "ann", key: str = "k-1") -> Asked:
    return Asked("org_local", person, "POST /orders/{shop}", key)


def test_it_gives_the_same_answer_again_and_says_so(shop: Shop) -> None:
    first, second = shop.post(headers=KEY), shop.post(headers=KEY)
    assert shop.carried_out == ["tea"]
    assert (first[0], first[2]) == (second[0], second[2]) == (201, {"what": "tea", "number": 1})
    assert first[1]["Location"] == second[1]["Location"]
    assert "Idempotency-Replayed" not in first[1]
    assert second[1]["Idempotency-Replayed"] == "true"


def test_it_carries_out_every_request_without_a_key(shop: Shop) -> None:
    shop.post()
    shop.post()
    assert len(shop.carried_out) == 2


@pytest.mark.parametrize("other", [{"what": "coffee"}, {"shop": "b"}], ids=["body", "path"])
def test_it_refuses_a_key_that_came_with_another_request(shop: Shop, other: dict[str, str]) -> None:
    shop.post(headers=KEY)
    status, _, document = shop.post(headers=KEY, **other)
    assert (status, document["code"], shop.carried_out) == (422, "key-reused", ["tea"])


def test_it_knows_keys_by_person(shop: Shop) -> None:
    shop.post(headers=KEY)
    assert shop.post("coffee", person="bob", headers=KEY)[0] == 201


def test_it_asks_to_wait_while_the_first_is_being_answered(shop: Shop) -> None:
    again: list[tuple[int, dict[str, str], Any]] = []
    real = shop.carry_out

    def slowly(what: str) -> Answer:
        again.append(shop.post(headers=KEY))
        return real(what)

    shop.carry_out = slowly  # type: ignore[method-assign]
    assert shop.post(headers=KEY)[0] == 201
    status, headers, document = again[0]
    assert (status, document["code"], headers["Retry-After"], shop.carried_out) == (409, "request-in-flight", "1", ["tea"])


@pytest.mark.parametrize("error", [NotFound("no"), Contention("busy"), RuntimeError("broke")], ids=["refused", "busy", "broken"])
def test_it_keeps_no_refusal(shop: Shop, error: Exception) -> None:
    shop.fails = error
    assert shop.post(headers=KEY)[0] >= 400
    shop.fails = None
    assert shop.post("coffee", headers=KEY)[0] == 201


@pytest.mark.parametrize("key", ["k" * 256, "k\x07"], ids=["long", "unprintable"])
def test_it_refuses_what_is_no_key(shop: Shop, key: str) -> None:
    status, _, document = shop.post(headers={"Idempotency-Key": key})
    assert (status, document["code"], shop.carried_out) == (400, "key-invalid", [])


def test_it_takes_over_what_died_before_its_answer_and_for_the_same_request_alone(shop: Shop) -> None:
    shop.post(headers=KEY)
    found = table.get(asked().place)
    assert found is not None
    dead = {name: value for name, value in found.items() if name != "answer"}
    table.write(table.put({**dead, "claimed_until": epoch_seconds() - 1}))
    assert shop.post("coffee", headers=KEY)[2]["code"] == "key-reused"
    assert shop.post(headers=KEY)[0] == 201
    assert shop.carried_out == ["tea", "tea"]


def test_it_forgets_after_a_day(shop: Shop) -> None:
    shop.post(headers=KEY)
    found = table.get(asked().place)
    assert found is not None
    assert 0 <= epoch_seconds() + KEPT_SECONDS - found["expires_at"] < 5
    table.write(table.put({**found, "lapses_at": epoch_seconds() - 1}))
    assert shop.post("coffee", headers=KEY)[2]["what"] == "coffee"


def test_it_leaves_alone_what_somebody_else_has_taken_over() -> None:
    with cloud():
        now = epoch_seconds()
        mine = replays.Replay(digest="d", claim="mine", claimed_until=now - 1, lapses_at=now + 9)
        theirs = mine.model_copy(update={"claim": "theirs", "claimed_until": now + CLAIMED_SECONDS})
        assert replays.claim(asked(), mine, now=now) is None
        assert replays.claim(asked(), theirs, now=now) is None
        replays.release(asked(), mine)
        replays.settle(asked(), mine)
        assert replays.claim(asked(), mine, now=now) == theirs


def test_it_keeps_nothing_of_an_answer_that_tells_a_secret(shop: Shop) -> None:
    first, second = shop.post(route="/secrets", headers=KEY), shop.post(route="/secrets", headers=KEY)
    assert (first[2]["number"], second[2]["number"]) == (1, 2)
    assert table.get(Asked("org_local", "ann", "POST /secrets", "k-1").place) is None


def test_it_hands_the_key_to_operations_that_know_their_own(shop: Shop) -> None:
    shop.post(route="/own", headers=KEY)
    shop.post(route="/own", headers=KEY)
    assert shop.carried_out == ["k-1", "k-1"]
