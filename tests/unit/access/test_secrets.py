"""Secrets in Secrets Manager, on the emulator: put, listed, resolved for a while, deleted; never told."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.access import secrets
from chalicelib.access.secrets import DEPLOYMENT, delete_secret, forget_secrets, list_secrets, put_secret, resolve, resolved_key
from chalicelib.errors import SecretInvalid, SecretMissing, Unavailable
from chalicelib.store.clients import client
from tests.factories.cloud import Cloud

ORG = "org_local"
VALUE = "s3cr3t-v4lue"
READ = "secretsmanager:GetSecretValue"


@pytest.fixture(autouse=True)
def fresh(aws: Cloud) -> Iterator[None]:
    forget_secrets()
    yield
    forget_secrets()


def test_it_keeps_a_secret_under_the_deployments_and_the_organisations_name(aws: Cloud) -> None:
    made = put_secret(ORG, "crm", VALUE)
    kept = client("secretsmanager").get_secret_value(SecretId="sluice/org_local/crm")["SecretString"]
    assert kept.startswith(secrets.SEALED)
    assert VALUE not in kept
    assert (made.name, made.created_at <= made.changed_at) == ("crm", True)
    assert VALUE not in repr(made)


def test_it_replaces_a_value_and_resolves_the_current_one(aws: Cloud) -> None:
    put_secret(ORG, "crm", "first-value")
    assert resolve(ORG, "crm") == "first-value"
    put_secret(ORG, "crm", VALUE)
    put_secret(ORG, "crm", VALUE)
    assert resolve(ORG, "crm") == VALUE
    assert [listing.name for listing in list_secrets(ORG)] == ["crm"]


def test_it_opens_none_that_was_copied_from_another_name_or_organisation(aws: Cloud) -> None:
    put_secret(ORG, "crm", VALUE)
    manager = client("secretsmanager")
    sealed = manager.get_secret_value(SecretId="sluice/org_local/crm")["SecretString"]
    for organisation, name in ((ORG, "other"), ("org_other", "crm"), (DEPLOYMENT, "crm")):
        manager.create_secret(Name=f"sluice/{organisation}/{name}", SecretString=sealed)
        with pytest.raises(SecretMissing, match="not sealed for this name"):
            resolve(organisation, name)


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_it_opens_none_that_was_edited(aws: Cloud, place: int) -> None:
    put_secret(ORG, "crm", VALUE)
    manager = client("secretsmanager")
    sealed = manager.get_secret_value(SecretId="sluice/org_local/crm")["SecretString"]
    at = len(secrets.SEALED) + len("v1.") + place
    edited = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    manager.put_secret_value(SecretId="sluice/org_local/crm", SecretString=edited)
    with pytest.raises(SecretMissing):
        resolve(ORG, "crm")


def test_it_takes_what_was_put_in_secrets_manager_itself(aws: Cloud) -> None:
    put_secret(ORG, "crm", "before")
    client("secretsmanager").put_secret_value(SecretId="sluice/org_local/crm", SecretString=VALUE)
    assert resolve(ORG, "crm") == VALUE


def test_it_takes_a_value_as_long_as_it_says(aws: Cloud) -> None:
    longest = "ü" * (secrets.MAX_VALUE_BYTES // 2)
    put_secret(ORG, "crm", longest)
    assert len(client("secretsmanager").get_secret_value(SecretId="sluice/org_local/crm")["SecretString"]) <= 65_536
    assert resolve(ORG, "crm") == longest
    with pytest.raises(SecretInvalid):
        put_secret(ORG, "crm", longest + "x")


def test_it_asks_once_for_a_while(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    put_secret(ORG, "crm", VALUE)
    assert [resolve(ORG, "crm") for _ in range(3)] == [VALUE] * 3
    assert aws.calls.count(READ) == 1
    now = time.monotonic() + secrets.CACHE_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: now)
    resolve(ORG, "crm")
    assert aws.calls.count(READ) == 2


def test_it_lists_by_name_what_is_the_organisations_own(aws: Cloud) -> None:
    for organisation, name in ((ORG, "b"), (ORG, "a"), ("org_local2", "c"), (DEPLOYMENT, "d")):
        put_secret(organisation, name, VALUE)
    assert [listing.name for listing in list_secrets(ORG)] == ["a", "b"]
    assert [listing.name for listing in list_secrets(DEPLOYMENT)] == ["d"]


def test_it_deletes_for_good_and_twice(aws: Cloud) -> None:
    put_secret(ORG, "crm", VALUE)
    resolve(ORG, "crm")
    for _ in range(2):
        delete_secret(ORG, "crm")
    assert list_secrets(ORG) == []
    with pytest.raises(SecretMissing, match=r"no secret crm; put it with `sluice secrets put crm`$"):
        resolve(ORG, "crm")
    put_secret(ORG, "crm", VALUE)
    assert resolve(ORG, "crm") == VALUE


def test_it_tells_of_a_secret_that_waits_to_be_deleted(aws: Cloud) -> None:
    put_secret(ORG, "crm", VALUE)
    client("secretsmanager").delete_secret(SecretId="sluice/org_local/crm")
    with pytest.raises(SecretMissing):
        resolve(ORG, "crm")


def test_it_tells_of_a_secret_without_a_text(aws: Cloud) -> None:
    client("secretsmanager").create_secret(Name="sluice/org_local/crm", SecretBinary=b"bytes")
    with pytest.raises(SecretMissing, match="holds no text"):
        resolve(ORG, "crm")


@pytest.mark.parametrize("name", ["", "Crm", "1crm", "crm/other", "../org_other/crm", "a" * 64, "crm\n", "crm token"])
def test_it_takes_no_name_that_could_lead_elsewhere(aws: Cloud, name: str) -> None:
    for act in (lambda: put_secret(ORG, name, VALUE), lambda: resolve(ORG, name), lambda: delete_secret(ORG, name)):
        with pytest.raises(SecretInvalid):
            act()


@pytest.mark.parametrize("value", ["", "  \n", "é" * 32_769])
def test_it_takes_no_value_that_is_none(aws: Cloud, value: str) -> None:
    with pytest.raises(SecretInvalid):
        put_secret(ORG, "crm", value)


def test_it_settles_a_race_of_two_who_create_it(aws: Cloud) -> None:
    put_secret(ORG, "crm", "theirs-first")
    aws.refuse("secretsmanager:PutSecretValue", "ResourceNotFoundException")
    put_secret(ORG, "crm", VALUE)
    assert resolve(ORG, "crm") == VALUE


def test_it_gives_up_where_others_create_and_delete(aws: Cloud) -> None:
    aws.refuse("secretsmanager:PutSecretValue", "ResourceNotFoundException", times=2)
    aws.refuse("secretsmanager:CreateSecret", "ResourceExistsException")
    with pytest.raises(Unavailable, match="at the same time"):
        put_secret(ORG, "crm", VALUE)


def test_it_tells_what_aws_says_without_the_value(aws: Cloud) -> None:
    aws.refuse("secretsmanager:PutSecretValue", "InvalidRequestException")
    with pytest.raises(Unavailable, match="InvalidRequestException") as told:
        put_secret(ORG, "crm", VALUE)
    assert VALUE not in str(told.value)
    assert told.value.__suppress_context__


def test_it_lets_other_faults_of_aws_through(aws: Cloud) -> None:
    aws.refuse(READ, "AccessDeniedException")
    with pytest.raises(Exception, match="AccessDeniedException"):
        resolve(ORG, "crm")


def test_a_key_is_itself_or_a_secret_of_the_deployment(aws: Cloud) -> None:
    put_secret(DEPLOYMENT, "anthropic", VALUE)
    assert (resolved_key("sk-plain"), resolved_key(""), resolved_key("secret:anthropic")) == ("sk-plain", "", VALUE)
    with pytest.raises(SecretMissing, match=r"sluice secrets put openai --deployment"):
        resolved_key("secret:openai")
