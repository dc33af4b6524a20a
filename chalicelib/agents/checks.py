"""Every call of a tool, checked in code, whatever the model says: allow-list, arguments, policy, money, in this order.

In: a call as the model asked for it, or a person's verdict on it; the task. Out: the call in its next state: `ready`, `waiting`, or `done` with an
error that tells the model what is wrong. Never raises, never runs anything. Names match exactly: no case, alias or lookalike leads to a tool.
"""

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from chalicelib.agents.intake import as_text, clean, clean_arguments
from chalicelib.agents.policy import Judged, judge
from chalicelib.agents.task import AgentTask, AgentTool, Verdict
from chalicelib.agents.transcript import CallState
from chalicelib.providers.model import ToolUse, Usage
from chalicelib.spec.model import JsonObject

MAX_FAULTS: Final = 5
MAX_SHOWN: Final = 20  # names of tools in an error
MAX_RESULT_LENGTH: Final = 60_000  # characters of a result that are kept; the middle of a longer one is left out


_SPENT: Final = "The call was not carried out: what this task may cost is spent, or cannot be counted."


def checked(call: CallState, task: AgentTask, usage: Usage | None) -> CallState:
    """A call that the model asks for, after all checks."""
    tool = task.tool(call.use.name)
    if tool is None:
        return call.settled("refused", f"There is no tool of that name. {_offered(task)}")
    fault = call.fault or _faults(tool, call.use.arguments)
    if fault:
        return call.settled("refused", f"The call was not carried out: {fault}. Correct the call and make it again.")
    judged = judge(tool.policy, tool.whole(call.use.arguments))
    if judged.policy == "deny":
        return _denied(call, judged)
    if is_spent(task, usage):
        return call.settled("refused", _SPENT, policy=judged.policy, why=judged.why)
    if judged.policy == "ask":
        return replace(call, status="waiting", reason="ask", policy="ask", why=judged.why)
    return _cleared(call, tool, policy=judged.policy, why=judged.why)


def is_spent(task: AgentTask, usage: Usage | None) -> bool:
    """Whether `max_cost` is reached. What has no price counts as dear: a limit that cannot be held is not held to be kept."""
    if task.max_cost is None or usage is None:
        return False
    return usage.cost is None or usage.cost >= task.max_cost


def shared_out(calls: tuple[CallState, ...], task: AgentTask, usage: Usage | None) -> tuple[CallState, ...]:
    """What the task may still cost, shared evenly among the calls of a turn that other agents do. A share, once given, stays."""
    sharing = [call.number for call in calls if call.status != "done" and _hands_on(call, task)]
    if task.max_cost is None or not sharing or any(call.most_cost is not None for call in calls):
        return calls
    share = (task.max_cost - (usage.cost or 0 if usage is not None else 0)) // len(sharing)
    return tuple(_with_share(call, share) if call.number in sharing else call for call in calls)


def _with_share(call: CallState, share: int) -> CallState:
    return replace(call, most_cost=share) if share > 0 else call.settled("refused", _SPENT)


def _hands_on(call: CallState, task: AgentTask) -> bool:
    tool = task.tool(call.use.name)
    return tool is not None and tool.hands_on


def has_effect(call: CallState, task: AgentTask) -> bool:
    """Whether the call does something to the world."""
    tool = task.tool(call.use.name)
    return tool is not None and tool.effect != "none"


def runnable(call: CallState, task: AgentTask) -> CallState:
    """A call on its way, if its tool can be run here: only a kept conversation of another task could say otherwise."""
    tool = task.tool(call.use.name)
    fits = tool is not None and (call.status == "waiting" or not tool.suspends)
    return call if fits else call.settled("refused", "This tool cannot be called here.")


def heard(call: CallState, verdict: Verdict, task: AgentTask) -> CallState:
    """A waiting call after what was decided, or what it came to. A verdict that does not fit the question never lets a call go ahead."""
    tool = task.tool(call.use.name)
    if tool is None:
        return call.settled("refused", f"There is no tool of that name. {_offered(task)}")
    by = call.by + tuple(name for name in verdict.by if name not in call.by)
    if verdict.kind == "answered":
        given = as_text(verdict.value) if verdict.value is not None else clean(verdict.text)
        return call.settled("answered", f"{_person(verdict)} answered in the tool's place: {limited(given)}", by=by)
    if verdict.kind == "timed_out":
        return call.settled("timed_out", f"The call came to nothing: no answer in time. {clean(verdict.text)}".strip(), by=by)
    return _suspended(call, verdict, by) if call.reason == "suspends" else _decided(replace(call, by=by), verdict, tool)


def _suspended(call: CallState, verdict: Verdict, by: tuple[str, ...]) -> CallState:
    if verdict.kind == "finished":
        return ran(replace(call, by=by), as_text(verdict.value) if verdict.value is not None else clean(verdict.text))
    return call.settled("failed", limited(f"The call failed. {clean(verdict.text)}".strip()), by=by)


def _decided(call: CallState, verdict: Verdict, tool: AgentTool) -> CallState:
    match verdict.kind:
        case "approved":
            return _cleared(call, tool)
        case "edited" if verdict.arguments is not None:
            return _edited(call, verdict, tool)
        case _:
            reason = f" Reason: {clean(verdict.text)}" if verdict.text else ""
            return call.settled("rejected", f"{_person(verdict)} rejected this call. Do not try it in another way.{reason}")


def _edited(call: CallState, verdict: Verdict, tool: AgentTool) -> CallState:
    """What a person changed is checked like what a model asked for; only the asking is over."""
    arguments, fault = clean_arguments(verdict.arguments)
    call = replace(call, use=ToolUse(call.use.id, call.use.name, arguments), edited=True)
    fault = fault or _faults(tool, arguments)
    if fault:
        return call.settled("refused", f"The call was not carried out: {_person(verdict)} changed its arguments, and {fault}.")
    judged = judge(tool.policy, tool.whole(arguments))
    return _denied(call, judged) if judged.policy == "deny" else _cleared(call, tool)


def _cleared(call: CallState, tool: AgentTool, **changes: Any) -> CallState:
    if tool.suspends:
        return replace(call, status="waiting", reason="suspends", **changes)
    return replace(call, status="ready", reason=None, **changes)


def _denied(call: CallState, judged: Judged) -> CallState:
    text = f"The owner of this workflow does not allow this call: {judged.why}. Do not try it in another way; go on without it."
    return call.settled("denied", text, policy="deny", why=judged.why)


def ran(call: CallState, text: str) -> CallState:
    """A call that was carried out. Where a person changed the arguments, the model is told: it asked for others."""
    said = f"A person changed the arguments to {json.dumps(call.use.arguments, ensure_ascii=False)}. Result: {text}" if call.edited else text
    return call.settled("ran", limited(said))


def failed(call: CallState, task: AgentTask, message: str, *, retryable: bool) -> CallState:
    """A call whose tool raised. Of an effect nobody knows after a fault that may pass whether it took place."""
    unknown = " Whether it took effect is not known: look before you repeat it." if retryable and has_effect(call, task) else ""
    return call.settled("failed", limited(f"The tool failed: {clean(message)}{unknown}"))


def limited(text: str, *, most: int = MAX_RESULT_LENGTH) -> str:
    """The text, or its beginning and end with what was left out counted."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    tail = most - head
    return f"{text[:head]}\n[{len(text) - most:,} characters left out]\n{text[-tail:]}"


def _faults(tool: AgentTool, arguments: JsonObject) -> str:
    """What is fixed is nobody's to set: a schema that takes any name would let it pass."""
    set_again = sorted(tool.fixed.keys() & arguments.keys())
    return f"there is no argument {', '.join(set_again)}" if set_again else argument_faults(tool.arguments, arguments)


def argument_faults(schema: JsonObject, arguments: JsonObject) -> str:
    """What of the schema the arguments break; empty if nothing. A schema that cannot be used refuses everything. Nothing is ever fetched."""
    try:
        errors = sorted(_validator(json.dumps(schema)).iter_errors(arguments), key=lambda error: [str(part) for part in error.absolute_path])
    except Exception as error:  # an unusable schema, or a reference out of it: whatever the library makes of that
        return f"the tool's own schema cannot be used ({type(error).__name__})"
    found = [f"{'.'.join(str(part) for part in error.absolute_path) or 'the arguments'}: {error.message[:300]}" for error in errors[:MAX_FAULTS]]
    return "; ".join(found)


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    import jsonschema
    import referencing

    read = json.loads(schema)
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read, registry=referencing.Registry())  # an empty registry: no reference leads out of the schema


def _offered(task: AgentTask) -> str:
    names = [tool.name for tool in task.tools if not tool.policy.never_runs]
    return f"The tools are: {', '.join(names[:MAX_SHOWN])}." if names else "There are no tools."


def _person(verdict: Verdict) -> str:
    return ", ".join(verdict.by) or "A person"
