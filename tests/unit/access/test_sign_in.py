"""Signing in and going on: passwords, refresh tokens, switching, signing out, and what ends it all."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access import passwords, sign_in
from chalicelib.access.api_keys import make_key
from chalicelib.access.authenticate import by_credential
from chalicelib.access.members import add_person, change_member, create_organisation, remove_member, reset_password
from chalicelib.access.principal import Principal
from chalicelib.access.sign_in import RETRY_SECONDS, SESSION_SECONDS, SignedIn
from chalicelib.errors import CredentialsInvalid, NotSignedIn, OrganisationNotFound, PasswordInvalid, Refused
from chalicelib.store import people
from tests.factories.cloud import ANN, Cloud, cloud

PASSWORD = "seven small brown owls"
ADMIN = ANN


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        add_person("org_local", "eve", PASSWORD, roles=("editor",))
        yield found


def enter(**more: str) -> SignedIn:
    return sign_in.sign_in("eve", PASSWORD, address="192.0.2.1", **more)


def who(token: str) -> Principal:
    return by_credential(token, fresh=True)


def test_it_gives_a_pair_of_tokens_for_a_password() -> None:
    told = enter()
    found = who(told.access_token)
    assert (found.person, found.organisation_id, found.kind, sorted(found.roles)) == ("eve", "org_local", "person", ["editor"])
    assert told.refresh_token.startswith("rt_")


@pytest.mark.parametrize(("name", "password"), [("eve", "another password"), ("nobody", PASSWORD), ("eve", ""), ("eve", "x" * 5000), ("", "x")])
def test_it_says_the_same_of_a_wrong_name_and_a_wrong_password(name: str, password: str) -> None:
    with pytest.raises(CredentialsInvalid, match="the name and the password do not belong together"):
        sign_in.sign_in(name, password, address="192.0.2.1")


def test_it_takes_as_long_for_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[bool] = []
    real = passwords.is_right

    def noted(password_hash: str | None, password: str) -> bool:
        checked.append(password_hash is None)
        return real(password_hash, password)

    monkeypatch.setattr(passwords, "is_right", noted)
    for name in ("eve", "nobody"):
        with pytest.raises(CredentialsInvalid):
            sign_in.sign_in(name, "wrong", address="192.0.2.1")
    assert checked == [False, True]
    cost = {hash_.split("$")[3] for hash_ in (passwords._nobodys(), passwords.rehash("x"))}
    assert len(cost) == 1  # nobody's hash is as dear as everybody's


def test_it_rotates_refresh_tokens() -> None:
    first = enter()
    second = sign_in.refresh(first.refresh_token)
    third = sign_in.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert who(third.access_token).person == "eve"


def test_it_tells_an_honest_retry_the_same_again() -> None:
    first = enter()
    answers = [sign_in.refresh(first.refresh_token) for _ in range(3)]
    assert len({answer.refresh_token for answer in answers}) == 1
    assert sign_in.refresh(answers[0].refresh_token).refresh_token != answers[0].refresh_token


def test_it_tells_many_at_once_one_successor() -> None:
    first = enter()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sign_in.refresh(first.refresh_token).refresh_token, range(6)))
    assert len(set(answers)) == 1


def test_it_ends_the_family_when_a_used_token_comes_again() -> None:
    first = enter()
    second = sign_in.refresh(first.refresh_token)
    third = sign_in.refresh(second.refresh_token)
    with pytest.raises(NotSignedIn):
        sign_in.refresh(first.refresh_token)
    for token in (first, second, third):
        with pytest.raises(NotSignedIn):
            sign_in.refresh(token.refresh_token)
    with pytest.raises(NotSignedIn):
        who(third.access_token)


def test_it_takes_a_late_retry_for_a_theft(monkeypatch: pytest.MonkeyPatch) -> None:
    first = enter()
    second = sign_in.refresh(first.refresh_token)
    later = time.time() + RETRY_SECONDS + 1
    monkeypatch.setattr(sign_in, "epoch_seconds", lambda: int(later))
    for token in (first, second):
        with pytest.raises(NotSignedIn):
            sign_in.refresh(token.refresh_token)


def test_it_forgets_a_session_that_nobody_goes_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    told = enter()
    later = time.time() + SESSION_SECONDS
    monkeypatch.setattr(sign_in, "epoch_seconds", lambda: int(later) + 1)
    with pytest.raises(NotSignedIn):
        sign_in.refresh(told.refresh_token)


@pytest.mark.parametrize("change", ["", "rt_", "rt_none.x", "{0}x", "x{0}", "{1}.", "{1}.0", "{1}"])
def test_it_takes_no_refresh_token_of_anybodys_making(change: str) -> None:
    told = enter().refresh_token
    with pytest.raises(NotSignedIn):
        sign_in.refresh(change.format(told, told.partition(".")[0]))


def test_it_keeps_no_token_in_the_table(aws: Cloud) -> None:
    from chalicelib.settings import settings
    from chalicelib.store.clients import client

    first = enter()
    second = sign_in.refresh(first.refresh_token)
    table = str(client("dynamodb").scan(TableName=settings().table)["Items"])
    for secret in (PASSWORD, *(token.refresh_token.partition(".")[2] for token in (first, second)), first.access_token):
        assert secret not in table


def test_it_ends_a_session_at_sign_out() -> None:
    told, other = enter(), enter()
    sign_in.sign_out(who(told.access_token))
    sign_in.sign_out(ADMIN)  # no session: nothing to end
    with pytest.raises(NotSignedIn):
        who(told.access_token)
    with pytest.raises(NotSignedIn):
        sign_in.refresh(told.refresh_token)
    assert who(other.access_token).person == "eve"


def test_it_changes_a_password_and_ends_every_other_session() -> None:
    told, other = enter(), enter()
    with pytest.raises(CredentialsInvalid):
        sign_in.change_password(who(told.access_token), "wrong", "four tall green trees", address="")
    for bad in ("short", "aaaaaaaaaaaaaaaa", "x" * 2000, "my name: eve"):
        with pytest.raises(PasswordInvalid):
            sign_in.change_password(who(told.access_token), PASSWORD, bad, address="")
    changed = sign_in.change_password(who(told.access_token), PASSWORD, "four tall green trees", address="")
    assert who(changed.access_token).person == "eve"
    for ended in (told, other):
        with pytest.raises(NotSignedIn):
            who(ended.access_token)
        with pytest.raises(NotSignedIn):
            sign_in.refresh(ended.refresh_token)
    with pytest.raises(CredentialsInvalid):
        enter()


def test_it_lets_in_nobody_who_was_shut_out() -> None:
    told = enter()
    change_member(ADMIN, "eve", disabled=True)
    with pytest.raises(NotSignedIn):
        who(told.access_token)
    with pytest.raises(NotSignedIn):
        sign_in.refresh(told.refresh_token)
    with pytest.raises(OrganisationNotFound):
        enter()
    change_member(ADMIN, "eve", disabled=False)
    assert who(enter().access_token).person == "eve"
    with pytest.raises(NotSignedIn):
        who(told.access_token)


def test_it_goes_by_the_roles_of_now() -> None:
    told = enter()
    change_member(ADMIN, "eve", roles=("viewer",))
    assert who(told.access_token).roles == {"viewer"}
    remove_member(ADMIN, "eve")
    with pytest.raises(NotSignedIn):
        who(told.access_token)


def test_it_limits_a_session_to_the_scopes_that_were_asked_for() -> None:
    told = sign_in.sign_in("eve", PASSWORD, address="", scopes=["run:read", "org:admin", "made:up"])
    assert who(told.access_token).scopes == {"run:read"}
    assert who(sign_in.refresh(told.refresh_token).access_token).scopes == {"run:read"}


def test_it_gives_no_way_out_of_a_limit() -> None:
    limited = who(sign_in.sign_in("eve", PASSWORD, address="", scopes=["run:read"]).access_token)
    assert who(sign_in.switch(limited, "org_local").access_token).scopes == {"run:read"}
    by_key = who(make_key(limited, name="mine").secret)
    assert by_key.scopes == {"run:read"}
    with pytest.raises(OrganisationNotFound):
        sign_in.switch(by_key, "org_local")  # a key opens no session
    changed = sign_in.change_password(limited, PASSWORD, "four tall green trees", address="")
    assert who(changed.access_token).scopes == {"run:read"}


def test_it_switches_between_the_organisations_of_a_person() -> None:
    told = enter()
    eve = who(told.access_token)
    made = create_organisation(eve, "Second")
    other = sign_in.switch(eve, made.id)
    assert (who(other.access_token).organisation_id, sorted(who(other.access_token).roles)) == (made.id, ["admin"])
    assert who(enter(organisation_id=made.id).access_token).organisation_id == made.id
    assert who(told.access_token).organisation_id == "org_local"
    for organisation_id in ("org_none", "org_local "):
        with pytest.raises(OrganisationNotFound):
            sign_in.switch(eve, organisation_id)
    with pytest.raises(OrganisationNotFound):
        sign_in.switch(Principal("org_local", "service:ci", kind="service"), made.id)


def test_it_gives_a_new_password_to_those_whose_home_the_organisation_is() -> None:
    told = enter()
    password = reset_password(ADMIN, "eve")
    with pytest.raises(NotSignedIn):
        who(told.access_token)
    assert sign_in.sign_in("eve", password, address="").person == "eve"
    other = create_organisation(Principal("org_local", "eve"), "Second")
    add_person(other.id, "otto", PASSWORD, roles=())
    people.add_member(people.get_member(other.id, "otto").model_copy(update={"organisation_id": "org_local"}))
    with pytest.raises(Refused):
        reset_password(ADMIN, "otto")


def test_it_hashes_anew_when_a_password_was_hashed_more_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.settings import settings

    before = people.find_person("eve")
    monkeypatch.setenv("SLUICE_PASSWORD_PASSES", "2")
    settings.cache_clear()
    enter()
    after = people.find_person("eve")
    assert before is not None
    assert after is not None
    assert before.password_hash != after.password_hash
    assert "t=2" in after.password_hash
    assert enter().person == "eve"
