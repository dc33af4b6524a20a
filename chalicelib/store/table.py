"""The table's operations, as values: reads by key and page, single writes, transactions. The only module that calls DynamoDB.

In: keys and plain items. Out: plain items. A condition that does not hold raises ConditionLost. A transaction that collides with another is tried
again here, with jitter, and nowhere else; when it keeps colliding, Contention is raised. While a person acts (`store.acts`), what they change of the
records that people answer for is noted in the same transaction. No scans.
"""

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from botocore.exceptions import ClientError

from chalicelib.errors import ConditionLost, Contention
from chalicelib.settings import settings
from chalicelib.store import acts
from chalicelib.store.clients import client
from chalicelib.store.items import Item, decode, encode
from chalicelib.store.keys import IndexKey, Key

MAX_TRANSACTION: Final = 100  # items of one TransactWriteItems
_BATCH: Final = 100  # keys of one BatchGetItem
_TRIES: Final = 12
_CONFLICTS: Final = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
ABSENT: Final = "attribute_not_exists(PK)"
PRESENT: Final = "attribute_exists(PK)"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction or a single one. Names in expressions are written `#name`, values `:name`. `before`: the record as it was read,
    where the condition holds for that one alone; then it is not read again for the audit."""

    kind: Literal["Put", "Update", "Delete", "ConditionCheck"]
    key: Key
    item: Item = field(default_factory=dict)
    update: str = ""
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    before: Item = field(default_factory=dict)


def put(item: Item, *, condition: str = "", values: Mapping[str, Any] | None = None) -> Write:
    return Write("Put", Key(item["PK"], item["SK"]), item=item, condition=condition, values=values or {})


def update(key: Key, expression: str, *, values: Mapping[str, Any] | None = None, condition: str = "") -> Write:
    return Write("Update", key, update=expression, condition=condition, values=values or {})


def delete(key: Key, *, condition: str = "", values: Mapping[str, Any] | None = None) -> Write:
    return Write("Delete", key, condition=condition, values=values or {})


def check(key: Key, condition: str, *, values: Mapping[str, Any] | None = None) -> Write:
    return Write("ConditionCheck", key, condition=condition, values=values or {})


def add(
    key: Key, amounts: Mapping[str, int], *, condition: str = "", values: Mapping[str, Any] | None = None, sets: Mapping[str, Any] | None = None
) -> Write:
    """An update that adds to numbers (absent ones begin at 0, zeros are left out) and sets the attributes in `sets`."""
    kept = {name: amount for name, amount in amounts.items() if amount} or dict(amounts)
    adds = "ADD " + ", ".join(f"#{name} :{name}_more" for name in kept)
    assigns = "SET " + ", ".join(f"#{name} = :{name}_new" for name in sets) if sets else ""
    more = {f"{name}_more": amount for name, amount in kept.items()} | {f"{name}_new": value for name, value in (sets or {}).items()}
    return update(key, f"{adds} {assigns}".strip(), values={**more, **(values or {})}, condition=condition)


def assign(key: Key, changes: Mapping[str, Any], *, condition: str = "", values: Mapping[str, Any] | None = None) -> Write:
    """An update that sets the attributes given and removes those whose new value is None."""
    kept = [name for name, value in changes.items() if value is not None]
    gone = [name for name, value in changes.items() if value is None]
    sets = "SET " + ", ".join(f"#{name} = :{name}_new" for name in kept) if kept else ""
    removes = "REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
    new = {f"{name}_new": changes[name] for name in kept}
    return update(key, f"{sets} {removes}".strip(), values={**new, **(values or {})}, condition=condition)


def get(key: Key) -> Item | None:
    """One item, as it is now."""
    answer = client("dynamodb").get_item(TableName=settings().table, Key=_key(key), ConsistentRead=True)
    return decode(answer["Item"]) if "Item" in answer else None


def get_many(keys: Sequence[Key]) -> dict[Key, Item]:
    """Those of the items that exist, as they are now."""
    distinct = list(dict.fromkeys(keys))
    found: dict[Key, Item] = {}
    for start in range(0, len(distinct), _BATCH):
        for item in _get_batch([_key(key) for key in distinct[start : start + _BATCH]]):
            found[Key(item["PK"], item["SK"])] = item
    return found


def _get_batch(keys: list[dict[str, Any]]) -> Iterator[Item]:
    request: dict[str, Any] = {settings().table: {"Keys": keys, "ConsistentRead": True}}
    for attempt in range(_TRIES):
        answer = client("dynamodb").batch_get_item(RequestItems=request)
        for item in answer["Responses"].get(settings().table, ()):
            yield decode(item)
        request = answer.get("UnprocessedKeys") or {}
        if not request:
            return
        _pause(attempt)
    raise Contention("the table does not answer in full")


@dataclass(frozen=True, slots=True)
class Page:
    """`last` is the key of the last item looked at, None at the end."""

    items: tuple[Item, ...]
    last: Item | None


def query(pk: str, *, prefix: str = "", above: str = "", newest_first: bool = False, limit: int = 1000, after: Item | None = None) -> Page:
    """Items of one partition in order of SK: those with the prefix, and, with `above` (itself a text with that prefix), only those above it."""
    conditions, values = _range("SK", prefix, above)
    return _query({"KeyConditionExpression": f"PK = :pk{conditions}", "ConsistentRead": True}, {"pk": pk, **values}, newest_first, limit, after)


def query_all(pk: str, *, prefix: str = "") -> Iterator[Item]:
    """All items of one partition with the prefix."""
    after: Item | None = None
    while True:
        page = query(pk, prefix=prefix, after=after)
        yield from page.items
        if page.last is None:
            return
        after = page.last


def query_between(pk: str, first: str, last: str) -> Iterator[Item]:
    """All items of one partition whose SK begins with `first`, with `last`, or lies between."""
    after: Item | None = None
    while True:
        page = query(pk, prefix=last, above=first, after=after)
        yield from page.items
        if page.last is None:
            return
        after = page.last


def query_index(
    place: IndexKey, *, newest_first: bool = False, limit: int = 100, after: Item | None = None, span: tuple[str, str] | None = None
) -> Page:
    """Keys of the items at one place of an index; with `span`, of those alone that sort between its ends. An index lags: read the items themselves
    (`get_many`)."""
    name = f"GSI{place.index}"
    between = f" AND {name}SK BETWEEN :low AND :high" if span else ""
    values = {"pk": place.pk, **({"low": span[0], "high": span[1]} if span else {})}
    return _query({"KeyConditionExpression": f"{name}PK = :pk{between}", "IndexName": name}, values, newest_first, limit, after)


def count_below(pk: str, sk: str) -> int:
    """How many items of one partition sort before `sk`."""
    request: dict[str, Any] = {
        "TableName": settings().table,
        "KeyConditionExpression": "PK = :pk AND SK < :sk",
        "ExpressionAttributeValues": encode({":pk": pk, ":sk": sk}),
        "Select": "COUNT",
        "ConsistentRead": True,
    }
    counted = 0
    while True:
        answer = client("dynamodb").query(**request)
        counted += int(answer["Count"])
        if "LastEvaluatedKey" not in answer:
            return counted
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _range(attribute: str, prefix: str, above: str) -> tuple[str, Item]:
    if above:
        return f" AND {attribute} BETWEEN :low AND :high", {"low": above + "\x00", "high": prefix + "\U0010ffff"}
    return (f" AND begins_with({attribute}, :prefix)", {"prefix": prefix}) if prefix else ("", {})


def _query(request: dict[str, Any], values: Item, newest_first: bool, limit: int, after: Item | None) -> Page:
    request |= {
        "TableName": settings().table,
        "ExpressionAttributeValues": encode({f":{name}": value for name, value in values.items()}),
        "ScanIndexForward": not newest_first,
        "Limit": limit,
    }
    if after is not None:
        request["ExclusiveStartKey"] = encode(after)
    answer = client("dynamodb").query(**request)
    last = answer.get("LastEvaluatedKey")
    return Page(tuple(decode(item) for item in answer["Items"]), decode(last) if last else None)


def write(one: Write) -> None:
    """A single write. Raises ConditionLost."""
    noted = _acts_of([one])
    if noted:
        _transact([one, *noted])
        return
    arguments = _arguments(one)
    match one.kind:
        case "Put":
            _patiently(lambda: client("dynamodb").put_item(**arguments))
        case "Update":
            _patiently(lambda: client("dynamodb").update_item(**arguments))
        case "Delete":
            _patiently(lambda: client("dynamodb").delete_item(**arguments))
        case "ConditionCheck":
            raise ValueError("a condition is checked within a transaction")


def take(key: Key, *, condition: str = "", values: Mapping[str, Any] | None = None) -> Item:
    """Delete an item and give what it was: only one caller gets it. Raises ConditionLost."""
    arguments = _arguments(delete(key, condition=condition or PRESENT, values=values)) | {"ReturnValues": "ALL_OLD"}
    return decode(_patiently(lambda: client("dynamodb").delete_item(**arguments))["Attributes"])


def transact(writes: Sequence[Write]) -> None:
    """All of the writes or none. Raises ConditionLost with the positions of the writes whose condition did not hold."""
    _transact([*writes, *_acts_of(writes)])


def _transact(writes: Sequence[Write]) -> None:
    requests = [{one.kind: _arguments(one)} for one in writes]
    _patiently(lambda: client("dynamodb").transact_write_items(TransactItems=requests))


def _acts_of(writes: Sequence[Write]) -> list[Write]:
    """What is to be noted of these writes, with the records as they stand: nothing where nobody acts, and nothing is read for a new record."""
    if acts.actor() is None:
        return []
    changes = [change for change in map(_changing, writes) if change.is_told]
    before = {one.key: one.before for one in writes if one.before}
    before |= get_many([change.key for change in changes if not change.is_new and change.key not in before])
    return [put(item, condition=ABSENT) for item in acts.items_of(changes, before)]


def _changing(one: Write) -> acts.Changing:
    sets = one.item if one.kind == "Put" else {name.removesuffix("_new"): value for name, value in one.values.items() if name.endswith("_new")}
    names = frozenset(one.item) if one.kind == "Put" else acts.named_in(one.update)
    gone = dict.fromkeys(names - sets.keys()) if one.kind == "Update" and "REMOVE" in one.update else {}
    return acts.Changing(one.key, one.kind, {**gone, **sets}, names, is_new=one.kind == "Put" and one.condition == ABSENT)


def _patiently(call: Callable[[], Answer]) -> Answer:
    """Call again after a collision with another transaction."""
    for attempt in range(_TRIES):
        try:
            return call()
        except ClientError as fault:
            if not _is_collision(fault):
                raise
            _pause(attempt)
    raise Contention("too many write the same record at once")


def _is_collision(fault: ClientError) -> bool:
    """Whether a failed write collided and may be tried again. Raises ConditionLost when a condition did not hold."""
    code = fault.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionLost from fault
    if code != "TransactionCanceledException":
        return code in _CONFLICTS
    reasons = [reason.get("Code") for reason in fault.response.get("CancellationReasons", ())]
    lost = [position for position, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"]
    if lost:
        raise ConditionLost(lost) from fault
    return any(reason in _CONFLICTS for reason in reasons)


def pause(attempt: int) -> None:
    """Wait a random while that grows with the attempts: what everyone does who lost a race."""
    _pause(attempt)


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.5)))  # noqa: S311  (jitter, no secret)


def _arguments(one: Write) -> dict[str, Any]:
    names = set(re.findall(r"#(\w+)", f"{one.update} {one.condition}"))
    given = {
        "TableName": settings().table,
        "Item" if one.kind == "Put" else "Key": encode(one.item) if one.kind == "Put" else _key(one.key),
        "UpdateExpression": one.update,
        "ConditionExpression": one.condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in sorted(names)},
        "ExpressionAttributeValues": encode({f":{name}": value for name, value in one.values.items()}),
    }
    return {name: value for name, value in given.items() if value}


def _key(key: Key) -> dict[str, Any]:
    return encode({"PK": key.pk, "SK": key.sk})


def places(*index_keys: IndexKey) -> Item:
    """The attributes that put an item into indexes."""
    return {name: text for place in index_keys for name, text in ((f"GSI{place.index}PK", place.pk), (f"GSI{place.index}SK", place.sk))}


def keys_of(items: Iterable[Item]) -> list[Key]:
    return [Key(item["PK"], item["SK"]) for item in items]
