"""Files of an organisation in the bucket, such as SQLite databases: copied to this machine, and put back by whoever saw the newest.

In: an organisation and a key below its prefix. Out: the path of a copy that nobody changes, with its version (the object's ETag). Never: a file of
another organisation; a write over a version that was not read.
"""

import hashlib
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.errors import BlobMissing, ConditionLost
from chalicelib.settings import settings
from chalicelib.store.clients import client

FOLDER: Final = "sluice-files"
_KEPT: Final = 3  # copies of one file, of which others may still read


class FileTooLarge(Exception):  # noqa: N818
    """`size` is what it has."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"{size} bytes")


def copy_of(organisation_id: str, key: str, *, max_bytes: int) -> tuple[Path, str]:
    """(a copy of the newest version, that version). Raises BlobMissing, FileTooLarge."""
    s3, place = client("s3"), _place(organisation_id, key)
    try:
        head = s3.head_object(**place)
    except ClientError as fault:
        if fault.response["Error"]["Code"] not in ("403", "404", "NoSuchKey", "NotFound", "AccessDenied"):  # without leave to list, absence is a 403
            raise
        raise BlobMissing(f"{key} is not there") from fault
    if head["ContentLength"] > max_bytes:
        raise FileTooLarge(head["ContentLength"])
    folder = Path(tempfile.gettempdir()) / FOLDER / hashlib.sha256("/".join(place.values()).encode()).hexdigest()[:32]
    path = folder / hashlib.sha256(head["ETag"].encode()).hexdigest()[:32]
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _download(s3, place, head["ETag"], path)
        _prune(folder, path)
    return path, head["ETag"]


def replace(organisation_id: str, key: str, path: Path, version: str) -> None:
    """Put a file in place of the version that it was made from. Raises ConditionLost where that is no longer the newest."""
    try:
        with path.open("rb") as body:
            client("s3").put_object(**_place(organisation_id, key), Body=body, IfMatch=version)
    except ClientError as fault:
        if fault.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404"):
            raise ConditionLost from fault
        raise


def _place(organisation_id: str, key: str) -> dict[str, str]:
    return {"Bucket": settings().bucket, "Key": f"{organisation_id}/{key.lstrip('/')}"}


def _download(s3: Any, place: dict[str, str], version: str, path: Path) -> None:
    """Whole, or not at all: others may be at it, too."""
    body = s3.get_object(**place, IfMatch=version)["Body"]
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        for chunk in body.iter_chunks(1_048_576):
            part.write(chunk)
    Path(part.name).replace(path)


def _prune(folder: Path, newest: Path) -> None:
    older = sorted((path for path in folder.iterdir() if path != newest), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in older[_KEPT:]:
        with suppress(OSError):
            path.unlink()
