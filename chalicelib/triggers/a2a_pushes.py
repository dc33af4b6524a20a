"""The A2A methods by which a caller asks to be told of a task's end, and takes that back.

In: a JSON-RPC call on a run that is the caller's. Out: a configuration as the protocol has it, without its credentials. The URL must be one that
tools of this deployment may call. Never: a token or a credential in an answer.
"""

from typing import Final

from chalicelib import ids
from chalicelib.runs.follow_up import tell_callers
from chalicelib.runs.pushes import destinations
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import pushes, runs
from chalicelib.store.pushes import MAX_PUSHES, Push
from chalicelib.store.run_records import Run
from chalicelib.tools.failures import ToolFailure
from chalicelib.triggers.json_rpc import INVALID_PARAMS, RpcCall, RpcError

NOT_FOUND: Final = -32001
_MAX_TEXT: Final = 2_048


def create(run: Run, given: JsonObject) -> JsonObject | RpcError:
    """Set it, in place of the one of that id. Of a run that has ended it is told at once."""
    push = _read(given)
    if isinstance(push, RpcError):
        return push
    known = {each.id for each in pushes.list_of_run(run.organisation_id, run.id)}
    if push.id not in known and len(known) >= MAX_PUSHES:
        return RpcError(INVALID_PARAMS, f"a task has {MAX_PUSHES} push notification configurations at most")
    pushes.put(run.organisation_id, run.id, push)
    now = runs.get(run.organisation_id, run.id)
    if now.status.is_terminal:
        tell_callers(now)
    return _shown(run, push)


def find(run: Run, message: RpcCall) -> JsonObject | RpcError:
    push = pushes.find(run.organisation_id, run.id, message.text("id"))
    return RpcError(NOT_FOUND, "there is no such push notification configuration") if push is None else _shown(run, push)


def list_all(run: Run) -> JsonObject:
    found: list[Json] = [_shown(run, push) for push in pushes.list_of_run(run.organisation_id, run.id)]
    return {"configs": found}


def delete(run: Run, message: RpcCall) -> JsonObject:
    pushes.delete(run.organisation_id, run.id, message.text("id"))
    return {}


def _read(given: JsonObject) -> Push | RpcError:
    by = given.get("authentication")
    authentication = by if isinstance(by, dict) else {}
    texts = {name: _text(given.get(name)) for name in ("id", "url", "token")}
    texts |= {name: _text(authentication.get(name)) for name in ("scheme", "credentials")}
    if any(len(text) > _MAX_TEXT or not text.isprintable() for text in texts.values()) or "#" in texts["id"]:
        return RpcError(INVALID_PARAMS, f"the fields of a configuration are printable texts of {_MAX_TEXT} characters at most")
    try:
        destinations().check(texts["url"])
    except ToolFailure as failure:
        return RpcError(INVALID_PARAMS, f"url: {failure}")
    kept_as = texts["id"] or ids.new_id("push")
    return Push(id=kept_as, url=texts["url"], token=texts["token"], scheme=texts["scheme"], credentials=texts["credentials"])


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _shown(run: Run, push: Push) -> JsonObject:
    shown: JsonObject = {"id": push.id, "taskId": run.id, "url": push.url}
    return shown | ({"authentication": {"scheme": push.scheme}} if push.scheme else {})
