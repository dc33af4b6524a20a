"""What ships is what runs: the package, deployed by CloudFormation on an emulator that shares no code with the local stack."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.factories.deployment import Deployment, deployed
from tests.factories.package import Package

pytestmark = pytest.mark.package

SECONDS = 60


@pytest.fixture(scope="module")
def deployment(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(package, tmp_path_factory.mktemp("deployment")) as running:
        yield running


def frame(connection: Any, message: object) -> Any:
    connection.send(json.dumps(message))
    return json.loads(connection.recv(timeout=SECONDS))


def test_it_answers_a_rest_route_from_its_table(deployment: Deployment) -> None:
    assert deployment.request("GET", "/api/v1/workflows", token=deployment.signed_in()) == (200, {"workflows": [], "cursor": None})


def test_it_answers_nobody_without_a_token(deployment: Deployment) -> None:
    status, problem = deployment.request("GET", "/api/v1/workflows", token="nobodys")
    assert (status, problem["code"]) == (401, "not-signed-in")


def test_it_signs_in_by_a_password_hashed_with_the_wheel_that_ships(deployment: Deployment) -> None:
    admin = deployment.signed_in()
    invitation = deployment.request("POST", "/api/v1/auth/invitations", {"roles": ["viewer"]}, token=admin)[1]["invitation"]
    eve = {"username": "eve", "password": "seven small brown owls"}
    assert deployment.request("POST", "/api/v1/auth/invitations/acceptance", {"invitation": invitation, **eve}, token="-")[0] == 201
    status, told = deployment.request("POST", "/api/v1/auth/login/json", eve, token="-")
    assert (status, deployment.request("GET", "/api/v1/auth/me", token=told["access_token"])[1]["person"]) == (200, "eve")


def test_it_refuses_as_the_api_is_documented(deployment: Deployment) -> None:
    status, problem = deployment.request("POST", "/api/v1/workflows/validate", {"text": 1}, token=deployment.signed_in())
    assert (status, problem["code"], problem["errors"][0]["field"]) == (400, "body-invalid", "text")


def test_it_answers_a_websocket_message(deployment: Deployment) -> None:
    status, issued = deployment.request("POST", "/api/v1/live/tickets", token=deployment.signed_in())
    assert status == 201
    with connect(f"{deployment.websocket_url}?ticket={issued['ticket']}", open_timeout=SECONDS) as connection:
        assert frame(connection, {"action": "ping"}) == {"type": "pong"}
