"""Members, invitations, service accounts, API keys and OIDC: who becomes who, and who may not."""

from collections.abc import Iterator

import pytest

from chalicelib.access import members
from chalicelib.access.api_keys import MadeKey, delete_key, list_keys, make_key
from chalicelib.access.authenticate import by_credential
from chalicelib.access.members import accept, add_person, add_service_account, change_member, invite, remove_member, withdraw
from chalicelib.access.principal import LOCAL_ORGANISATION, Principal, organisations
from chalicelib.access.scopes import ROLES, Scope
from chalicelib.access.sign_in import sign_in
from chalicelib.errors import (
    CredentialsInvalid,
    InvitationNotFound,
    KeyNotFound,
    NameInvalid,
    NameTaken,
    NotSignedIn,
    PasswordInvalid,
    PersonNotFound,
    Refused,
    ScopeMissing,
)
from chalicelib.store import people, sessions
from tests.factories.cloud import ANN, Cloud, cloud
from tests.factories.credentials import token

PASSWORD = "seven small brown owls"
EDITOR = Principal("org_local", "eve", frozenset({"editor"}), ROLES["editor"])
OTHER = Principal("org_other", "olga", frozenset({"admin"}), ROLES["admin"])


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        add_person("org_local", "eve", PASSWORD, roles=("editor",))
        yield found


def who(credential: str) -> Principal:
    return by_credential(credential, fresh=True)


@pytest.mark.parametrize("name", ["", "Eve", "a b", "a/b", "a:b", "a#b", "-a", "sluice", "x" * 64, "é", "user/anna"])
def test_it_takes_no_name_that_could_be_taken_for_another(name: str) -> None:
    with pytest.raises(NameInvalid):
        add_person("org_local", name, PASSWORD, roles=())


@pytest.mark.parametrize("role", ["", "Admin", "a b", "person:eve"])
def test_it_takes_no_role_that_is_none(role: str) -> None:
    with pytest.raises(NameInvalid):
        invite(ANN, roles=(role,))


def test_it_gives_a_name_once() -> None:
    for organisation_id in ("org_local", "org_other"):
        with pytest.raises(NameTaken):
            add_person(organisation_id, "eve", PASSWORD, roles=())


def test_it_makes_a_member_of_who_accepts_an_invitation_once() -> None:
    made = invite(ANN, roles=("viewer", "legal", "viewer"), note="Finn of finance")
    assert [each.note for each in sessions.list_invitations("org_local")] == ["Finn of finance"]
    with pytest.raises(PasswordInvalid):
        accept(made.secret, "finn", "short", address="")
    assert accept(made.secret, "finn", PASSWORD, address="").roles == ("legal", "viewer")
    assert who(sign_in("finn", PASSWORD, address="").access_token).roles == {"legal", "viewer"}
    with pytest.raises(InvitationNotFound):
        accept(made.secret, "fred", PASSWORD, address="")
    assert sessions.list_invitations("org_local") == ()


def test_it_makes_somebody_who_is_known_a_member_of_another_organisation_by_their_password() -> None:
    made = invite(OTHER, roles=("viewer",))
    with pytest.raises(CredentialsInvalid):
        accept(made.secret, "eve", "not her password", address="")
    accept(made.secret, "eve", PASSWORD, address="")
    assert {member.organisation_id for member in people.memberships_of("eve")} == {"org_local", "org_other"}
    again = invite(OTHER, roles=("admin",))
    with pytest.raises(NameTaken):
        accept(again.secret, "eve", PASSWORD, address="")
    assert who(sign_in("eve", PASSWORD, address="", organisation_id="org_other").access_token).roles == {"viewer"}


def test_it_takes_no_invitation_that_was_withdrawn_made_up_or_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    made, late = invite(ANN, roles=()), invite(ANN, roles=())
    with pytest.raises(InvitationNotFound):
        withdraw(OTHER, made.invitation.id)
    withdraw(ANN, made.invitation.id)
    monkeypatch.setattr(members, "epoch_seconds", lambda: late.invitation.expires_at)
    for secret in (made.secret, late.secret, "inv_made_up", ""):
        with pytest.raises(InvitationNotFound):
            accept(secret, "finn", PASSWORD, address="")


def test_it_lets_nobody_change_or_remove_themselves_so_that_an_admin_stays() -> None:
    token("ann")
    for act in (lambda: change_member(ANN, "ann", roles=()), lambda: remove_member(ANN, "ann")):
        with pytest.raises(Refused):
            act()
    with pytest.raises(PersonNotFound):
        change_member(OTHER, "eve", roles=("admin",))
    with pytest.raises(PersonNotFound):
        remove_member(OTHER, "eve")


def test_it_finds_no_session_of_an_earlier_membership(monkeypatch: pytest.MonkeyPatch) -> None:
    told = sign_in("eve", PASSWORD, address="")
    remove_member(ANN, "eve")
    later = people.find_person("eve")
    assert later is not None
    monkeypatch.setattr(members, "epoch_seconds", lambda: 2_000_000_000)
    people.add_member(members._member("org_local", "eve", ("admin",), by="ann"))
    with pytest.raises(NotSignedIn):
        who(told.access_token)


def key_of(principal: Principal = EDITOR, **more: object) -> MadeKey:
    return make_key(principal, name="ci", **more)  # type: ignore[arg-type]


def test_it_lets_in_by_an_api_key_what_its_owner_may() -> None:
    made = key_of()
    assert (who(made.secret).person, who(made.secret).scopes) == ("eve", ROLES["editor"])
    change_member(ANN, "eve", roles=("viewer",))
    assert who(made.secret).scopes == ROLES["viewer"]
    change_member(ANN, "eve", disabled=True)
    with pytest.raises(NotSignedIn):
        who(made.secret)


def test_it_keeps_the_digest_of_a_key_alone() -> None:
    made = key_of()
    kept = people.find_api_key(made.key.id)
    assert kept is not None
    assert made.secret not in kept.model_dump_json()
    assert made.secret.split("_")[1] in kept.id


def test_it_limits_a_key_to_its_scopes_and_gives_none_that_its_maker_lacks() -> None:
    made = key_of(scopes=[Scope.RUN_READ])
    assert who(made.secret).scopes == {Scope.RUN_READ}
    with pytest.raises(ScopeMissing):
        key_of(scopes=[Scope.ORG_ADMIN])
    assert who(key_of(who(made.secret)).secret).scopes == {Scope.RUN_READ}  # no way out of a limit


def test_it_refuses_a_key_that_lapsed_was_deleted_or_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    made, short = key_of(), key_of(days=1)
    assert who(short.secret).person == "eve"
    edited = made.secret[:-1] + ("A" if made.secret[-1] != "A" else "B")
    crossed = made.secret[:30] + short.secret[30:]
    for secret in (edited, crossed, made.secret + "x", made.secret.upper(), "sk_"):
        with pytest.raises(NotSignedIn):
            who(secret)
    monkeypatch.setattr("chalicelib.access.authenticate.now_text", lambda: "2099-01-01T00:00:00.000Z")
    with pytest.raises(NotSignedIn):
        who(short.secret)
    delete_key(EDITOR, made.key.id)
    with pytest.raises(NotSignedIn):
        who(made.secret)


def test_it_notes_the_use_of_a_key_once_a_day(aws: Cloud) -> None:
    made = key_of()
    who(made.secret)
    before = aws.calls.count("dynamodb:UpdateItem")
    who(made.secret)
    kept = people.find_api_key(made.key.id)
    assert kept is not None
    assert kept.used_on
    assert aws.calls.count("dynamodb:UpdateItem") == before


def test_it_shows_and_deletes_only_ones_own_keys_but_all_to_an_admin() -> None:
    mine, anns = key_of(), key_of(ANN)
    assert [key.id for key in list_keys(EDITOR)] == [mine.key.id]
    assert {key.id for key in list_keys(ANN)} == {mine.key.id, anns.key.id}
    assert list_keys(OTHER) == []
    for principal, key in ((EDITOR, anns), (OTHER, mine)):
        with pytest.raises(KeyNotFound):
            delete_key(principal, key.key.id)


def test_it_lets_in_a_service_account_by_keys_that_admins_make() -> None:
    add_service_account(ANN, "ci", roles=("operator",))
    with pytest.raises(NameTaken):
        add_service_account(ANN, "ci", roles=())
    made = key_of(ANN, owner="service:ci")
    found = who(made.secret)
    assert (found.person, found.kind, found.scopes) == ("service:ci", "service", ROLES["operator"])
    with pytest.raises(ScopeMissing):
        key_of(owner="service:ci")
    with pytest.raises(Refused):
        key_of(ANN, owner="eve")
    with pytest.raises(PersonNotFound):
        key_of(OTHER, owner="service:ci")
    remove_member(ANN, "service:ci")
    with pytest.raises(NotSignedIn):
        who(made.secret)


def test_it_gives_no_key_to_those_who_come_in_by_other_ways() -> None:
    with pytest.raises(NotSignedIn):
        key_of(Principal("org_local", "user/anna", kind="iam"))


def test_it_knows_all_organisations(aws: Cloud) -> None:
    token("ann")
    made = members.create_organisation(ANN, "Second")
    assert set(organisations()) == {LOCAL_ORGANISATION, made.id}
    with pytest.raises(Refused):
        members.create_organisation(Principal("org_local", "service:ci", kind="service"), "Third")


def test_it_leaves_creating_to_admins_where_it_is_locked() -> None:
    token("ann")
    made = key_of()
    members.change_organisation(ANN, preset="locked")
    assert Scope.WORKFLOW_WRITE not in who(made.secret).scopes
    assert Scope.WORKFLOW_EXECUTE in who(made.secret).scopes
