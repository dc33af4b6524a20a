"""The conversation of an agent as it is kept: everything that a fresh process needs to go on exactly where the last one was.

In: turns and what came of calls. Out: `Transcript`, frozen, and its JSON form, which carries a version. Holds no attachments and no instructions:
those stand in the task, which is rendered again. Tool results are kept as they came; `agents.requests` marks and shortens them for the model.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from chalicelib.agents.failures import TranscriptUnreadable
from chalicelib.agents.policy import Policy
from chalicelib.providers.model import Attachment, ModelMessage, Native, Part, Role, Text, ToolResult, ToolUse, Usage
from chalicelib.spec.model import Json, JsonObject

VERSION: Final = 1

Reason = Literal["ask", "suspends"]
CallStatus = Literal["asked", "waiting", "ready", "running", "done"]
"""`asked` by the model and not yet checked; `waiting` for a person or a sub-workflow; `ready`: may run; `running`: may have happened; `done`."""
Came = Literal["ran", "failed", "refused", "denied", "rejected", "answered", "timed_out"]
"""`refused`: unknown tool, bad arguments, no money; `denied`: by policy; `rejected`, `answered`: by a person; `ran`, `failed`: it was carried out."""
Limit = Literal["turns", "cost"]


@dataclass(frozen=True, slots=True)
class CallState:
    """One call of the open turn. `use` holds the arguments that count; `fault` is what makes it unfit before any check; `most_cost` is its share of
    what the task may still cost, where another agent does it."""

    number: int
    use: ToolUse
    status: CallStatus = "asked"
    reason: Reason | None = None
    policy: Policy | None = None
    why: str = ""
    by: tuple[str, ...] = ()
    edited: bool = False
    came: Came | None = None
    text: str = ""
    fault: str = ""
    most_cost: int | None = None

    @property
    def key(self) -> str:
        """This call's part of an idempotency key."""
        return self.key_of(self.number)

    @staticmethod
    def key_of(number: int) -> str:
        return f"call-{number}"

    def settled(self, came: Came, text: str, **changes: Any) -> "CallState":
        """The call with its result."""
        return replace(self, status="done", reason=None, came=came, text=text, **changes)

    @property
    def result(self) -> ToolResult:
        return ToolResult(self.use.id, self.use.name, self.text, is_error=self.came not in {"ran", "answered"})


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What is recorded of a call: what was to be done, on whose word, and how it came out. The result itself stands in the transcript."""

    number: int
    turn: int
    name: str
    arguments: JsonObject
    came: Came
    policy: Policy | None = None
    why: str = ""
    by: tuple[str, ...] = ()
    edited: bool = False

    def to_json(self) -> JsonObject:
        return {
            "number": self.number,
            "turn": self.turn,
            "name": self.name,
            "arguments": self.arguments,
            "came": self.came,
            "policy": self.policy,
            "why": self.why,
            "by": list(self.by),
            "edited": self.edited,
        }


@dataclass(frozen=True, slots=True)
class Transcript:
    """`messages` are the turns after the opening one, which is `prompt` and the task's attachments; `calls` those of the open turn.

    `revision` counts saves: what is saved has one more than what it replaces. `shortened`: an overflow was met, so older results go shortened.
    `stopped`: the limit that was reached before the last turn.
    """

    prompt: str
    messages: tuple[ModelMessage, ...] = ()
    calls: tuple[CallState, ...] = ()
    records: tuple[CallRecord, ...] = ()
    usage: Usage | None = None
    turns: int = 0
    revision: int = 0
    repairs: int = 0
    shortened: bool = False
    stopped: Limit | None = None

    @property
    def next_number(self) -> int:
        return len(self.records) + len(self.calls) + 1

    @property
    def answer(self) -> ModelMessage | None:
        """The model's turn that called nothing and was not yet judged."""
        said = bool(self.messages) and self.messages[-1].role is Role.ASSISTANT and not self.calls
        return self.messages[-1] if said else None

    def call(self, number: int) -> CallState:
        """The open turn's call of that number."""
        return next(call for call in self.calls if call.number == number)

    def put(self, call: CallState) -> "Transcript":
        """With the call of that number in its new state."""
        return replace(self, calls=tuple(call if other.number == call.number else other for other in self.calls))

    def closed(self) -> "Transcript":
        """With the open turn's results told to the model; every call is done."""
        results = ModelMessage(Role.USER, tuple(call.result for call in self.calls))
        records = tuple(_record(call, self.turns) for call in self.calls)
        return replace(self, messages=(*self.messages, results), calls=(), records=(*self.records, *records))

    def to_json(self) -> JsonObject:
        return {
            "version": VERSION,
            "prompt": self.prompt,
            "messages": [_message_json(message) for message in self.messages],
            "calls": [_call_json(call) for call in self.calls],
            "records": [record.to_json() for record in self.records],
            "usage": None if self.usage is None else _usage_json(self.usage),
            "turns": self.turns,
            "revision": self.revision,
            "repairs": self.repairs,
            "shortened": self.shortened,
            "stopped": self.stopped,
        }

    @staticmethod
    def from_json(value: Json) -> "Transcript":
        """Raises TranscriptUnreadable."""
        if not isinstance(value, dict) or value.get("version") != VERSION:
            raise TranscriptUnreadable("the agent's conversation was kept in a form that this release does not read; start the run again")
        try:
            return _read(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise TranscriptUnreadable(f"the agent's conversation is damaged ({type(error).__name__}); start the run again") from error


def _record(call: CallState, turn: int) -> CallRecord:
    assert call.came is not None
    return CallRecord(call.number, turn, call.use.name, call.use.arguments, call.came, call.policy, call.why, call.by, call.edited)


# --- JSON ---------------------------------------------------------------------------------------------------------


def _message_json(message: ModelMessage) -> JsonObject:
    parts: list[Json] = [_part_json(part) for part in message.parts]
    native = message.native
    kept: JsonObject = {} if native is None else {"native": {"provider": native.provider, "content": native.content}}
    return {"role": message.role.value, "parts": parts, **kept}


def _part_json(part: Part) -> JsonObject:
    match part:
        case Text():
            return {"text": part.text}
        case ToolUse():
            return {"use": _use_json(part)}
        case ToolResult():
            return {"result": {"id": part.id, "name": part.name, "text": part.text, "is_error": part.is_error}}
        case Attachment():
            return {"attachment": {"media_type": part.media_type, "data": part.data, "name": part.name}}


def _use_json(use: ToolUse) -> JsonObject:
    return {"id": use.id, "name": use.name, "arguments": use.arguments}


def _call_json(call: CallState) -> JsonObject:
    return {
        "number": call.number,
        "use": _use_json(call.use),
        "status": call.status,
        "reason": call.reason,
        "policy": call.policy,
        "why": call.why,
        "by": list(call.by),
        "edited": call.edited,
        "came": call.came,
        "text": call.text,
        "fault": call.fault,
        "most_cost": call.most_cost,
    }


def _usage_json(usage: Usage) -> JsonObject:
    return {name: getattr(usage, name) for name in Usage.__slots__}


def _read(value: Any) -> Transcript:
    return Transcript(
        prompt=value["prompt"],
        messages=tuple(_message(each) for each in value["messages"]),
        calls=tuple(CallState(**{**each, "use": ToolUse(**each["use"]), "by": tuple(each["by"])}) for each in value["calls"]),
        records=tuple(CallRecord(**{**each, "by": tuple(each["by"])}) for each in value["records"]),
        usage=None if value["usage"] is None else Usage(**value["usage"]),
        turns=value["turns"],
        revision=value["revision"],
        repairs=value["repairs"],
        shortened=value["shortened"],
        stopped=value["stopped"],
    )


def _message(value: Any) -> ModelMessage:
    native = Native(**value["native"]) if "native" in value else None
    return ModelMessage(Role(value["role"]), tuple(_part(part) for part in value["parts"]), native)


def _part(value: Any) -> Part:
    match value:
        case {"text": str(text)}:
            return Text(text)
        case {"use": use}:
            return ToolUse(**use)
        case {"result": result}:
            return ToolResult(**result)
        case {"attachment": attachment}:
            return Attachment(**attachment)
        case _:
            raise ValueError("a part of no known kind")
