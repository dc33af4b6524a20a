"""Answers on their way to the engine: the outbox of gates, replies, hooks and sub-workflows.

A waiter is a gate (`gate_…`), a message (`msg_…`), a hook (`hook_…`) or a child run's link to its parent (`run_…`). Its item holds the task token
and, once there is one, the answer as JSON text. This module alone reads tokens; they never leave it but to `gates.deliver`.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from chalicelib import ids
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, table
from chalicelib.store.blobs import json_text
from chalicelib.store.items import Item
from chalicelib.store.keys import IndexKey
from chalicelib.store.table import Write

_TRIES: Final = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine is told: an output, or an error's name and cause."""

    output: Json = None
    error: str | None = None
    cause: str = ""

    def text(self) -> str:
        """As it is stored."""
        return json_text({"output": self.output} if self.error is None else {"error": self.error, "cause": self.cause})


@dataclass(frozen=True, slots=True)
class Waiter:
    """An item that holds a token. `answer` is None while undecided."""

    id: str
    organisation_id: str
    token: str = field(repr=False)
    answer: Answer | None
    delivered_at: str | None
    item: Item = field(repr=False)


def find(organisation_id: str, waiter_id: str) -> Waiter | None:
    """The waiter as it is now; None when it is unknown or has no token."""
    item = table.get(keys.waiter(organisation_id, waiter_id))
    if item is None or "task_token" not in item:
        return None
    return Waiter(waiter_id, organisation_id, item["task_token"], _answer(item.get("answer")), item.get("delivered_at"), item)


def fields(organisation_id: str, waiter_id: str, answer: Answer) -> Item:
    """The attributes that an item gets with its answer: the answer itself, and its place among the undelivered."""
    place = keys.undelivered(organisation_id, waiter_id)
    return {"answer": answer.text(), "GSI2PK": place.pk, "GSI2SK": place.sk}


def answer_write(organisation_id: str, waiter_id: str, answer: Answer) -> Write:
    """The write that gives a waiter its answer; it may have none yet."""
    key = keys.waiter(organisation_id, waiter_id)
    return table.assign(key, fields(organisation_id, waiter_id, answer), condition="attribute_exists(PK) AND attribute_not_exists(answer)")


def replace_token(organisation_id: str, waiter_id: str, token: str, *, also: Item | None = None) -> None:
    """The engine asks again with another token: the answer, given or to come, belongs to it. `also`: what else changes."""
    for attempt in range(_TRIES):
        waiter = find(organisation_id, waiter_id)
        if waiter is None or waiter.token == token:
            return None
        changes: Item = {"task_token": token, "delivered_at": None, **(also or {})}
        condition = "attribute_not_exists(answer)"
        if waiter.answer is not None:
            changes |= fields(organisation_id, waiter_id, waiter.answer)
            condition = "attribute_exists(answer)"
        try:
            return table.write(table.assign(keys.waiter(organisation_id, waiter_id), changes, condition=condition))
        except ConditionLost:
            table.pause(attempt)
    raise Contention(f"{waiter_id} changes too fast")


def asking_again(organisation_id: str, waiter_id: str, token: str, *, also: Item) -> Write:
    """The write by which a waiter that has had its answer waits for another one, for a new token."""
    changes: Item = {"task_token": token, "answer": None, "delivered_at": None, "GSI2PK": None, "GSI2SK": None, **also}
    return table.assign(keys.waiter(organisation_id, waiter_id), changes, condition=table.PRESENT)


def mark_delivered(waiter: Waiter) -> None:
    """Nothing is left to send for this token. A token that came meanwhile stays undelivered."""
    changes: Item = {"delivered_at": now_text(), "GSI2PK": None, "GSI2SK": None, **_place_when_done(waiter)}
    key = keys.waiter(waiter.organisation_id, waiter.id)
    try:
        table.write(table.assign(key, changes, condition="#task_token = :sent AND attribute_exists(answer)", values={"sent": waiter.token}))
    except ConditionLost:
        return


def _place_when_done(waiter: Waiter) -> Item:
    """A gate is found among those that have ended."""
    if waiter.id.partition("_")[0] != ids.GATE:
        return {}
    return table.places(keys.ended_gates(waiter.organisation_id, waiter.item["opened_at"], waiter.id))


def list_undelivered(organisation_id: str, *, limit: int = 100) -> tuple[str, ...]:
    """Waiters whose answer has not reached the engine, oldest first."""
    place: IndexKey = keys.undelivered(organisation_id)
    return tuple(item["GSI2SK"] for item in table.query_index(place, limit=limit).items)


def _answer(text: str | None) -> Answer | None:
    if text is None:
        return None
    stored: JsonObject = json.loads(text)
    return Answer(output=stored.get("output"), error=_text(stored.get("error")), cause=_text(stored.get("cause")) or "")


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
