"""Results of distributed maps, as the engine leaves them in S3."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.errors import BlobMissing
from chalicelib.settings import settings
from chalicelib.store.clients import client
from chalicelib.store.map_results import read_outputs, values_in
from tests.factories.cloud import Cloud

FOLDER = "org_local/runs/run_1/rows/results/1"


def put(key: str, body: bytes) -> str:
    client("s3").put_object(Bucket=settings().bucket, Key=key, Body=body)
    return key


def manifest(files: Sequence[str], **others: Any) -> str:
    """As the Developer Guide shows it."""
    succeeded = [{"Key": key, "Size": 1} for key in files]
    body = {"DestinationBucket": "b", "MapRunArn": "arn", "ResultFiles": {"FAILED": [], "PENDING": [], "SUCCEEDED": succeeded, **others}}
    return put(f"{FOLDER}/manifest.json", json.dumps(body).encode())


def child(output: Any) -> dict[str, Any]:
    """One execution of a file, as the Developer Guide shows it."""
    return {
        "ExecutionArn": "arn:aws:states:eu-central-1:123456789012:execution:rows/rows:da4e9fc7",
        "Input": json.dumps({"item": "x" * 50}),
        "InputDetails": {"Included": True},
        "Name": "da4e9fc7",
        "Output": json.dumps(output),
        "OutputDetails": {"Included": True},
        "Status": "SUCCEEDED",
    }


def test_it_reads_all_files_of_children_that_succeeded(aws: Cloud) -> None:
    files = [put(f"{FOLDER}/SUCCEEDED_{number}.json", json.dumps([child({"n": number}), child("ü")]).encode()) for number in range(2)]
    assert list(read_outputs("org_local", manifest(files))) == [{"n": 0}, "ü", {"n": 1}, "ü"]


def test_it_reads_a_map_of_no_items(aws: Cloud) -> None:
    assert list(read_outputs("org_local", manifest([]))) == []


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_it_reads_a_file_piece_by_piece(size: int) -> None:
    for text in ('[{"a": "ü"}, {"c": [1, 2]},\n {"b": {}}]', '{"a": "ü"}\n{"c": [1, 2]}\n{"b": {}}\n'):
        body = text.encode()
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        assert list(values_in(chunks)) == [{"a": "ü"}, {"c": [1, 2]}, {"b": {}}]


def test_a_file_that_ends_too_early_is_told() -> None:
    with pytest.raises(BlobMissing, match="middle"):
        list(values_in([b'[{"a": 1}, {"b"']))


def test_what_did_not_succeed_is_told(aws: Cloud) -> None:
    with pytest.raises(BlobMissing, match="did not succeed"):
        list(read_outputs("org_local", manifest([], FAILED=[{"Key": "x", "Size": 1}])))


@pytest.mark.parametrize("entry", ["no execution", [{"Status": "SUCCEEDED"}]])
def test_a_result_without_its_output_is_told(aws: Cloud, entry: Any) -> None:
    files = [put(f"{FOLDER}/SUCCEEDED_0.json", json.dumps(entry).encode())]
    with pytest.raises(BlobMissing, match="without its output"):
        list(read_outputs("org_local", manifest(files)))


def test_no_file_outside_the_organisation_is_read(aws: Cloud) -> None:
    for key in ("org_other/manifest.json", manifest(["org_other/SUCCEEDED_0.json"])):
        with pytest.raises(BlobMissing, match="another organisation"):
            list(read_outputs("org_local", key))


def test_a_file_that_is_gone_is_told(aws: Cloud) -> None:
    with pytest.raises(BlobMissing, match="gone"):
        list(read_outputs("org_local", "org_local/none"))
