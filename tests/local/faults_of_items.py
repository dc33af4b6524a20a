"""The faults of the emulator's DynamoDB that cost time alone: each scenario counts what is done again, and asks that the answer stays the same.

As in `faults`: `raw` and `fixed` are what a scenario returns on moto as it comes and patched. Out: `FAULTS`, those of `faults` among them.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.parsing.tokens import ExpressionTokenizer

from tests.local.emulator import Emulator
from tests.local.faults import FAULTS as FAULTS
from tests.local.faults import fault, refused

KEY = {"PK": {"S": "p"}, "SK": {"S": "s"}}
NESTED = {"M": {"list": {"L": [{"M": {"text": {"S": "x"}, "raw": {"B": b"\x00"}}}]}, "set": {"SS": ["a", "b"]}, "none": {"NULL": True}}}


@contextmanager
def counted(owner: type, name: str) -> Iterator[list[Any]]:
    """The calls of a method meanwhile, as the first of their arguments."""
    calls: list[Any] = []
    original = vars(owner)[name]
    plain = getattr(original, "__func__", original)

    def count(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments[0])
        return plain(*arguments, **named)

    setattr(owner, name, classmethod(count) if isinstance(original, classmethod) else count)
    try:
        yield calls
    finally:
        setattr(owner, name, original)


@fault("copies_share_what_stays", raw="copied", fixed="shared")
def what_a_copy_copies(at: Emulator) -> Any:
    item = Item(DynamoType(KEY["PK"]), DynamoType(KEY["SK"]), {**KEY, "text": {"S": "x"}, "nested": copy.deepcopy(NESTED)})
    twin = copy.deepcopy(item)
    item.attrs["nested"]["list"][0]["text"] = DynamoType({"S": "other"})
    item.attrs["nested"]["set"].value.append("c")
    item.attrs["text"] = DynamoType({"S": "other"})
    assert twin.to_json()["Attributes"] == {**KEY, "text": {"S": "x"}, "nested": NESTED}
    return "shared" if twin.attrs["PK"] is item.attrs["PK"] else "copied"


@fault("size_summed_once", raw=["again", "again", "refused"], fixed=["once", "once", "accepted"])
def how_often_a_size_is_asked(at: Emulator) -> Any:
    """The number's, as its item is put and as other attributes are set. What grows too large is refused; what takes a large value's place is not."""
    at.table()
    whole: Any = {**KEY, "count": {"N": "1"}, "nested": NESTED}
    sets = {"TableName": "table", "Key": KEY, "UpdateExpression": "SET a = :new, b = :new"}
    asked = []
    with counted(DynamoType, "size") as sizes:
        at.dynamodb.put_item(TableName="table", Item=whole)
        asked.append([value.type for value in sizes].count("N"))
        sizes.clear()
        at.dynamodb.update_item(**sets, ExpressionAttributeValues={":new": {"S": "x"}})
        asked.append([value.type for value in sizes].count("N"))
    assert refused(at.dynamodb.put_item, TableName="table", Item={**whole, "text": {"S": "x" * 410_000}}) == "ValidationException"
    large, other = ({":new": {"S": letter * 202_000}} for letter in "ab")
    assert refused(at.dynamodb.update_item, **sets, ExpressionAttributeValues={":new": {"S": "x" * 205_000}}) == "ValidationException"
    at.dynamodb.delete_item(TableName="table", Key=KEY)
    at.dynamodb.update_item(**sets, ExpressionAttributeValues=large)
    replaced = refused(at.dynamodb.update_item, **sets, ExpressionAttributeValues=other)
    return [*("again" if times > 1 else "once" for times in asked), "accepted" if replaced == "accepted" else "refused"]


@fault("items_read_out_once", raw="copied", fixed="read")
def an_item_that_is_read_out(at: Emulator) -> Any:
    item = Item(DynamoType(KEY["PK"]), DynamoType(KEY["SK"]), {**KEY, "nested": NESTED})
    with counted(DynamoType, "__deepcopy__") as copies:
        assert item.to_json() == {"Attributes": {**KEY, "nested": NESTED}}
    return "copied" if copies else "read"


@fault("items_read_out_once", raw="read again", fixed="read")
def keys_in_an_index(at: Emulator) -> Any:
    index = {"IndexName": "by-kind", "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}
    at.dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "kind")],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[index],
    )
    at.dynamodb.put_item(TableName="table", Item={**KEY, "kind": {"S": "k"}, "nested": NESTED})
    asked = {"TableName": "table", "IndexName": "by-kind", "KeyConditionExpression": "kind = :k", "ExpressionAttributeValues": {":k": {"S": "k"}}}
    with counted(Item, "to_regular_json") as read:
        assert at.dynamodb.query(**asked)["Items"] == [{**KEY, "kind": {"S": "k"}}]
    return "read again" if len(read) > 1 else "read"


@fault("updates_parsed_once", raw=4, fixed=1)
def the_same_update_twice(at: Emulator) -> Any:
    """Parsed once and used with other values."""
    at.table()
    expression = "ADD twice_updated :n SET #s = if_not_exists(#s, :s)"
    update = {"TableName": "table", "Key": KEY, "UpdateExpression": expression, "ExpressionAttributeNames": {"#s": "twice"}}
    with counted(ExpressionTokenizer, "make_list") as parsed:
        for number in ("1", "2"):
            at.dynamodb.update_item(**update, ExpressionAttributeValues={":n": {"N": number}, ":s": {"S": number}})
    assert at.dynamodb.get_item(TableName="table", Key=KEY)["Item"] == {**KEY, "twice_updated": {"N": "3"}, "twice": {"S": "1"}}
    return len(parsed)


@fault("conditions_parsed_once", raw="again", fixed="once")
def the_same_condition_twice(at: Emulator) -> Any:
    """Parsed once and used with other names and values."""
    at.table()
    at.dynamodb.put_item(TableName="table", Item={**KEY, "count": {"N": "1"}, "other": {"N": "2"}})
    names = {"#twice_asked": "count"}
    delete = {
        "TableName": "table",
        "Key": KEY,
        "ConditionExpression": "attribute_exists(PK) AND #twice_asked = :n",
        "ExpressionAttributeNames": names,
    }
    with counted(ConditionExpressionParser, "_lex_condition_expression") as parsed:
        answers = [refused(at.dynamodb.delete_item, **delete, ExpressionAttributeValues={":n": {"N": number}}) for number in ("2", "3", "1")]
    assert answers == ["ConditionalCheckFailedException", "ConditionalCheckFailedException", "accepted"]
    return "again" if len(parsed) > 1 else "once"


@fault("requests_sent_as_they_are", raw="walked", fixed="sent")
def a_request_with_nested_values(at: Emulator) -> Any:
    at.table()
    item: Any = {**KEY, "nested": {"M": {"flag": {"BOOL": True}, "list": {"L": [{"N": "1"}, {"NULL": True}]}}}, "raw": {"B": b"\x00\xff"}}
    with counted(ParamValidator, "_validate_structure") as walked:
        at.dynamodb.put_item(TableName="table", Item=item)
    assert at.dynamodb.get_item(TableName="table", Key=KEY)["Item"] == item
    for wrong in ({"S": 1}, {"BOOL": "yes"}, {"M": {"a": "b"}}, {"L": [{"X": "a"}]}):
        assert _is_refused_before_it_leaves(at, wrong)
    return "walked" if len(walked) > 2 else "sent"


def _is_refused_before_it_leaves(at: Emulator, value: Any) -> bool:
    try:
        at.dynamodb.put_item(TableName="table", Item={**KEY, "wrong": value})
    except ParamValidationError:
        return True
    return False
