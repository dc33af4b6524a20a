"""Who may do what with a secret: by the scope, by what everybody may, by shares; checked where a secret is named."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any, get_args

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope, scopes_of
from chalicelib.access.secret_rights import Held, get_rights, levels, reaches, require_put, set_rights
from chalicelib.errors import AccessChanged, AgentInvalid, ScopeMissing, SecretInvalid, SpecInvalid
from chalicelib.remote_settings import SecretText
from chalicelib.store.secret_rights import EverybodysLevel, SecretLevel, SecretShare
from chalicelib.workflows.create import create
from chalicelib.workflows.external_agents import add_agent
from chalicelib.workflows.validate import validate
from tests.factories.arena import together
from tests.factories.cloud import ANN, STRANGER
from tests.factories.publishing import publish

pytestmark = pytest.mark.usefixtures("aws")
BOB = Principal("org_local", "bob", frozenset({"editor", "sales"}), scopes_of(["editor"]))
CAT = Principal("org_local", "cat", frozenset({"editor"}), scopes_of(["editor"]))
KEY = {"authorization": {"secret": "crm", "prefix": "Bearer "}}
CALL = {"type": "tool_call", "tool": "http.get", "with": {"url": "https://crm.example", "headers": KEY}}
AGENT = {"type": "agent_call", "prompt": "?", "tools": [{"tool": "http.get", "with": {"url": "https://crm.example", "headers": KEY}}]}
NODES: dict[str, Any] = {"fetch": CALL, "each_one": {"type": "map", "over": [1], "nodes": {"inner": CALL}}, "think": AGENT}
TEXT = json.dumps({"sluice": 1, "name": "greet", "nodes": NODES})


def share(who: str, level: SecretLevel) -> SecretShare:
    return SecretShare(who=who, level=level)


def held(principal: Principal, name: str = "crm") -> Held:
    return levels(principal, [name])[name]


def test_everybody_may_use_what_nothing_was_said_of() -> None:
    assert (held(ANN), held(BOB)) == ("manage", "use")
    assert get_rights(ANN, "crm").revision == 0


@pytest.mark.parametrize(("everybody", "level", "who"), [*product(get_args(EverybodysLevel), get_args(SecretLevel), ("person:bob", "role:sales"))])
def test_it_takes_the_most_that_everybody_and_shares_allow(everybody: EverybodysLevel, level: SecretLevel, who: str) -> None:
    set_rights(ANN, "crm", everybody=everybody, shares=[share(who, level), share("person:bo", "rotate"), share("role:sale", "rotate")])
    order = ["none", "see", "use", "rotate"]
    assert held(BOB) == max(everybody, level, key=order.index)
    assert held(CAT) == everybody
    assert held(ANN) == "manage"


def test_it_is_the_organisations_own() -> None:
    set_rights(ANN, "crm", everybody="none", shares=[])
    assert held(Principal("org_other", "bob", scopes=scopes_of(["editor"]))) == "use"
    assert get_rights(STRANGER, "crm").revision == 0


def test_it_is_said_by_those_alone_who_manage_secrets() -> None:
    with pytest.raises(ScopeMissing, match=Scope.SECRET_MANAGE):
        set_rights(BOB, "crm", everybody="use", shares=[])
    with pytest.raises(ScopeMissing, match=Scope.SECRET_MANAGE):
        get_rights(BOB, "crm")
    with pytest.raises(SecretInvalid):
        set_rights(ANN, "Crm", everybody="use", shares=[])


def test_of_two_changes_at_once_one_is_told() -> None:
    read = get_rights(ANN, "crm").revision
    set_rights(ANN, "crm", everybody="see", shares=[], revision=read)
    with pytest.raises(AccessChanged):
        set_rights(ANN, "crm", everybody="none", shares=[], revision=read)
    assert get_rights(ANN, "crm").everybody == "see"


@pytest.mark.parametrize(("level", "is_there", "may"), [("use", True, False), ("rotate", True, True), ("rotate", False, False)])
def test_a_new_value_is_for_those_who_may_rotate_and_a_first_one_for_managers(level: SecretLevel, is_there: bool, may: bool) -> None:
    set_rights(ANN, "crm", everybody="none", shares=[share("person:bob", level)])
    assert require_put(ANN, "crm", is_there=lambda: False) == "manage"
    if may:
        assert require_put(BOB, "crm", is_there=lambda: is_there) == "rotate"
    else:
        with pytest.raises(ScopeMissing):
            require_put(BOB, "crm", is_there=lambda: is_there)


def test_it_keeps_those_who_may_not_use_it_from_publishing_what_names_it() -> None:
    set_rights(ANN, "crm", everybody="see", shares=[share("role:sales", "use")])
    found = [(each.code, each.location.path) for each in validate(CAT, text=TEXT).diagnostics if each.is_error]
    places = ("fetch.with", "each_one.nodes.inner.with", "think.tools.0.with")
    assert found == [("secret-refused", f"nodes.{place}.headers.authorization.secret") for place in places]
    with pytest.raises(SpecInvalid):
        publish(CAT, create(CAT, text=TEXT).id)
    assert publish(BOB, create(BOB, text=TEXT.replace("greet", "other"), name="other").id).number == 1


def test_what_was_published_goes_on_and_its_next_version_asks_again() -> None:
    workflow = create(CAT, text=TEXT)
    assert publish(CAT, workflow.id).number == 1
    set_rights(ANN, "crm", everybody="none", shares=[])
    with pytest.raises(SpecInvalid):
        publish(CAT, workflow.id, text=TEXT.replace('"?"', '"!"'))
    assert publish(ANN, workflow.id, text=TEXT.replace('"?"', '"!"')).number == 2


def test_it_keeps_them_from_registering_an_agent_with_it() -> None:
    set_rights(ANN, "crm", everybody="see", shares=[])
    with pytest.raises(AgentInvalid, match="may not use the secret crm"):
        add_agent(CAT, name="clerk", url="https://clerk.example", headers={"authorization": SecretText(secret="crm")})


def test_sixteen_at_once_leave_one_word() -> None:
    def say(number: int) -> Callable[[], Any]:
        return lambda: set_rights(ANN, "crm", everybody="see", shares=[share(f"person:p{number}", "use")], revision=0).revision

    with ThreadPoolExecutor(16) as pool:
        said = together(pool, [say(number) for number in range(16)])
    assert [each for each in said if not isinstance(each, AccessChanged)] == [1]
    assert len(get_rights(ANN, "crm").shares) == 1


def test_levels_are_in_order() -> None:
    wanted: tuple[SecretLevel, ...] = get_args(SecretLevel)
    assert [[reaches(one, other) for other in wanted] for one in get_args(Held)] == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
        [True, True, True],
    ]
