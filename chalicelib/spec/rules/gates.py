"""What a gate asks of people has to be possible. In: `Authored`. Out: diagnostics. Whether silence could approve is the compiler's question."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from chalicelib.spec.deciders import Deciders
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import AgentCall, HumanGate
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.schema_types import choice_names

_DECIDER: Final = re.compile(r"(person|role):\S+")
FAIL: Final = "fail"


def unknown_timeout_choices(authored: Authored) -> Iterator[Diagnostic]:
    for path, gate in authored.of_type(HumanGate):
        names = choice_names(gate)
        if gate.on_timeout is not None and gate.on_timeout not in (*names, FAIL):
            near = get_close_matches(gate.on_timeout, [*names, FAIL], n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(names)}, or fail"
            yield authored.error("unknown-choice", f"`{gate.on_timeout}` is no choice of this gate", f"{path}.on_timeout", hint)


def ambiguous_timeouts(authored: Authored) -> Iterator[Diagnostic]:
    for path, gate in authored.of_type(HumanGate):
        if gate.on_timeout == FAIL and FAIL in choice_names(gate):
            message = "`fail` may mean the choice or that the run fails"
            yield authored.error("ambiguous-timeout", message, f"{path}.on_timeout", "call the choice something else")


def bad_deciders(authored: Authored) -> Iterator[Diagnostic]:
    for path, who in _deciders(authored):
        for index, decider in enumerate(who.any_of):
            if not _DECIDER.fullmatch(decider):
                where = f"{path}.any_of.{index}"
                yield authored.error("bad-decider", f"`{decider}` names neither a person nor a role", where, "write `person:ann` or `role:approver`")


def unreachable_quorums(authored: Authored) -> Iterator[Diagnostic]:
    """Named people alone, and fewer than have to agree; how many a role holds is not known here."""
    for path, who in _deciders(authored):
        people = {decider for decider in who.any_of if decider.startswith("person:")}
        if people and len(people) == len(set(who.any_of)) and len(people) < who.at_least:
            message = f"{who.at_least} people have to agree, but only {len(people)} may decide"
            yield authored.error("unreachable-quorum", message, f"{path}.at_least")


def _deciders(authored: Authored) -> Iterator[tuple[str, Deciders]]:
    """Whom gates ask, and whom agents ask before a call."""
    yield from ((f"{path}.who", gate.who) for path, gate in authored.of_type(HumanGate))
    yield from ((f"{path}.ask.who", agent.ask.who) for path, agent in authored.of_type(AgentCall))
