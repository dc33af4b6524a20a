"""Open a gate: ask people and leave the task token in the gate's record.

In: the attempt, the token, the rendered question. Out: the `Gate`. Idempotent by (run, node, item path, visit): opened again with a new token, an
undecided gate
takes the new token, and a decided one answers it at once. The node run waits from here on; events `node_waiting` and `gate_opened`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.gate_records import Gate, GateChoice
from chalicelib.store.run_records import NodeAttempt


class Question(BaseModel):
    """What people are asked, rendered: texts without bindings. `any_of` names people and roles; empty means everyone."""

    model_config = ConfigDict(frozen=True)

    ask: str
    details: Json = None
    choices: tuple[GateChoice, ...]
    any_of: tuple[str, ...] = ()
    at_least: int = 1
    allow_self_approval: bool = False
    channels: tuple[str, ...] = ()
    form: JsonObject | None = None
    reason_rule: Literal["none", "optional", "required"] = "optional"


def open_gate(
    attempt: NodeAttempt, *, token: str, question: Question, deadline_seconds: int | None = None, settled: Mapping[str, Json] | None = None
) -> Gate:
    """Open the gate of an attempt. It replaces `runs.nodes.node_started` and `node_waiting` for gates. Raises StaleAttempt, RunEnded, RunNotFound."""
    raise NotImplementedError
