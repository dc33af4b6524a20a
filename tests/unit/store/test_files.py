"""Files in the bucket, copied to this machine and put back."""

import tempfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import BlobMissing, ConditionLost
from chalicelib.settings import settings
from chalicelib.store import files
from chalicelib.store.clients import client
from tests.factories.cloud import Cloud


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def upload(body: bytes, key: str = "org_local/books.db") -> None:
    client("s3").put_object(Bucket=settings().bucket, Key=key, Body=body)


def test_it_copies_a_version_once(aws: Cloud) -> None:
    upload(b"one")
    path, version = files.copy_of("org_local", "books.db", max_bytes=10)
    assert path.read_bytes() == b"one"
    aws.calls.clear()
    assert files.copy_of("org_local", "/books.db", max_bytes=10) == (path, version)
    assert aws.calls == ["s3:HeadObject"]


def test_it_copies_a_new_version_and_keeps_few_old_ones(aws: Cloud) -> None:
    for number in range(6):
        upload(str(number).encode())
        path, _ = files.copy_of("org_local", "books.db", max_bytes=10)
        assert path.read_bytes() == str(number).encode()
    assert len(list(path.parent.iterdir())) == 4


def test_it_puts_back_what_was_made_from_the_newest_alone(aws: Cloud, tmp_path: Path) -> None:
    upload(b"one")
    _, version = files.copy_of("org_local", "books.db", max_bytes=10)
    changed = tmp_path / "changed"
    changed.write_bytes(b"two")
    files.replace("org_local", "books.db", changed, version)
    assert files.copy_of("org_local", "books.db", max_bytes=10)[0].read_bytes() == b"two"
    with pytest.raises(ConditionLost):
        files.replace("org_local", "books.db", changed, version)


def test_it_tells_of_what_is_missing_or_too_large(aws: Cloud) -> None:
    upload(b"x" * 11)
    with pytest.raises(files.FileTooLarge) as caught:
        files.copy_of("org_local", "books.db", max_bytes=10)
    assert caught.value.size == 11
    for owner, key in (("org_local", "none.db"), ("org_other", "books.db")):
        with pytest.raises(BlobMissing):
            files.copy_of(owner, key, max_bytes=10)


def test_it_passes_on_what_is_no_absence(aws: Cloud, tmp_path: Path) -> None:
    upload(b"one")
    _, version = files.copy_of("org_local", "books.db", max_bytes=10)
    changed = tmp_path / "changed"
    changed.write_bytes(b"two")
    aws.refuse("s3:HeadObject", "InvalidRequest")
    with pytest.raises(ClientError):
        files.copy_of("org_local", "books.db", max_bytes=10)
    aws.refuse("s3:PutObject", "InvalidRequest")
    with pytest.raises(ClientError):
        files.replace("org_local", "books.db", changed, version)
