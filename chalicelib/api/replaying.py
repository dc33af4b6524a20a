"""A second request with the same `Idempotency-Key` is told what the first was told.

In: a call with a key, and what answers it. Out: its answer, or the one that was given before, for a day. The same key with another request is
refused; while the first is being answered, the second is asked to wait. Refusals are not kept: nothing came of them, and the next try may succeed. If
the first dies between effect and answer, the next one is carried out anew, as it would be without a key.
Never: an answer of a route that tells a secret (`Replay.NEVER`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from chalice.app import Request

from chalicelib.access.principal import Principal
from chalicelib.api.answer import Answer
from chalicelib.api.contract import Contract, Replay
from chalicelib.clock import epoch_seconds
from chalicelib.errors import KeyInvalid, KeyReused, RequestInFlight
from chalicelib.store import replays
from chalicelib.store.replays import Asked, GivenAnswer
from chalicelib.store.values import keep, load

KEPT_SECONDS: Final = 86_400
CLAIMED_SECONDS: Final = 30  # API Gateway waits for 29
MAX_KEY: Final = 255
REPLAYED: Final = "Idempotency-Replayed"


def once(contract: Contract, principal: Principal, key: str, digest: str, answer: Callable[[], Answer]) -> Answer:
    """What `answer` says, once. Raises KeyInvalid, KeyReused, RequestInFlight, and whatever it raises."""
    if not key or contract.method != "POST" or contract.replay in {Replay.NEVER, Replay.HARMLESS}:
        return answer()
    if len(key) > MAX_KEY or not key.isprintable():
        raise KeyInvalid(f"an Idempotency-Key has at most {MAX_KEY} characters, all of them printable")
    if contract.replay is Replay.OWN:
        return answer()
    return _remembered(Asked(principal.organisation_id, principal.person, contract.named, key), digest, answer)


def digest_of(request: Request, parameters: Mapping[str, str]) -> str:
    """Of all that says what is asked: the path, the query, the body."""
    query = dict(request.query_params or {})
    raw: Any = request.raw_body
    body = raw.encode() if isinstance(raw, str) else raw or b""
    return sha256(json.dumps([dict(parameters), query], sort_keys=True).encode() + b"\0" + body).hexdigest()


def _remembered(asked: Asked, digest: str, answer: Callable[[], Answer]) -> Answer:
    now = epoch_seconds()
    held = replays.Replay(digest=digest, claim=uuid4().hex, claimed_until=now + CLAIMED_SECONDS, lapses_at=now + KEPT_SECONDS)
    before = replays.claim(asked, held, now=now)
    if before is not None:
        return _again(asked, before, digest)
    try:
        given = answer()
    except BaseException:
        replays.release(asked, held)
        raise
    body = keep(asked.organisation_id, "replays", given.body)
    told = GivenAnswer(status=given.status, headers=dict(given.headers), body=body)
    replays.settle(asked, held.model_copy(update={"answer": told}))
    return given


def _again(asked: Asked, before: replays.Replay, digest: str) -> Answer:
    if before.digest != digest:
        raise KeyReused("this Idempotency-Key came with another request before; a new request needs a new key")
    if before.answer is None:
        raise RequestInFlight("the first request with this Idempotency-Key is being answered; ask again in a moment")
    told = before.answer
    given = Answer(load(asked.organisation_id, told.body), status=told.status, headers=told.headers)
    return replace(given, headers={**given.headers, REPLAYED: "true"})
