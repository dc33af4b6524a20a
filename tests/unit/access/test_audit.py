"""The audit as it stands: acts become entries, each once, under checkpoints that a client can check; whatever dies on the way."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.access import audit, audit_key
from chalicelib.access.audit import Wanted
from chalicelib.access.audit_chain import Checkpoint, Evidence, Head, check_chain
from chalicelib.access.audit_key import is_signed
from chalicelib.access.limits import remove_budget, set_budget
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.spec.model import JsonObject
from chalicelib.store import audit_entries
from chalicelib.store.acts import Actor, acting
from chalicelib.store.clients import client
from tests.factories.cloud import ANN, STRANGER, Cloud
from tests.factories.faults import Crash, Faults, deaths, injected

ORG = ANN.organisation_id
WHO = Actor(ORG, "ann", "budgets.set_of_organisation", "192.0.2.7", "c-1")


@pytest.fixture(autouse=True)
def own_key() -> Iterator[None]:
    audit_key.forget_audit_key()
    yield
    audit_key.forget_audit_key()


def change(times: int = 1) -> None:
    with acting(WHO):
        for limit in range(1, times + 1):
            set_budget(ANN, per_day=limit)


def evidence(principal: Principal = ANN) -> Evidence:
    entries, head = audit.list_in_order(principal, after=0, limit=500)
    checkpoints = [Checkpoint(**each) for each in audit.list_checkpoints(principal, after=0, limit=500)[0]]  # type: ignore[arg-type]
    return Evidence(principal.organisation_id, entries, checkpoints, Head(head.count, head.hash), now_text(), audit.kept_since())


def holds(checkpoint: Checkpoint) -> bool:
    keys = {str(key["fingerprint"]): str(key["public_key"]) for key in audit.list_checkpoints(ANN, after=0, limit=1)[1]}
    return checkpoint.key in keys and is_signed(checkpoint.signed_text, checkpoint.signature, keys[checkpoint.key])


def findings() -> list[Any]:
    return check_chain(evidence(), holds)


def limits(entries: tuple[JsonObject, ...]) -> list[Any]:
    return [(entry["number"], entry["verb"]) for entry in entries]


def test_it_takes_acts_into_the_chain_in_their_order(aws: Cloud) -> None:
    change(3)
    assert audit.take_in(ORG) == 3
    assert audit.take_in(ORG) == 0
    found = evidence()
    assert limits(tuple(found.entries)) == [(1, "created"), (2, "changed"), (3, "changed")]
    assert (found.entries[0]["by"], found.entries[0]["address"], found.entries[0]["correlation_id"]) == ("ann", "192.0.2.7", "c-1")
    assert findings() == []


def test_it_takes_in_more_than_one_transaction_holds(aws: Cloud) -> None:
    change(audit_entries.BATCH + 5)
    assert audit.take_in(ORG) == audit_entries.BATCH + 5
    assert findings() == []


def test_it_signs_how_far_the_chain_has_come_once(aws: Cloud) -> None:
    change()
    audit.take_in(ORG)
    assert audit.checkpoint(ORG)
    assert not audit.checkpoint(ORG)
    change()
    audit.take_in(ORG)
    assert audit.checkpoint(ORG)
    assert [(each.count, holds(each)) for each in evidence().checkpoints] == [(1, True), (2, True)]
    assert findings() == []


def test_it_signs_nothing_where_nothing_was_done(aws: Cloud) -> None:
    assert not audit.checkpoint(ORG)
    assert findings() == []


def test_it_keeps_its_key_where_workers_may_not_read(aws: Cloud) -> None:
    change()
    audit.take_in(ORG)
    audit.checkpoint(ORG)
    names = [entry["Name"] for entry in client("secretsmanager").list_secrets()["SecretList"]]
    assert names == ["audit.sluice/signing-key"]
    fingerprint = audit_key.public_key().fingerprint
    audit_key.forget_audit_key()
    assert audit_key.public_key().fingerprint == fingerprint


def test_it_takes_the_key_of_whoever_made_one_first(aws: Cloud) -> None:
    first = audit_key.public_key()
    audit_key.forget_audit_key()
    aws.refuse("secrets manager:GetSecretValue", "ResourceNotFoundException")
    assert audit_key.public_key() == first


def test_it_does_not_take_a_broken_key_for_a_signature() -> None:
    assert not is_signed(b"text", "", base64.b64encode(b"\0" * 32).decode())
    assert not is_signed(b"text", base64.b64encode(b"\0" * 64).decode(), "short")


def test_it_finds_what_was_changed_in_the_table(aws: Cloud) -> None:
    change(3)
    audit.take_in(ORG)
    audit.checkpoint(ORG)
    item = client("dynamodb").get_item(TableName="sluice-test", Key={"PK": {"S": f"ORG#{ORG}#AUDIT"}, "SK": {"S": "ENTRY#000000000002"}})["Item"]
    item["entry"]["S"] = item["entry"]["S"].replace('"ann"', '"bob"')
    client("dynamodb").put_item(TableName="sluice-test", Item=item)
    assert [(each.code, each.number) for each in findings()] == [("edited", 2)]


def test_it_keeps_organisations_apart(aws: Cloud) -> None:
    change()
    audit.take_in(ORG)
    audit.checkpoint(ORG)
    assert audit.list_in_order(STRANGER, after=0, limit=500)[0] == ()
    assert audit.list_checkpoints(STRANGER, after=0, limit=500)[0] == ()


def test_it_tells_the_newest_first_and_one_things_own(aws: Cloud) -> None:
    change(5)
    with acting(WHO):
        remove_budget(ANN)
    audit.take_in(ORG)
    assert limits(audit.list_newest(ANN, Wanted(), limit=2).entries) == [(6, "deleted"), (5, "changed")]
    assert limits(audit.list_newest(ANN, Wanted(), before=3, limit=10).entries) == [(2, "changed"), (1, "created")]
    assert audit.list_newest(ANN, Wanted(), before=1, limit=10).entries == ()
    own = Wanted(noun="budget", target="ORGANISATION")
    page = audit.list_newest(ANN, own, limit=4)
    rest = audit.list_newest(ANN, own, limit=4, cursor=page.cursor)
    assert [entry["number"] for entry in (*page.entries, *rest.entries)] == [6, 5, 4, 3, 2, 1]
    assert audit.list_newest(ANN, Wanted(noun="budget", target="wf_none"), limit=4).entries == ()


def test_it_chains_each_act_once_when_many_take_them_in(aws: Cloud) -> None:
    change(20)
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: audit.take_in(ORG), range(6)))
    assert sum(taken) == 20
    assert len(evidence().entries) == 20
    assert findings() == []


def test_it_loses_and_doubles_nothing_whatever_dies(aws: Cloud) -> None:
    """A change, taken in and signed, with a death at each call; then the sweeper's next round, after another change."""
    calls, verbs = faulted(Principal("org_0", "ann"), {})
    assert verbs == ["created", "changed"]
    for number, (place, death) in enumerate(deaths(calls), 1):
        plan = {place: death}
        _, verbs = faulted(Principal(f"org_{number}", "ann"), plan)
        assert verbs in (["created"], ["created", "changed"]), plan  # the first change was never written, or both are in the chain


def faulted(principal: Principal, plan: dict[int, Any]) -> tuple[list[str], list[Any]]:
    faults = Faults(plan)
    with injected(faults, lambda _operation, _request: None), suppress(Crash):
        change_and_sign(principal, 1)
    assert len(faults.met) == len(plan)
    change_and_sign(principal, 2)
    found = evidence(principal)
    assert check_chain(found, holds) == []
    assert found.checkpoints[-1].count == len(found.entries)
    assert audit_entries.list_acts(principal.organisation_id) == ()
    return faults.calls, [entry["verb"] for entry in found.entries]


def change_and_sign(principal: Principal, limit: int) -> None:
    with acting(Actor(principal.organisation_id, "ann", "x")):
        set_budget(principal, per_day=limit)
    audit.take_in(principal.organisation_id)
    audit.checkpoint(principal.organisation_id)
