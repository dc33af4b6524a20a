"""Requests as the API wants them: a name on the local stack, a signature for a deployment."""

from pathlib import Path

import httpx2
import pytest

from cli import address
from cli.client import Client
from cli.signature import NoCredentialsError, sign
from infra.local.data_dir import claimed


def request() -> httpx2.Request:
    return httpx2.Request("POST", "https://api.example.com/prod/api/v1/gates", json={"a": 1})


def test_it_signs_with_this_machines_credentials() -> None:
    made = request()
    sign(made)
    assert "execute-api/aws4_request" in made.headers["Authorization"]


def test_it_says_what_to_do_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentialsError, match="aws configure"):
        sign(request())


def test_it_names_a_person_only_to_the_local_stack() -> None:
    local, deployed = Client("http://127.0.0.1:8000"), Client("https://api.example.com/prod")
    assert (local.is_local, deployed.is_local) == (True, False)
    made = request()
    deployed._identify(made)
    assert ("X-Sluice-As" in made.headers, "Authorization" in made.headers) == (False, True)


def test_it_finds_the_stack_that_runs_in_a_folder_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICE_URL", raising=False)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    with claimed(tmp_path / ".sluice") as claim:
        claim.tell("http://127.0.0.1:8123", "ws://127.0.0.1:8124")
        assert address.find(None) == "http://127.0.0.1:8123"
    assert address.find("http://x/") == "http://x"
    monkeypatch.setenv("SLUICE_URL", "http://y/")
    assert address.find(None) == "http://y"
