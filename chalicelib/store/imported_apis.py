"""The repository of imported APIs: an OpenAPI document under a name of the organisation's."""

from chalicelib.errors import ApiNotFound, ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.pages import page_at, whole
from chalicelib.store.record import Record
from chalicelib.store.values import Stored


class ApiRecord(Record):
    """`document` is the whole of it; `base_url` stands in for its servers, if it is not empty."""

    name: str
    title: str
    version: str
    base_url: str = ""
    document: Stored
    operation_count: int
    imported_at: str
    imported_by: str


def put(organisation_id: str, record: ApiRecord) -> None:
    """Keep an import; the last of a name stays. Putting the same twice is harmless."""
    place = keys.imported_apis(organisation_id, record.name)
    table.write(table.put(item_of(record, keys.imported_api(organisation_id, record.name), place)))


def find(organisation_id: str, name: str) -> ApiRecord | None:
    item = table.get(keys.imported_api(organisation_id, name))
    return record_of(ApiRecord, item) if item else None


def get(organisation_id: str, name: str) -> ApiRecord:
    """Raises ApiNotFound."""
    found = find(organisation_id, name)
    if found is None:
        raise ApiNotFound(f"there is no imported API called {name}")
    return found


def list_page(organisation_id: str, *, limit: int, cursor: str | None) -> tuple[tuple[ApiRecord, ...], str | None]:
    """Imports by name, and the cursor that goes on. Raises CursorInvalid."""
    return page_at(organisation_id, keys.imported_apis(organisation_id), whole(_api), limit=limit, cursor=cursor)


def _api(item: Item) -> ApiRecord:
    return record_of(ApiRecord, item)


def delete(organisation_id: str, name: str) -> None:
    """Raises ApiNotFound."""
    try:
        table.write(table.delete(keys.imported_api(organisation_id, name), condition=table.PRESENT))
    except ConditionLost as lost:
        raise ApiNotFound(f"there is no imported API called {name}") from lost
