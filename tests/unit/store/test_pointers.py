"""Pointers to items of a large list."""

from typing import Any

import pytest

from chalicelib.errors import BlobMissing, OutputTooLarge
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import pointers
from chalicelib.store.pointers import fit, resolve, resolve_all, size_of
from tests.factories.cloud import Cloud

ROWS: list[Json] = [{"name": f"row {number}", "text": "x" * 100} for number in range(50)]


def record_of(value: Json, *keep: str) -> JsonObject:
    record = fit("org_local", value, folder="here", inline_bytes=100, keep=keep)
    assert isinstance(record, dict)
    return record


def item(record: JsonObject, *path: str | float) -> JsonObject:
    """As a machine makes it."""
    pointer = record["Pointer"]
    assert isinstance(pointer, dict)
    return {"Pointer": {"key": pointer["key"], "bytes": pointer["bytes"], "sha256": pointer["sha256"], "path": [*path]}}


def test_a_list_that_is_iterated_leaves_its_skeleton(aws: Cloud) -> None:
    record = record_of({"rows": ROWS, "count": 50}, "rows[]", "rows[].name", "count")
    assert record["count"] == 50
    assert "rows" not in record
    assert record["Pointer"]["lists"] == {"rows": [{"name": f"row {number}"} for number in range(50)]}  # type: ignore[index,call-overload]


def test_an_item_is_found_by_its_path(aws: Cloud) -> None:
    record = record_of({"rows": ROWS}, "rows[]")
    assert resolve("org_local", item(record, "rows", 17)) == ROWS[17]
    assert resolve("org_local", item(record, "rows", 17.0, "name")) == "row 17"
    assert resolve("org_local", item(record, "rows", 99)) is None


def test_the_blob_of_many_items_is_loaded_once(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    record = record_of({"rows": ROWS, "once": True})
    aws.calls.clear()
    for number in range(50):
        assert resolve("org_local", item(record, "rows", number)) == ROWS[number]
    assert aws.calls.count("s3:GetObject") == 1
    monkeypatch.setattr(pointers, "CACHED_BYTES", 100)
    resolve("org_local", item(record, "rows", 1))
    assert aws.calls.count("s3:GetObject") == 2


def test_an_item_that_somebody_changes_stays_as_it_was(aws: Cloud) -> None:
    record = record_of({"rows": ROWS, "changed": True})
    found: Any = resolve("org_local", item(record, "rows", 0))
    found["name"] = "another"
    assert resolve("org_local", item(record, "rows", 0)) == ROWS[0]


def test_an_item_that_is_a_pointer_record_itself_is_followed(aws: Cloud) -> None:
    inner = record_of({"lines": ROWS})
    outer = record_of([inner, {"lines": [1]}])
    assert resolve_all("org_local", item(outer, 0, "lines", 3)) == ROWS[3]
    assert resolve_all("org_local", item(outer, 0)) == {"lines": ROWS}
    assert resolve_all("org_local", item(outer, 1, "lines", 0)) == 1


def test_an_item_of_another_organisation_is_not_followed(aws: Cloud) -> None:
    record = record_of({"rows": ROWS})
    with pytest.raises(BlobMissing):
        resolve("org_other", item(record, "rows", 1))


def test_nobody_has_measured_an_item(aws: Cloud) -> None:
    record = record_of({"rows": ROWS})
    assert size_of(record) is not None
    assert size_of(item(record, "rows", 1)) is None


def test_a_skeleton_that_no_state_holds_is_told(aws: Cloud) -> None:
    with pytest.raises(OutputTooLarge, match=r"rows\[\]\.text"):
        record_of({"rows": [{"text": "x" * 300_000}]}, "rows[]", "rows[].text")
