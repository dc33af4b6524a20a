"""The first people of a local stack: passwords told once and kept nowhere, the command line signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.access.authenticate import by_credential
from chalicelib.access.sign_in import sign_in
from chalicelib.errors import NotSignedIn
from chalicelib.settings import settings
from chalicelib.store.clients import client
from cli import credentials, up
from infra.local.people import PEOPLE, first_people, machine_key
from tests.factories.cloud import cloud


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


def test_it_tells_passwords_once_and_keeps_none() -> None:
    told = first_people()
    assert set(told) == set(PEOPLE) == {"admin", "user"}
    assert first_people() == {}
    for name, password in told.items():
        assert by_credential(sign_in(name, password, address="").access_token, fresh=True).roles == set(PEOPLE[name])
        assert password not in str(client("dynamodb").scan(TableName=settings().table)["Items"])
    assert len(set(told.values())) == 2


def test_it_gives_this_machine_one_key_for_each_of_them() -> None:
    first_people()
    before, after = machine_key("admin"), machine_key("admin")
    assert (by_credential(after, fresh=True).person, by_credential(machine_key("user"), fresh=True).person) == ("admin", "user")
    with pytest.raises(NotSignedIn):
        by_credential(before, fresh=True)


def test_it_signs_the_command_line_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SLUICE_CREDENTIALS", str(tmp_path / "credentials.json"))
    up.signed_in("http://127.0.0.1:8000")
    first = capsys.readouterr().err
    assert "sluice users reset admin" in first
    keys = up.signed_in("http://127.0.0.1:8000")
    again = capsys.readouterr().err
    assert "sluice users reset" not in again
    assert "--as user" in again
    kept = {person: credentials.find("http://127.0.0.1:8000", person) for person in ("", "admin", "user")}
    assert [each.api_key if each else "" for each in kept.values()] == [keys["admin"], keys["admin"], keys["user"]]
    assert not [key for key in keys.values() if key in first + again]
