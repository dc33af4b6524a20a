"""Time to live."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.local.expiry import Expiry
from tests.local.emulator import Emulator, emulator
from tests.local.tiny_stack import eventually


@pytest.fixture
def at() -> Iterator[Emulator]:
    with emulator(fixed=True) as found:
        yield found


def _texts(at: Emulator, table: str) -> set[str]:
    return {item["SK"]["S"] for item in at.dynamodb.scan(TableName=table)["Items"]}


def test_it_deletes_what_has_expired_where_a_table_says_so(at: Emulator) -> None:
    for table in ("mortal", "lasting"):
        at.table(table)
        for name, ends_at in {"past": time.time() - 60, "future": time.time() + 600}.items():
            key = {"PK": {"S": "p"}, "SK": {"S": name}}
            at.dynamodb.put_item(TableName=table, Item={**key, "expires_at": {"N": str(int(ends_at))}})
        at.dynamodb.put_item(TableName=table, Item={"PK": {"S": "p"}, "SK": {"S": "never"}})
    at.dynamodb.update_time_to_live(TableName="mortal", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})
    with closing(Expiry(0.01)) as expiry:
        expiry.start()
        assert eventually(lambda: _texts(at, "mortal") == {"future", "never"})
    assert _texts(at, "lasting") == {"past", "future", "never"}
