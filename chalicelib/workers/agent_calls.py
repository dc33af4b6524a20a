"""What an agent called, as people see it beside its node: a tree, since a task that it handed to another agent has calls of its own.

In: the tools and the records of a conversation. Out: JSON, the latest calls of each conversation; whole trees are cut at MOST_SHOWN. What was said
and given stands in the conversations, never here.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.agents.transcript import CallRecord, CallState
from chalicelib.spec.model import Json, JsonObject
from chalicelib.workers.agent_tools import NodeTools
from chalicelib.workers.conversation import kept

SHOWN: Final = 40  # of one conversation
MOST_SHOWN: Final = 120  # of a node


def shown_calls(tools: NodeTools, records: Sequence[CallRecord]) -> list[Json]:
    """The calls of a conversation that has ended, with those within them."""
    return _Tree(MOST_SHOWN).of(tools, records)


class _Tree:
    """`room` is how many calls may still be shown."""

    def __init__(self, room: int) -> None:
        self._room = room

    def of(self, tools: NodeTools, records: Sequence[CallRecord]) -> list[Json]:
        latest = records[-min(SHOWN, self._room) :] if self._room > 0 else ()
        self._room -= len(latest)
        return [{**_shown(record), **self._within(tools, record)} for record in latest]

    def _within(self, tools: NodeTools, record: CallRecord) -> JsonObject:
        """What came of a task that was handed on."""
        inner = tools.inside(record.name, CallState.key_of(record.number))
        conversation = None if inner is None else kept(tools.work.attempt, inner.part)
        if inner is None or conversation is None:
            return {}
        cost = None if conversation.usage is None else conversation.usage.cost
        return {
            "agent": inner.agents[-1],
            "turns": conversation.turns,
            "cost_micro_dollars": cost,
            "calls": self.of(inner, conversation.records),
        }


def _shown(record: CallRecord) -> JsonObject:
    """What was called and on whose word; the arguments are in the conversation."""
    shown: JsonObject = {"number": record.number, "turn": record.turn, "name": record.name, "came": record.came}
    optional: dict[str, Json] = {"policy": record.policy, "why": record.why, "by": list(record.by), "edited": record.edited}
    return shown | {name: value for name, value in optional.items() if value}
