"""Faults of moto's DynamoDB and SQS under concurrency, and of its transactions and streams.

In: moto's backends. Out: `PATCHES`, and `CHANGES`, the one place where every committed change of an item passes: persistence and streams listen
there.
A unit of work (a call, or all items of a transaction) commits as one or leaves nothing behind: items are put back from an undo log.
"""

import copy
import hashlib
import inspect
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from moto.core.common_models import BaseModel
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler
from moto.sqs.responses import SQSResponse

from infra.local.patches.patch import Patch, Replacement

LOCK: Final = threading.RLock()  # serialises DynamoDB and SQS calls; whoever reads tables directly takes it too


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after; None where it did not or does not exist. `after` is the live item: read it before the lock is given back."""

    table: Any
    before: Any
    after: Any

    @property
    def key(self) -> tuple[Any, Any]:
        item = self.after if self.after is not None else self.before
        return item.hash_key, item.range_key


class Changes:
    """The changes of the unit of work at hand, and who is told of them once it is done."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[list[Change]], None]] = []
        self._depth = 0
        self._pending: list[Change] = []

    @contextmanager
    def unit(self) -> Iterator[None]:
        with LOCK:
            mark = len(self._pending)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._undo(mark)
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._commit()

    @contextmanager
    def one(self, table: Any, hash_key: Any, range_key: Any) -> Iterator[None]:
        """A unit that changes one item, in place perhaps, by whatever steps: one change comes of it."""
        with self.unit():
            before = copy.deepcopy(table.get_item(hash_key, range_key))
            mark = len(self._pending)
            try:
                yield
            finally:
                del self._pending[mark:]
                self.add(Change(table, before, table.get_item(hash_key, range_key)))

    def add(self, change: Change) -> None:
        if change.before is not None or change.after is not None:
            self._pending.append(change)

    @property
    def in_unit(self) -> bool:
        return self._depth > 0

    def _undo(self, mark: int) -> None:
        for change in reversed(self._pending[mark:]):
            _restore(change)
        del self._pending[mark:]

    def _commit(self) -> None:
        committed, self._pending = self._pending, []
        for change in committed:
            shard = change.table.stream_shard
            if shard is not None and not _same(change):
                _add_record(shard, change.before, change.after)
                _forget_old_records(shard)
        if committed:
            for listener in self.listeners:
                listener(committed)


CHANGES: Final = Changes()


def _same(change: Change) -> bool:
    return change.before is not None and change.after is not None and bool(change.before.to_json() == change.after.to_json())


def _restore(change: Change) -> None:
    hash_key, range_key = change.key
    items = change.table.items
    if range_key is None:
        if change.before is None:
            items.pop(hash_key, None)
        else:
            items[hash_key] = change.before
    elif change.before is None:
        items[hash_key].pop(range_key, None)
    else:
        items[hash_key][range_key] = change.before


def _forget_old_records(shard: Any, kept: int = 10_000) -> None:
    if len(shard.items) > 2 * kept:
        dropped = len(shard.items) - kept
        del shard.items[:dropped]
        shard.starting_sequence_number += dropped


_add_record = StreamShard.add


def _record_on_commit(self: Any, old: Any, new: Any) -> None:
    if not CHANGES.in_unit:
        _add_record(self, old, new)


_put, _delete = Table.put_item, Table.delete_item
_update, _transact = DynamoDBBackend.update_item, DynamoDBBackend.transact_write_items


def _put_item(self: Any, item_attrs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    with CHANGES.unit():
        before = _current(self, item_attrs)
        item = _put(self, item_attrs, *args, **kwargs)
        CHANGES.add(Change(self, before, item))
        return item


def _current(table: Any, attributes: dict[str, Any]) -> Any:
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    if not all(name in attributes for name in names):
        return None  # the original says what is missing
    keys = [DynamoType(attributes[name]) for name in names]
    return table.get_item(*keys)


def _delete_item(self: Any, hash_key: Any, range_key: Any) -> Any:
    with CHANGES.unit():
        item = _delete(self, hash_key, range_key)
        CHANGES.add(Change(self, item, None))
    return item


def _update_item(self: Any, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    table = self.get_table(table_name)
    with CHANGES.one(table, *self.get_keys_value(table, key)):
        return _update(self, table_name, key, *args, **kwargs)


def _transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
    with CHANGES.unit():
        _transact(self, transact_items)


def _uncopied(self: Any, memo: dict[int, Any]) -> Any:
    """Inside a transaction a table is not copied: the undo log stands in."""
    if CHANGES.in_unit:
        return self
    twin = self.__class__.__new__(self.__class__)
    memo[id(self)] = twin
    twin.__dict__.update({name: copy.deepcopy(value, memo) for name, value in vars(self).items()})
    return twin


def _serial(call: Callable[..., Any]) -> Callable[..., Any]:
    def one_at_a_time(self: Any) -> Any:
        with LOCK:
            return call(self)

    return one_at_a_time


def _new_untracked(cls: Any, *_args: Any, **_kwargs: Any) -> Any:
    return super(BaseModel, cls).__new__(cls)


# --- queries -------------------------------------------------------------------------------------------------------

_query, _all_items = Table.query, Table.all_items
_QUERY: Final = inspect.signature(_query)


def _query_partition(self: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
    """Only the items that can match are sorted and compared: those of the partition, or those with the index's hash value."""
    with LOCK:
        asked = _QUERY.bind(self, hash_key, *args, **kwargs).arguments
        self.__dict__["candidates"] = _candidates(self, hash_key, asked.get("index_name"), asked.get("hash_key_conditions"))
        try:
            return _query(self, hash_key, *args, **kwargs)
        finally:
            del self.__dict__["candidates"]


def _candidates(table: Any, hash_key: Any, index_name: str | None, conditions: Any) -> list[Any] | None:
    if index_name is None:
        found = table.items.get(hash_key)
        return [] if found is None else list(found.values()) if table.range_key_attr else [found]
    if not conditions:
        return None
    attribute, wanted = conditions[0]
    rows = (row for rows in table.items.values() for row in (rows.values() if table.range_key_attr else (rows,)))
    return [row for row in rows if (held := row.attrs.get(attribute)) is not None and held.value == wanted.value and held.type == wanted.type]


def _all_or_candidates(self: Any) -> Any:
    found = self.__dict__.get("candidates")
    return _all_items(self) if found is None else found


# --- transactions are idempotent by their token --------------------------------------------------------------------

_transact_call = DynamoHandler.transact_write_items
_IDEMPOTENT_SECONDS: Final = 600


def _transact_once(self: Any) -> Any:
    token = self.body.get("ClientRequestToken")
    if not token:
        return _transact_call(self)
    done: dict[str, tuple[float, bytes]] = self.dynamodb_backend.__dict__.setdefault("transaction_tokens", {})
    now, asked = time.monotonic(), _digest(self.body["TransactItems"])
    _forget_old_tokens(done, now)
    if token not in done:
        result = _transact_call(self)
        done[token] = (now, asked)
        return result
    if done[token][1] != asked:
        raise JsonRESTError("com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException", "The token was used with other parameters")
    return ActionResult({})


def _forget_old_tokens(done: dict[str, tuple[float, bytes]], now: float) -> None:
    """The oldest are first; each call looks at those that go and at one that stays."""
    while done and now - done[oldest := next(iter(done))][0] > _IDEMPOTENT_SECONDS:
        del done[oldest]


def _digest(items: Any) -> bytes:
    """What is kept of a transaction for ten minutes: its items would fill the memory."""
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode()).digest()


PATCHES: Final = (
    Patch(
        "calls_one_at_a_time",
        "Threads overwrite each other: counters lose increments, conditional writes have two winners, a failing transaction erases what others wrote "
        "meanwhile. DynamoDB and SQS calls are atomic on AWS.",
        (
            Replacement(DynamoHandler, "call_action", _serial(DynamoHandler.call_action)),
            Replacement(SQSResponse, "call_action", _serial(SQSResponse.call_action)),
        ),
    ),
    Patch(
        "units_of_work",
        "A transaction copies the whole table once per item (2.9 s at 20,000 items); an update that creates an item puts two INSERT records into the "
        "stream, one that changes nothing puts a MODIFY; an update that fails halfway leaves half of it.",
        (
            Replacement(Table, "put_item", _put_item),
            Replacement(Table, "delete_item", _delete_item),
            Replacement(Table, "__deepcopy__", _uncopied),
            Replacement(StreamShard, "add", _record_on_commit),
            Replacement(DynamoDBBackend, "update_item", _update_item),
            Replacement(DynamoDBBackend, "transact_write_items", _transact_write_items),
        ),
    ),
    Patch(
        "models_forgotten",
        "Every item, stream record and execution that ever was is kept in a list for a dashboard: 300 kB a run of five nodes.",
        (Replacement(BaseModel, "__new__", staticmethod(_new_untracked)),),
    ),
    Patch(
        "query_reads_one_partition",
        "A Query sorts and reads the whole table (225 ms at 20,000 items).",
        (Replacement(Table, "query", _query_partition), Replacement(Table, "all_items", _all_or_candidates)),
    ),
    Patch(
        "transaction_tokens",
        "ClientRequestToken is ignored: the same transaction sent twice is applied twice. AWS applies it once within ten minutes.",
        (Replacement(DynamoHandler, "transact_write_items", _transact_once),),
    ),
)
