"""The results of a distributed map, as the engine's ResultWriter leaves them in S3: a manifest, and files of child executions by status.

In: an organisation and the manifest's key. Out: what each child that succeeded put out, in no order. A file holds a child's input beside its output
and is read piece by piece, so that one child at a time is in memory. Never: a file outside the organisation's prefix read.

The shape is the Developer Guide's ("ResultWriter (Map)"): manifest `{ResultFiles: {SUCCEEDED, FAILED, PENDING: [{Key, Size}]}}`; a file is an array
of `{Name, Status, Input, Output, …}`, where Output is JSON text.
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from chalicelib.errors import BlobMissing
from chalicelib.settings import settings
from chalicelib.spec.model import Json
from chalicelib.store.clients import client

_CHUNK_BYTES: Final = 1024 * 1024
_BETWEEN: Final = " \t\r\n[],"


def read_outputs(organisation_id: str, manifest_key: str) -> Iterator[Json]:
    """Raises BlobMissing where a file is gone, or tells of a child that did not succeed."""
    manifest = json.loads(_body(organisation_id, manifest_key).read())
    files = manifest.get("ResultFiles", {})
    if files.get("FAILED") or files.get("PENDING"):
        raise BlobMissing(f"{manifest_key} tells of items that did not succeed")
    for file in files.get("SUCCEEDED", []):
        for child in values_in(_body(organisation_id, file["Key"]).iter_chunks(_CHUNK_BYTES)):
            yield _output(child)


def values_in(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The objects of a JSON array or of JSON Lines, each as soon as it is there."""
    decoder, text, left = codecs.getincrementaldecoder("utf-8")(), json.JSONDecoder(), ""
    for chunk in chunks:
        left += decoder.decode(chunk)
        while left := left.lstrip(_BETWEEN):
            try:
                value, end = text.raw_decode(left)
            except ValueError:
                break
            yield value
            left = left[end:]
    if left.strip(_BETWEEN):
        raise BlobMissing("a file of results ends in the middle of one")


def _output(child: Json) -> Json:
    """A child's output is JSON text beside what else is known of it."""
    output = child.get("Output") if isinstance(child, dict) else None
    if not isinstance(output, str):
        raise BlobMissing("a result without its output")
    found: Json = json.loads(output)
    return found


def _body(organisation_id: str, key: str) -> Any:
    if not key.startswith(f"{organisation_id}/"):
        raise BlobMissing(f"{key} belongs to another organisation")
    s3 = client("s3")
    try:
        return s3.get_object(Bucket=settings().bucket, Key=key)["Body"]
    except s3.exceptions.NoSuchKey as fault:
        raise BlobMissing(f"{key} is gone") from fault
