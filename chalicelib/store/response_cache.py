"""The cache of model answers in the table: one organisation's, exact matches, with a lease for the one who asks.

In: digests of requests. Out: what `providers.cached` asks of its store. Answers above 8 KB lie in S3. An answer counts while its time lasts and while
it is of the present generation: a new generation forgets all of them at once, and nothing is scanned. What is forgotten is deleted by its own time.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import ConditionLost
from chalicelib.providers.cached import CacheOutcome, Came, Held, Hit, Leased
from chalicelib.providers.model import ModelResponse, Native, StopReason, Usage
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.blobs import Blob, json_text, load_json, put_json
from chalicelib.store.items import Item, record_of
from chalicelib.store.ledger import shard_of
from chalicelib.store.record import Record

INLINE_BYTES: Final = 8 * 1024
MAX_TTL_SECONDS: Final = 30 * 86_400
_FOLDER: Final = "cache"
# Nobody's: never written, of a forgotten generation, an answer past its time, a lease past its time. Or one's own, sent twice on the way.
_FREE: Final = (
    "attribute_not_exists(PK) OR #token = :token OR #generation <> :generation OR #fresh_until <= :now"
    " OR (attribute_not_exists(#fresh_until) AND #leased_until <= :now)"
)


class CacheDay(Record):
    """What the cache did in a day. `saved` is in micro-dollars; hits of answers without a price saved nobody knows how much."""

    hit_count: int = 0
    miss_count: int = 0
    bypass_count: int = 0
    kept_count: int = 0
    saved: int = 0
    unpriced_count: int = 0

    def plus(self, other: "CacheDay") -> "CacheDay":
        names = [name for name in CacheDay.model_fields if name != "schema_version"]
        return CacheDay(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class ResponseCache:
    """A `CacheStore`."""

    organisation_id: str

    def look(self, key: str, *, lease_seconds: float) -> Hit | Leased | Held:
        generation, item = self._read(key)
        now = epoch_seconds()
        if item is None or item["generation"] != generation:
            return self._lease(key, generation, lease_seconds)
        if "fresh_until" in item:
            return Hit(self._response(item)) if item["fresh_until"] > now else self._lease(key, generation, lease_seconds)
        return Held() if item["leased_until"] > now else self._lease(key, generation, lease_seconds)

    def keep(self, key: str, token: str, response: ModelResponse, *, ttl_seconds: int) -> None:
        until = epoch_seconds() + min(ttl_seconds, MAX_TTL_SECONDS)
        text = json_text(_document(response))
        body: JsonObject = {"text": text, "blob": None}
        if len(text.encode()) > INLINE_BYTES:
            body = {"text": None, "blob": put_json(self.organisation_id, _FOLDER, text).model_dump(mode="json")}
        self._while_leased(key, token, {**body, "fresh_until": until, "expires_at": until})

    def abandon(self, key: str, token: str) -> None:
        self._while_leased(key, token, {"leased_until": 0})

    def count(self, key: str, outcome: CacheOutcome) -> None:
        amounts = {f"{outcome.came}_count": 1}
        if outcome.came is Came.HIT:
            amounts |= {"saved": outcome.saved or 0, "unpriced_count": int(outcome.saved is None)}
        elif outcome.is_kept:
            amounts |= {"kept_count": 1}
        table.write(table.add(keys.cache_day(self.organisation_id, now_text()[:10], shard_of(key)), amounts))

    def has(self, key: str) -> bool:
        """Whether the answer is there; nothing is leased."""
        generation, item = self._read(key)
        return item is not None and item["generation"] == generation and item.get("fresh_until", 0) > epoch_seconds()

    def clear(self) -> int:
        """Forget all answers; the number of the new generation."""
        place = keys.cache_generation(self.organisation_id)
        table.write(table.add(place, {"generation": 1}))
        item = table.get(place)
        return int(item["generation"]) if item else 0

    def days(self, first_day: str, last_day: str) -> dict[str, CacheDay]:
        """Of the days that have any, in order; both ends are within."""
        found: dict[str, CacheDay] = {}
        for item in table.query_between(keys.cache_generation(self.organisation_id).pk, f"DAY#{first_day}", f"DAY#{last_day}"):
            day = item["SK"].split("#")[1]
            found[day] = found.get(day, CacheDay()).plus(record_of(CacheDay, item))
        return found

    def _read(self, key: str) -> tuple[int, Item | None]:
        """The present generation and what stands for the request, in one read."""
        place, own = keys.cache_generation(self.organisation_id), keys.cached_answer(self.organisation_id, key)
        found = table.get_many([place, own])
        return int(found.get(place, {}).get("generation", 0)), found.get(own)

    def _lease(self, key: str, generation: int, seconds: float) -> Leased | Held:
        """For the first who asks. Another may have come since this one looked."""
        place, now, token = keys.cached_answer(self.organisation_id, key), epoch_seconds(), secrets.token_hex(8)
        until = now + max(int(seconds), 1)
        item = {"PK": place.pk, "SK": place.sk, "generation": generation, "token": token, "leased_until": until, "expires_at": until + 86_400}
        try:
            table.write(table.put(item, condition=_FREE, values={"generation": generation, "now": now, "token": token}))
        except ConditionLost:
            return Held()
        return Leased(token)

    def _while_leased(self, key: str, token: str, changes: dict[str, Any]) -> None:
        condition = "#token = :mine AND attribute_not_exists(#fresh_until)"
        try:
            table.write(table.assign(keys.cached_answer(self.organisation_id, key), changes, condition=condition, values={"mine": token}))
        except ConditionLost:
            return

    def _response(self, item: Item) -> ModelResponse:
        blob = item.get("blob")
        text = item["text"] if blob is None else load_json(self.organisation_id, Blob.model_validate(blob))
        return _read_document(json.loads(str(text)))


def _document(response: ModelResponse) -> JsonObject:
    """An answer as it is kept; one with tool calls never is."""
    native = None if response.native is None else {"provider": response.native.provider, "content": response.native.content}
    return {
        "text": response.text,
        "stop": response.stop.value,
        "usage": asdict(response.usage),
        "notes": dict(response.notes),
        "native": native,
    }


def _read_document(document: Any) -> ModelResponse:
    """Tolerant of fields that newer releases add to a usage."""
    native = document["native"]
    return ModelResponse(
        text=document["text"],
        stop=StopReason(document["stop"]),
        usage=Usage(**{name: value for name, value in document["usage"].items() if name in Usage.__dataclass_fields__}),
        notes=document["notes"],
        native=Native(native["provider"], native["content"]) if native else None,
    )
