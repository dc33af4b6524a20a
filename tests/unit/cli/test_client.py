"""Requests as the API wants them: with what is kept of whoever has signed in here."""

import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from cli import address, credentials
from cli.api_client import Api
from cli.client import Client, Problem
from cli.credentials import Credential
from cli.signature import NoCredentialsError, sign
from infra.local.data_dir import claimed
from tests.factories.fake_api import FakeApi, Refusal, serving_api


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that credentials are kept in."""
    path = tmp_path / "own" / "credentials.json"
    monkeypatch.setenv("SLUICE_CREDENTIALS", str(path))
    monkeypatch.delenv("SLUICE_TOKEN", raising=False)
    return path


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


def keys_of(api: FakeApi) -> list[str]:
    """The idempotency key of each request."""
    return [headers.get("idempotency-key", "") for _, _, headers in api.asked]


def sent(api: FakeApi) -> list[str]:
    """The credentials of each request."""
    return [headers.get("authorization", "") for _, _, headers in api.asked]


@pytest.mark.usefixtures("kept")
def test_it_sends_what_a_draft_is_compared_with_where_there_is_any() -> None:
    with serving_api({"PUT /api/v1/workflows/wf_1/draft": {}}) as api, Client(api.url) as client:
        Api(client).drafts_save("wf_1", {"text": "name: x"}, match='"1-a"')
        Api(client).drafts_save("wf_1", {"text": "name: x"})
    first, second = (headers for _, _, headers in api.asked)
    assert (first.get("if-match"), first.get("idempotency-key")) == ('"1-a"', None)
    assert (second.get("if-match"), second.get("idempotency-key")) == (None, None)


@pytest.mark.usefixtures("kept")
def test_it_gives_each_call_whose_answer_is_kept_a_key_of_its_own() -> None:
    with serving_api({"POST /api/v1/workflows/import": {}}) as api, Client(api.url) as client:
        for key in ("", "", "mine"):
            Api(client).exchange_import_file({"text": "name: x"}, key=key)
    first, second, given = keys_of(api)
    assert (len(first), len(second), first == second, given) == (32, 32, False, "mine")


@pytest.mark.usefixtures("kept")
def test_a_run_has_a_key_only_where_somebody_chose_one() -> None:
    with serving_api({"POST /api/v1/workflows/wf_1/run": {}}) as api, Client(api.url) as client:
        Api(client).runs_start_run("wf_1", {})
        Api(client).runs_start_run("wf_1", {}, key="mine")
    assert keys_of(api) == ["", "mine"]


@pytest.mark.usefixtures("kept")
def test_it_gives_a_file_as_it_is_whatever_its_form() -> None:
    with serving_api({"GET /api/v1/workflows/a%2Fb/export": {"sluice": 1}}) as api, Client(api.url) as client:
        assert Api(client).exchange_export("a/b", format_="json", bundle=True) == '{"sluice": 1}'
    assert api.asked[0][0].endswith("/export?format=json&bundle=true")


def test_it_sends_what_is_kept_of_whoever_signed_in_last_or_is_named(kept: Path) -> None:
    with serving_api({"GET /api/v1/gates": {"gates": []}}) as api:
        credentials.save(api.url, Credential("ann", api_key="sk_ann"))
        credentials.save(api.url, Credential("bob", api_key="sk_bob"))
        credentials.save(f"{api.url}0", Credential("eve", api_key="sk_eve"), chosen=True)
        for person in ("", "bob"):
            with Client(api.url, person) as client:
                Api(client).gates_list_gates()
        credentials.save(api.url, Credential("bob", api_key="sk_bob"), chosen=True)
        with Client(api.url) as client:
            Api(client).gates_list_gates()
        assert sent(api) == ["Bearer sk_ann", "Bearer sk_bob", "Bearer sk_bob"]
        with pytest.raises(Problem, match="sluice login cleo"), Client(api.url, "cleo") as client:
            Api(client).gates_list_gates()


def test_it_sends_the_environments_token_where_nobody_has_signed_in(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_api({"GET /api/v1/gates": {"gates": []}}) as api:
        for token in ("", "sk_env"):
            monkeypatch.setenv("SLUICE_TOKEN", token)
            with Client(api.url) as client:
                Api(client).gates_list_gates()
        assert sent(api) == ["", "Bearer sk_env"]


TOLD = {"access_token": "second", "refresh_token": "rt_2", "expires_in": 1800, "person": "ann", "token_type": "bearer"}


def test_it_exchanges_a_token_that_is_about_to_lapse_and_keeps_the_next(kept: Path) -> None:
    with serving_api({"GET /api/v1/gates": {"gates": []}, "POST /api/v1/auth/refresh": TOLD}) as api:
        credentials.save(api.url, Credential("ann", access_token="first", refresh_token="rt_1", expires_at=time.time() + 30))
        for _ in range(2):
            with Client(api.url) as client:
                Api(client).gates_list_gates()
        assert api.bodies("POST /api/v1/auth/refresh") == [{"refresh_token": "rt_1"}]
        assert sent(api) == ["", "Bearer second", "Bearer second"]
        found = credentials.find(api.url)
        assert found is not None
        assert (found.refresh_token, "rt_2" in repr(found)) == ("rt_2", False)


def test_it_forgets_a_session_that_is_over(kept: Path) -> None:
    with serving_api({"POST /api/v1/auth/refresh": Refusal(401, "not-signed-in")}) as api:
        credentials.save(api.url, Credential("ann", access_token="first", refresh_token="rt_1"))
        with pytest.raises(Problem), Client(api.url) as client:
            Api(client).gates_list_gates()
        assert credentials.find(api.url) is None


def test_it_keeps_credentials_from_everybody_else(kept: Path) -> None:
    credentials.save("http://a", Credential("ann", api_key="sk_ann"))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]
    credentials.forget("http://a", "ann")
    credentials.forget("http://a", "ann")
    assert (credentials.find("http://a"), credentials.where()) == (None, str(kept))
    kept.write_text("no json")
    assert credentials.find("http://a") is None
    kept.write_text('{"http://a ann": "{}", "http://a ": "ann"}')
    assert credentials.find("http://a") is None


class Ring(KeyringBackend):
    """A keyring that holds in memory, or none where it is locked."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def _open(self) -> dict[tuple[str, str], str]:
        if self.locked:
            raise KeyringLocked
        return self.held

    def get_password(self, service: str, username: str) -> str | None:
        return self._open().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open().pop((service, username), None)


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    monkeypatch.delenv("SLUICE_CREDENTIALS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    credentials._has_keyring.cache_clear()
    yield made
    keyring.set_keyring(before)
    credentials._has_keyring.cache_clear()


def test_it_keeps_credentials_in_the_systems_keyring(ring: Ring, tmp_path: Path) -> None:
    credentials.save("http://a", Credential("ann", api_key="sk_ann"))
    assert credentials.find("http://a") == Credential("ann", api_key="sk_ann")
    assert (credentials.where(), list(tmp_path.iterdir()), len(ring.held)) == ("the system's keyring", [], 2)
    credentials.forget("http://a", "ann")
    assert ring.held == {}


def test_it_keeps_them_in_the_file_while_the_keyring_is_locked(ring: Ring, tmp_path: Path) -> None:
    ring.locked = True
    credentials.save("http://a", Credential("ann", api_key="sk_ann"))
    assert credentials.find("http://a") == Credential("ann", api_key="sk_ann")
    assert (tmp_path / "sluice" / "credentials.json").is_file()
    credentials.forget("http://a", "ann")
    assert credentials.find("http://a") is None


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_it_asks_no_keyring_that_keeps_nothing(ring: Ring, tmp_path: Path, backend: type[KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    credentials._has_keyring.cache_clear()
    credentials.save("http://a", Credential("ann", api_key="sk_ann"))
    assert credentials.where() == str(tmp_path / "sluice" / "credentials.json")
    assert credentials.find("http://a") is not None


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
