"""The worker of `human_gate`: opens the gate, or closes it when its time is over.

In: the work and its values. Out: nothing that the machine waits for (the decision comes by the task token), or, from the `--close` state, the
output of whichever decision won.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.channels.fallback import route
from chalicelib.gates.close import close_gate
from chalicelib.gates.open import Question, open_gate
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Choice, HumanGate
from chalicelib.store.gate_records import GateChoice
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.values import rendered, rendered_text
from chalicelib.workers.warn import warn
from chalicelib.workers.work import Work

DECLINING: Final = frozenset(("reject", "decline", "deny", "no", "cancel"))  # choices that do not approve unless they say so


def ask(work: Work, node: HumanGate, values: Mapping[str, Json]) -> JsonObject:
    """Open the gate; from here on the node waits for people."""
    payload = work.payload
    if payload.token is None:
        raise PayloadInvalid("a gate needs a task token")
    routed = route(node.channels)
    warn(work.attempt, routed.warnings)
    gate = open_gate(
        work.attempt,
        token=payload.token,
        question=question(node, values, channels=routed.channels),
        deadline_seconds=payload.deadline_seconds,
        settled=payload.settled,
    )
    return {"gate_id": gate.id}


def close(work: Work, node: HumanGate) -> JsonObject:
    """What the gate came to, once its time is over."""
    return close_gate(work.attempt, on_timeout=node.on_timeout)


def question(node: HumanGate, values: Mapping[str, Json], *, channels: tuple[str, ...]) -> Question:
    """The gate's texts, rendered."""
    return Question(
        ask=rendered_text(node.ask, values),
        details=None if node.details is None else rendered(node.details, values),
        choices=tuple(_choice(choice) for choice in node.choices),
        any_of=tuple(node.who.any_of),
        at_least=node.who.at_least,
        allow_self_approval=node.who.allow_self_approval,
        channels=channels,
        form=node.form,
        reason_rule=node.reason,
    )


def _choice(choice: str | Choice) -> GateChoice:
    if isinstance(choice, str):
        return GateChoice(choice=choice, title=_title(choice), approves=choice not in DECLINING)
    approves = choice.choice not in DECLINING if choice.approves is None else choice.approves
    return GateChoice(choice=choice.choice, title=choice.title or _title(choice.choice), approves=approves)


def _title(choice: str) -> str:
    return choice.replace("_", " ").capitalize()
