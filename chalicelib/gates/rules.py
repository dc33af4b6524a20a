"""Who may decide what: the checks of a vote, the same on every channel.

In: the gate as it is, the principal, the vote. Out: nothing, or the error that says why not. Silence is nobody's vote.
"""

from functools import lru_cache

from jsonschema import Draft202012Validator

from chalicelib.access.principal import Principal
from chalicelib.errors import DecisionInvalid, NotADecider, SelfApproval
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import json_text
from chalicelib.store.gate_records import Gate, Vote
from chalicelib.store.pointers import forged_in

MAX_FORM_BYTES = 64 * 1024  # with a decision's other fields, well within what a task's output may hold


def check_vote(gate: Gate, principal: Principal, vote: Vote) -> None:
    """Raises NotADecider, SelfApproval or DecisionInvalid."""
    check_person(gate, principal)
    _check_choice(gate, vote)
    _check_reason(gate, vote)
    _check_form(gate, vote)


def check_person(gate: Gate, principal: Principal) -> None:
    """Raises NotADecider or SelfApproval."""
    if gate.any_of and not principal.is_one_of(gate.any_of):
        raise NotADecider(f"{principal.person} may not decide this gate; {', '.join(gate.any_of)} may")
    if principal.person == gate.started_by and not gate.allow_self_approval:
        raise SelfApproval(f"{principal.person} started the run, so somebody else must decide")


def may_decide(gate: Gate, principal: Principal) -> bool:
    try:
        check_person(gate, principal)
    except (NotADecider, SelfApproval):
        return False
    return True


def _check_choice(gate: Gate, vote: Vote) -> None:
    offered = [choice.choice for choice in gate.choices]
    if vote.choice not in offered:
        raise DecisionInvalid(f"{vote.choice!r} is no choice; there are {', '.join(offered)}", {"/choice": f"must be one of {', '.join(offered)}"})


def _check_reason(gate: Gate, vote: Vote) -> None:
    if gate.reason_rule == "required" and not (vote.reason or "").strip():
        raise DecisionInvalid("this gate asks for a reason", {"/reason": "is required"})
    if gate.reason_rule == "none" and vote.reason:
        raise DecisionInvalid("this gate takes no reason", {"/reason": "must be left out"})


def _check_form(gate: Gate, vote: Vote) -> None:
    if gate.form is None:
        if vote.form is not None:
            raise DecisionInvalid("this gate has no form", {"/form": "must be left out"})
        return
    _check_fields(gate, vote)
    if len(json_text(vote.form).encode()) > MAX_FORM_BYTES:
        raise DecisionInvalid("the form is too large", {"/form": f"takes more than {MAX_FORM_BYTES} bytes"})
    forged = forged_in(vote.form)
    faults = form_faults(gate.form, vote.form) if forged is None else {f"/form{forged}": "a field Pointer that is an object is kept for values in S3"}
    if faults:
        raise DecisionInvalid("the form is not filled in as asked", faults)


def _check_fields(gate: Gate, vote: Vote) -> None:
    """What goes with the choice is there."""
    form = vote.form if isinstance(vote.form, dict) else {}
    wanted = next((choice.fields for choice in gate.choices if choice.choice == vote.choice), None) or ()
    missing = {f"/form/{name}": f"goes with the choice {vote.choice}" for name in wanted if form.get(name) in (None, "")}
    if missing:
        raise DecisionInvalid("the form is not filled in as asked", missing)


def form_faults(schema: JsonObject, form: Json) -> dict[str, str]:
    """What a schema finds in a form, by JSON pointer below `/form`."""
    found = _validator(canonical_json(schema)).iter_errors({} if form is None else form)
    return {"/form" + "".join(f"/{part}" for part in fault.absolute_path): fault.message for fault in found}


@lru_cache(maxsize=64)
def _validator(schema_text: str) -> Draft202012Validator:
    import json

    return Draft202012Validator(json.loads(schema_text))
