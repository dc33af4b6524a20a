"""Checkpoints of audit chains and the public keys that sign them: objects of a bucket in which nothing can be changed or deleted before its time.

In: an organisation and a document. Out: the documents, in order of their counts. Writing twice is harmless: the first stays.
"""

import json
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.settings import settings
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.clients import client

_THERE: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


def put_checkpoint(organisation_id: str, count: int, document: JsonObject) -> None:
    """Keep a checkpoint."""
    _put(f"checkpoints/{organisation_id}/{count:012d}.json", document)


def put_public_key(fingerprint: str, document: JsonObject) -> None:
    _put(f"keys/{fingerprint}.json", document)


def list_checkpoints(organisation_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JsonObject, ...]:
    """Checkpoints over more entries than `after`, oldest first."""
    prefix = f"checkpoints/{organisation_id}/"
    return tuple(_read(name) for name in _names(prefix, start_after=f"{prefix}{after:012d}.json", limit=limit))


def list_public_keys() -> tuple[JsonObject, ...]:
    return tuple(_read(name) for name in _names("keys/", start_after="", limit=100))


def _put(name: str, document: JsonObject) -> None:
    """The bucket locks every new object by itself."""
    body = canonical_json(document).encode()
    try:
        client("s3").put_object(Bucket=settings().audit_bucket, Key=name, Body=body, ContentType="application/json", IfNoneMatch="*")
    except ClientError as fault:
        if fault.response["Error"]["Code"] not in _THERE:
            raise


def _names(prefix: str, *, start_after: str, limit: int) -> list[str]:
    found: list[str] = []
    more: dict[str, Any] = {"StartAfter": start_after} if start_after else {}
    while len(found) < limit:
        page = client("s3").list_objects_v2(Bucket=settings().audit_bucket, Prefix=prefix, MaxKeys=min(limit - len(found), 1000), **more)
        found += [entry["Key"] for entry in page.get("Contents", ())]
        if not page.get("IsTruncated"):
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
    return found


def _read(name: str) -> JsonObject:
    document: Json = json.loads(client("s3").get_object(Bucket=settings().audit_bucket, Key=name)["Body"].read())
    assert isinstance(document, dict)
    return document
