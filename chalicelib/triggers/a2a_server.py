"""Published workflows as A2A agents (Agent2Agent protocol 1.0, JSON-RPC binding).

In: one JSON-RPC call, or where the deployment is reached. Out: a reply, or an agent card. A task is a run, its id the run's. A message names its
workflow by `tenant`, by `metadata.skill` or, where only one is published, not at all; its input is a data part, or a text where the workflow takes
one.
Never: a stream; a message to a run that goes on (gates are decided by people, who sign in elsewhere).
"""

import json
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.errors import Invalid, RunEnded, RunNotFound, SluiceError
from chalicelib.runs.cancel import cancel
from chalicelib.runs.pushes import TASK_STATES
from chalicelib.spec.agent_landing import text_field
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.triggers import a2a_pushes
from chalicelib.triggers.called_workflows import WAIT_SECONDS, Offer, call, find_offer, list_offers, outcome, wait_for
from chalicelib.triggers.json_rpc import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, RpcCall, RpcError, reply

PROTOCOL: Final = "1.0"
PATH: Final = "/a2a"
TASK_NOT_FOUND: Final = -32001
TASK_NOT_CANCELABLE: Final = -32002
UNSUPPORTED: Final = -32004
VERSION_NOT_SUPPORTED: Final = -32009
MAX_SKILLS: Final = 200
_NOT_HERE: Final = frozenset(("SendStreamingMessage", "SubscribeToTask", "ListTasks", "GetExtendedAgentCard"))


def agent_card(principal: Principal, base_url: str) -> JsonObject:
    """The card of the deployment: each published workflow is a skill."""
    offers: list[Offer] = []
    cursor: str | None = None
    while len(offers) < MAX_SKILLS:
        page = list_offers(principal, cursor=cursor)
        offers += page.offers
        cursor = page.cursor
        if cursor is None:
            break
    card = _card("Sluice", "Workflows of agents, tools and people.", base_url, offers[:MAX_SKILLS])
    return card | {"supportedInterfaces": [_interface(base_url)]}


def workflow_card(principal: Principal, name: str, base_url: str) -> JsonObject | None:
    """The card of one workflow as an agent of its own; None where none is published under that name."""
    offer = find_offer(principal, name)
    if offer is None:
        return None
    return _card(offer.title, offer.description, base_url, [offer]) | {"supportedInterfaces": [_interface(base_url) | {"tenant": name}]}


def serve(principal: Principal, message: RpcCall, *, version: str) -> JsonObject:
    """Answer one call. `version` is what the header `A2A-Version` says."""
    if version.partition(".")[0] != PROTOCOL.partition(".")[0]:
        return reply(message, RpcError(VERSION_NOT_SUPPORTED, f"this agent speaks A2A {PROTOCOL}; say so in the header A2A-Version"))
    try:
        return reply(message, _answer(principal, message))
    except RunNotFound as error:
        return reply(message, RpcError(TASK_NOT_FOUND, str(error)))
    except RunEnded as error:
        return reply(message, RpcError(TASK_NOT_CANCELABLE, str(error)))
    except Invalid as error:
        return reply(message, RpcError(INVALID_PARAMS, str(error)))
    except SluiceError as error:
        return reply(message, RpcError(INTERNAL_ERROR, f"{error.code}: {error}"))


def _answer(principal: Principal, message: RpcCall) -> JsonObject | RpcError:
    match message.method:
        case "SendMessage":
            return _send(principal, message)
        case "GetTask":
            return _task(principal, _run_of(principal, message, "id"))
        case "CancelTask":
            _run_of(principal, message, "id")
            return _task(principal, cancel(principal, message.text("id"), reason="cancelled by the agent that asked for it"))
        case "CreateTaskPushNotificationConfig":
            return a2a_pushes.create(_run_of(principal, message, "taskId"), message.params)
        case "GetTaskPushNotificationConfig":
            return a2a_pushes.find(_run_of(principal, message, "taskId"), message)
        case "ListTaskPushNotificationConfigs":
            return a2a_pushes.list_all(_run_of(principal, message, "taskId"))
        case "DeleteTaskPushNotificationConfig":
            return a2a_pushes.delete(_run_of(principal, message, "taskId"), message)
        case other if other in _NOT_HERE:
            return RpcError(UNSUPPORTED, f"{other} is not offered; ask with GetTask")
        case other:
            return RpcError(METHOD_NOT_FOUND, f"there is no method {other}")


def _send(principal: Principal, message: RpcCall) -> JsonObject | RpcError:
    sent = message.members("message")
    if sent.get("taskId"):
        return RpcError(UNSUPPORTED, "a run takes no further messages; its gates are decided in Sluice")
    offer = _chosen(principal, message)
    if isinstance(offer, RpcError):
        return offer
    given = _input(offer, sent)
    if isinstance(given, RpcError):
        return given
    seconds = 0.0 if message.members("configuration").get("returnImmediately") is True else None
    message_id = sent.get("messageId")
    key = f"a2a:{principal.person}:{message_id}" if message_id else None
    wanted = message.members("configuration").get("taskPushNotificationConfig")
    run = call(principal, offer, given, key=key, seconds=0.0 if isinstance(wanted, dict) else seconds)
    if isinstance(wanted, dict):
        set_up = a2a_pushes.create(run, wanted)
        if isinstance(set_up, RpcError):
            return set_up
        run = wait_for(principal, run.id, seconds=WAIT_SECONDS if seconds is None else seconds)
    return {"task": _task(principal, run)}


def _chosen(principal: Principal, message: RpcCall) -> Offer | RpcError:
    """The workflow that the message is for."""
    name = message.text("tenant") or _skill(message.members("metadata")) or _skill(message.members("message").get("metadata"))
    if name:
        return find_offer(principal, name) or RpcError(INVALID_PARAMS, f"there is no skill {name}; the agent card names them")
    page = list_offers(principal)
    if len(page.offers) == 1 and page.cursor is None:
        return page.offers[0]
    return RpcError(INVALID_PARAMS, "say which workflow is meant: metadata.skill, with an id of the agent card's skills")


def _skill(metadata: Json) -> str:
    skill = metadata.get("skill") if isinstance(metadata, dict) else None
    return skill if isinstance(skill, str) else ""


def _input(offer: Offer, sent: JsonObject) -> Json | RpcError:
    """The first data part; else the text, as JSON or as the one text that the workflow takes."""
    parts = sent.get("parts")
    given = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    for part in given:
        if isinstance(part.get("data"), dict):
            return part["data"]
    text = "\n".join(said for part in given if isinstance(said := part.get("text"), str))
    parsed = _parsed(text)
    if parsed is not None:
        return parsed
    field = text_field(offer.input_schema)
    if field is None:
        return RpcError(INVALID_PARAMS, f"{offer.name} takes an object: send it as a data part", {"schema": offer.input_schema})
    return {field: text}


def _parsed(text: str) -> JsonObject | None:
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _run_of(principal: Principal, message: RpcCall, name: str) -> Run:
    """The run that a parameter names. Raises RunNotFound."""
    return _own(wait_for(principal, message.text(name), seconds=0), message)


def _own(run: Run, message: RpcCall) -> Run:
    """Raises RunNotFound for a run of another workflow than the one that is asked."""
    tenant = message.text("tenant")
    if tenant and run.workflow_name != tenant:
        raise RunNotFound(f"{tenant} has no run {run.id}")
    return run


def _task(principal: Principal, run: Run) -> JsonObject:
    """The run as a task. Its context is its own: runs share nothing."""
    told = outcome(principal, run)
    status: JsonObject = {"state": TASK_STATES[run.status], "timestamp": run.updated_at}
    task: JsonObject = {"id": run.id, "contextId": run.id, "status": status, "metadata": {"skill": run.workflow_name, "status": run.status.value}}
    if run.status is RunStatus.SUCCEEDED and told["output"] is not None:
        task["artifacts"] = [{"artifactId": "output", "name": "output", "parts": [_part(told["output"])]}]
    error = told.get("error")
    said = error["message"] if isinstance(error, dict) else told.get("note")
    if said:
        status["message"] = {
            "messageId": f"{run.id}-{run.event_count}",
            "role": "ROLE_AGENT",
            "taskId": run.id,
            "contextId": run.id,
            "parts": [{"text": said if isinstance(said, str) else canonical_json(said)}],
        }
    return task


def _part(output: Json) -> JsonObject:
    return {"text": output, "mediaType": "text/plain"} if isinstance(output, str) else {"data": output, "mediaType": "application/json"}


def _card(name: str, description: str, base_url: str, offers: list[Offer]) -> JsonObject:
    return {
        "name": name,
        "description": description,
        "version": "1",
        "documentationUrl": base_url,
        "capabilities": {"streaming": False, "pushNotifications": True},
        "defaultInputModes": ["application/json", "text/plain"],
        "defaultOutputModes": ["application/json", "text/plain"],
        "skills": [_card_skill(offer) for offer in offers],
    }


def _interface(base_url: str) -> JsonObject:
    return {"url": f"{base_url}{PATH}", "protocolBinding": "JSONRPC", "protocolVersion": PROTOCOL}


def _card_skill(offer: Offer) -> JsonObject:
    takes = f"Takes {canonical_json(offer.input_schema)}"
    return {
        "id": offer.name,
        "name": offer.title,
        "description": f"{offer.description}\n{takes}",
        "tags": [*((*offer.skills, *offer.labels) or ("workflow",))],
    }
