"""Large values in S3: content-addressed JSON objects under the organisation's prefix.

In: JSON. Out: `Blob(key, bytes, sha256, count)`. Writing twice gives the same object. Never: an object read whose key is outside the organisation's
prefix.
"""

import hashlib
import json
from typing import Final

from chalicelib.errors import BlobCorrupt, BlobMissing
from chalicelib.settings import settings
from chalicelib.spec.model import Json
from chalicelib.store.clients import client
from chalicelib.store.record import Record

URL_SECONDS: Final = 300


class Blob(Record):
    """Where a value lies; `count` is an array's length, else None."""

    key: str
    bytes: int
    sha256: str
    count: int | None = None


def json_text(value: Json) -> str:
    """A value as compact JSON. NaN and infinities, which are no JSON, raise ValueError."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def put_json(organisation_id: str, folder: str, value: Json) -> Blob:
    """Write a value below `<organisation>/<folder>/`."""
    body = json_text(value).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    blob = Blob(
        key=f"{organisation_id}/{folder}/{sha256}.json", bytes=len(body), sha256=sha256, count=len(value) if isinstance(value, list) else None
    )
    client("s3").put_object(Bucket=settings().bucket, Key=blob.key, Body=body, ContentType="application/json")
    return blob


def signed_url(organisation_id: str, blob: Blob, *, name: str) -> str | None:
    """An address at which the value can be had for URL_SECONDS by whoever has it, as a file of that name. None on the local stack, whose storage
    nobody can reach. Raises BlobMissing for another organisation's value."""
    _require_own(organisation_id, blob)
    if settings().stage == "local":
        return None
    asked = {"Bucket": settings().bucket, "Key": blob.key, "ResponseContentDisposition": f'attachment; filename="{name}.json"'}
    url: str = client("s3").generate_presigned_url("get_object", Params=asked, ExpiresIn=URL_SECONDS)
    return url


def load_json(organisation_id: str, blob: Blob) -> Json:
    """Read a value back. Raises BlobMissing, or BlobCorrupt when its digest differs."""
    _require_own(organisation_id, blob)
    s3 = client("s3")
    try:
        body: bytes = s3.get_object(Bucket=settings().bucket, Key=blob.key)["Body"].read()
    except s3.exceptions.NoSuchKey as fault:
        raise BlobMissing(f"{blob.key} is gone") from fault
    if blob.sha256 and hashlib.sha256(body).hexdigest() != blob.sha256:
        raise BlobCorrupt(f"{blob.key} has another content than was written")
    loaded: Json = json.loads(body)
    return loaded


def _require_own(organisation_id: str, blob: Blob) -> None:
    if not blob.key.startswith(f"{organisation_id}/"):
        raise BlobMissing(f"{blob.key} belongs to another organisation")


def delete_folder(organisation_id: str, folder: str) -> None:
    """Delete all values below `<organisation>/<folder>/`."""
    s3, bucket = client("s3"), settings().bucket
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{organisation_id}/{folder}/"):
        found = [{"Key": each["Key"]} for each in page.get("Contents", ())]
        if found:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
