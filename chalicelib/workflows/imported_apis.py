"""OpenAPI documents that an organisation imports, whose operations are tools from then on.

In: a name and a document as text. Out: the import's record and the operations. Importing under a name that is taken replaces what was there.
Raises DocumentInvalid with the faults by JSON pointer; nothing is kept then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import DocumentInvalid
from chalicelib.spec.model import JsonObject
from chalicelib.store import imported_apis
from chalicelib.store.imported_apis import ApiRecord
from chalicelib.store.values import keep, load
from chalicelib.tools.openapi import ApiDescription, Operation, describe, read_text


@dataclass(frozen=True, slots=True)
class Imported:
    """An import with what it gives."""

    record: ApiRecord
    operations: Mapping[str, Operation]
    skipped: Mapping[str, str]


def import_api(principal: Principal, *, name: str, text: str, base_url: str = "") -> Imported:
    """Keep a document under a name. Raises DocumentInvalid; ScopeMissing where somebody else imported one under it."""
    document, faults = read_text(text)
    if faults:
        raise DocumentInvalid("the document cannot be read", faults)
    described = describe(document, base_url=base_url)
    if described.faults:
        raise DocumentInvalid("the document cannot be imported", described.faults)
    if not described.operations:
        raise DocumentInvalid("none of the document's operations can be called", described.skipped)
    _check_owner(principal, name)
    record = ApiRecord(
        name=name,
        title=described.title[:200],
        version=described.version[:50],
        base_url=base_url,
        document=keep(principal.organisation_id, f"apis/{name}", document),
        operation_count=len(described.operations),
        imported_at=now_text(),
        imported_by=principal.person,
    )
    imported_apis.put(principal.organisation_id, record)
    return Imported(record, described.operations, described.skipped)


def get_api(principal: Principal, name: str) -> Imported:
    """Raises ApiNotFound."""
    record = imported_apis.get(principal.organisation_id, name)
    described = _described(principal, record)
    return Imported(record, described.operations, described.skipped)


def list_apis(principal: Principal, *, limit: int = 50, cursor: str | None = None) -> tuple[tuple[ApiRecord, ...], str | None]:
    """Imports by name. Raises CursorInvalid."""
    return imported_apis.list_page(principal.organisation_id, limit=limit, cursor=cursor)


def delete_api(principal: Principal, name: str) -> None:
    """Raises ApiNotFound; ScopeMissing where somebody else imported it."""
    _check_owner(principal, name)
    imported_apis.delete(principal.organisation_id, name)


def _check_owner(principal: Principal, name: str) -> None:
    """What others imported only admins replace and delete. Raises ScopeMissing."""
    known = imported_apis.find(principal.organisation_id, name)
    if known is not None and known.imported_by != principal.person:
        principal.require(Scope.ORG_ADMIN)


def _described(principal: Principal, record: ApiRecord) -> ApiDescription:
    document = load(principal.organisation_id, record.document)
    readable: JsonObject = document if isinstance(document, dict) else {}
    return describe(readable, base_url=record.base_url)
