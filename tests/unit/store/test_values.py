"""Values of any size: inline, in S3, by pointer."""

import pytest

from chalicelib.errors import BlobCorrupt, BlobMissing, OutputTooLarge
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import Blob, load_json, put_json
from chalicelib.store.clients import client
from chalicelib.store.memory import recall, remember
from chalicelib.store.pointers import fit, is_pointer, resolve, resolve_all
from chalicelib.store.values import INLINE_BYTES, keep, load
from tests.factories.cloud import Cloud

VALUES: list[Json] = [None, True, 0.1, 10**40, "ä\n", [], {"": {"a": [1, {"b": None}]}}, {"deep": [[[[[[[[[1]]]]]]]]]}]


@pytest.mark.parametrize("value", VALUES)
def test_what_is_kept_is_loaded(aws: Cloud, value: Json) -> None:
    assert load("org_local", keep("org_local", "here", value)) == value
    assert load_json("org_local", put_json("org_local", "here", value)) == value


def test_large_values_go_to_s3_and_small_ones_do_not(aws: Cloud) -> None:
    assert keep("org_local", "here", "x" * (INLINE_BYTES - 2)).blob is None
    assert keep("org_local", "here", "x" * INLINE_BYTES).blob is not None
    assert load("org_local", None) is None


def test_the_same_value_is_the_same_object(aws: Cloud) -> None:
    first, again = put_json("org_local", "here", [1, 2, 3]), put_json("org_local", "here", [1, 2, 3])
    assert first == again
    assert (first.count, first.bytes, first.key.startswith("org_local/here/")) == (3, 7, True)


def test_nothing_is_read_of_another_organisation(aws: Cloud) -> None:
    blob = put_json("org_other", "here", "secret")
    with pytest.raises(BlobMissing):
        load_json("org_local", blob)


def test_an_object_that_is_gone_or_changed_is_told(aws: Cloud) -> None:
    blob = put_json("org_local", "here", "a value")
    client("s3").put_object(Bucket=settings().bucket, Key=blob.key, Body=b'"another"')
    with pytest.raises(BlobCorrupt):
        load_json("org_local", blob)
    with pytest.raises(BlobMissing):
        load_json("org_local", Blob(key="org_local/none", bytes=1, sha256=""))


def test_no_number_that_json_lacks_is_written(aws: Cloud) -> None:
    with pytest.raises(ValueError, match="JSON"):
        put_json("org_local", "here", float("nan"))


def test_a_value_that_fits_stays(aws: Cloud) -> None:
    assert fit("org_local", {"a": 1}, folder="here", inline_bytes=100, keep=["a"]) == {"a": 1}


def test_a_large_value_leaves_a_pointer_with_its_kept_fields(aws: Cloud) -> None:
    value: JsonObject = {"best": {"name": "Ritz", "rooms": [1, 2]}, "count": 3, "text": "x" * 500, "none": None}
    record = fit(
        "org_local", value, folder="here", inline_bytes=100, keep=["best.name", "count", "none", "best.missing", "text.deeper", "count.deeper"]
    )
    assert isinstance(record, dict)
    assert {name: kept for name, kept in record.items() if name != "Pointer"} == {"best": {"name": "Ritz"}, "count": 3, "none": None}
    assert is_pointer(record)
    assert resolve("org_local", record) == value
    assert resolve_all("org_local", {"deep": [record, 1]}) == {"deep": [value, 1]}


def test_a_field_within_a_kept_field_takes_nothing_away(aws: Cloud) -> None:
    value: JsonObject = {"a": {"b": 1, "c": 2}, "text": "x" * 500}
    record = fit("org_local", value, folder="here", inline_bytes=100, keep=["a", "a.b"])
    assert isinstance(record, dict)
    assert record["a"] == {"b": 1, "c": 2}


def test_a_large_array_says_how_many_it_holds(aws: Cloud) -> None:
    record = fit("org_local", list(range(1000)), folder="here", inline_bytes=100)
    assert isinstance(record, dict)
    assert isinstance(record["Pointer"], dict)
    assert record["Pointer"]["count"] == 1000
    assert set(record["Pointer"]) == {"key", "bytes", "sha256", "count"}


def test_what_must_stay_and_does_not_fit_is_told(aws: Cloud) -> None:
    value: JsonObject = {"text": "x" * 300_000}
    for kept in (["*"], ["text"]):
        with pytest.raises(OutputTooLarge):
            fit("org_local", value, folder="here", inline_bytes=100, keep=kept)
    assert fit("org_local", {"text": "x" * 1000}, folder="here", inline_bytes=100, keep=["*"]) == {"text": "x" * 1000}


def test_what_looks_like_a_pointer_and_is_none_stays_as_it_is(aws: Cloud) -> None:
    for value in ({"Pointer": "x"}, {"Pointer": {"no": "key"}}, "text", None):
        assert resolve("org_local", value) == value  # type: ignore[arg-type]
    with pytest.raises(BlobMissing):
        resolve("org_local", {"Pointer": {"key": "org_local/x"}})


def test_memory_keeps_the_last_value(aws: Cloud) -> None:
    assert recall("org_local", "wf_1", "city") is None
    remember("org_local", "wf_1", "city", "Rome")
    remember("org_local", "wf_1", "city", {"name": "Oslo", "long": "x" * 50_000})
    assert recall("org_local", "wf_1", "city") == {"name": "Oslo", "long": "x" * 50_000}
    assert recall("org_other", "wf_1", "city") is None
