"""The table: what is declared, what conditions say, what is tried again."""

import pytest
import yaml
from botocore.exceptions import ClientError

from chalicelib.errors import ConditionLost, Contention
from chalicelib.store import keys, table
from chalicelib.store.keys import Key
from tests.factories.cloud import Cloud
from tests.unit.store.places import REPOSITORY

ONE, TWO = Key("ORG#o#A#1", "A"), Key("ORG#o#A#1", "B")


def item(key: Key, **values: object) -> dict[str, object]:
    return {"PK": key.pk, "SK": key.sk, **values}


def test_infra_declares_the_table_that_the_keys_ask_for() -> None:
    class Loader(yaml.SafeLoader):
        """Reads `!Ref` and its like as plain values."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
    declared = yaml.load((REPOSITORY / "infra" / "20-table.yaml").read_text(), Loader)["Resources"]["MainTable"]["Properties"]
    assert declared["TimeToLiveSpecification"] == keys.TIME_TO_LIVE
    assert declared["StreamSpecification"]["StreamViewType"] == keys.TABLE["StreamSpecification"]["StreamViewType"]
    for name in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"):
        assert declared[name] == keys.TABLE[name]


def test_what_is_put_is_got(aws: Cloud) -> None:
    values = {"text": "ä", "whole": 10**30, "part": 0.1, "flag": False, "set": {"a", "b"}, "list": [1, None, {"x": "y"}], "none": None}
    table.write(table.put(item(ONE, **values)))
    assert table.get(ONE) == {**item(ONE), **{name: value for name, value in values.items() if value is not None}}
    assert table.get(TWO) is None


def test_what_the_table_cannot_hold_is_refused() -> None:
    from chalicelib.store.items import decode, encode

    with pytest.raises(TypeError):
        encode({"a": object()})
    with pytest.raises(TypeError):
        decode({"a": {"B": b"bytes"}})


def test_a_condition_that_does_not_hold_is_lost(aws: Cloud) -> None:
    table.write(table.put(item(ONE, count=1), condition=table.ABSENT))
    for write in (
        table.put(item(ONE), condition=table.ABSENT),
        table.assign(ONE, {"count": 3}, condition="#count = :old", values={"old": 2}),
        table.delete(TWO, condition=table.PRESENT),
    ):
        with pytest.raises(ConditionLost):
            table.write(write)
    assert table.get(ONE) == item(ONE, count=1)


def test_a_transaction_says_which_conditions_were_lost_and_writes_nothing(aws: Cloud) -> None:
    table.write(table.put(item(ONE, count=1)))
    with pytest.raises(ConditionLost) as lost:
        table.transact([table.put(item(TWO)), table.check(ONE, "#count = :two", values={"two": 2})])
    assert lost.value.positions == (1,)
    assert table.get(TWO) is None
    table.transact([table.put(item(TWO)), table.check(ONE, "#count = :one", values={"one": 1})])
    assert table.get(TWO) == item(TWO)


def test_assigning_sets_and_removes(aws: Cloud) -> None:
    table.write(table.put(item(ONE, a=1, b=2)))
    table.write(table.assign(ONE, {"a": None, "b": 3, "c": "new"}))
    table.write(table.assign(ONE, {"b": None}))
    assert table.get(ONE) == item(ONE, c="new")


def test_one_caller_takes_an_item(aws: Cloud) -> None:
    table.write(table.put(item(ONE, a=1)))
    assert table.take(ONE)["a"] == 1
    with pytest.raises(ConditionLost):
        table.take(ONE)


def test_many_are_read_at_once(aws: Cloud) -> None:
    wanted = [Key("ORG#o#A#1", f"{number:03d}") for number in range(130)]
    for key in wanted[:3]:
        table.write(table.put(item(key)))
    assert set(table.get_many([*wanted, *wanted])) == set(wanted[:3])
    assert table.get_many([]) == {}


def test_a_page_goes_on_where_the_last_one_ended(aws: Cloud) -> None:
    for number in range(5):
        table.write(table.put(item(Key("ORG#o#A#1", f"EVENT#{number}"))))
    table.write(table.put(item(ONE)))
    page = table.query("ORG#o#A#1", prefix="EVENT#", limit=2)
    assert [found["SK"] for found in page.items] == ["EVENT#0", "EVENT#1"]
    rest = table.query("ORG#o#A#1", prefix="EVENT#", after=page.last)
    assert [found["SK"] for found in rest.items] == ["EVENT#2", "EVENT#3", "EVENT#4"]
    assert [found["SK"] for found in table.query("ORG#o#A#1", prefix="EVENT#", above="EVENT#3").items] == ["EVENT#4"]
    assert [found["SK"] for found in table.query("ORG#o#A#1", newest_first=True, limit=1).items] == ["EVENT#4"]
    assert len(list(table.query_all("ORG#o#A#1"))) == 6


@pytest.mark.parametrize("code", ["TransactionConflictException", "TransactionInProgressException"])
def test_a_collision_is_tried_again_here(aws: Cloud, code: str) -> None:
    aws.refuse("dynamodb:TransactWriteItems", code)
    table.transact([table.put(item(ONE)), table.put(item(TWO))])
    assert table.get(TWO) is not None


def test_cancelled_by_a_collision_counts_as_one(aws: Cloud) -> None:
    aws.cancel_transactions([{"Code": "None"}, {"Code": "TransactionConflict"}])
    table.transact([table.put(item(ONE)), table.put(item(TWO))])
    assert table.get(TWO) is not None


def test_collisions_without_end_are_told(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_TRIES", 2)
    aws.refuse("dynamodb:PutItem", "TransactionConflictException", times=2)
    with pytest.raises(Contention):
        table.write(table.put(item(ONE)))


def test_other_faults_come_through(aws: Cloud) -> None:
    aws.refuse("dynamodb:PutItem", "AccessDeniedException")
    with pytest.raises(ClientError):
        table.write(table.put(item(ONE)))
    aws.cancel_transactions([{"Code": "ValidationError"}])
    with pytest.raises(ClientError):
        table.transact([table.put(item(ONE))])
    with pytest.raises(ValueError, match="transaction"):
        table.write(table.check(ONE, table.PRESENT))


def test_a_batch_that_comes_in_parts_is_asked_for_again(aws: Cloud) -> None:
    from chalicelib.settings import settings

    name = settings().table
    first = {"Responses": {name: []}, "UnprocessedKeys": {name: {"Keys": [{"PK": {"S": ONE.pk}, "SK": {"S": ONE.sk}}]}}}
    second = {"Responses": {name: [{"PK": {"S": ONE.pk}, "SK": {"S": ONE.sk}}]}, "UnprocessedKeys": {}}
    answers = iter([first, second])
    aws.reply("dynamodb:BatchGetItem", lambda: next(answers))
    assert set(table.get_many([ONE])) == {ONE}


@pytest.mark.parametrize(("waiter", "start"), [("gate_1", "ORG#o#GATE#"), ("msg_1", "ORG#o#MESSAGE#"), ("run_1", "ORG#o#RUN#")])
def test_a_waiter_s_kind_says_where_its_token_stands(waiter: str, start: str) -> None:
    assert keys.waiter("o", waiter).pk.startswith(start)
    with pytest.raises(ValueError, match="wf"):
        keys.waiter("o", "wf_1")
