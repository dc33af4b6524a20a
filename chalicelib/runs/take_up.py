"""A sub-workflow's run, or that of a workflow that an agent called, to which a resumed parent comes back: it is taken up where it is, not started
anew.

In: the waiting node of the parent, its token, the child's input and version. Out: the child, which goes on or has its answer; None where there is
none, or where starting it finds it as it is. A child that was broken is resumed, once for each resume of its parent."""

from contextlib import suppress

from chalicelib.access.principal import Principal
from chalicelib.errors import RunEnded
from chalicelib.runs.cancel import cancel_run
from chalicelib.runs.inputs import checked_input
from chalicelib.runs.resume import Wanted, carry_out, prepared
from chalicelib.runs.start import Parent, above, input_schema, parent_deadline, parent_key
from chalicelib.spec.model import Json
from chalicelib.store import answers, runs
from chalicelib.store.items import fields_of
from chalicelib.store.run_records import NodeAttempt, Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.workflow_records import Child
from chalicelib.store.workflows import get_version


def take_up(principal: Principal, parent: Parent, pinned: Child, given: Json) -> Run | None:
    """Raises what resuming raises."""
    child = _broken_child(principal, parent, pinned)
    if child is None:
        return None
    known = runs.get_input(child.organisation_id, child.id)
    now = checked_input(input_schema(get_version(child.organisation_id, pinned.version_id)), given)
    wanted = Wanted(version=pinned.version, input=None if now == known else now)
    return carry_out(
        prepared(child, wanted),
        by=principal.person,
        reason=f"run {parent.attempt.run_id} was resumed",
        fields={"deadline_at": parent_deadline(parent), "above": above(parent)},
        writes=(answers.asking_again(child.organisation_id, child.id, parent.token, also=fields_of(parent.link)),),
    )


def find_child(attempt: NodeAttempt, pinned: Child) -> Run | None:
    """The run that this visit of a node, or this call of an agent, has started."""
    key = parent_key(Parent(attempt=attempt, token="-"))  # noqa: S106  (a child is found by the visit, not by its token)
    known = runs.find_key(attempt.organisation_id, pinned.workflow_id, runs.key_digest(key))
    return None if known is None else runs.find(attempt.organisation_id, known.run_id)


def is_left_behind(child: Run, attempt: NodeAttempt) -> bool:
    """Whether nobody has waited for the child since the parent was resumed, and it did not succeed: its end was the parent's, and is no answer."""
    if attempt.fence.resume == 0 or child.status is RunStatus.SUCCEEDED:
        return False
    link = runs.find_parent(child.organisation_id, child.id)
    return link is not None and link.attempt.fence.resume < attempt.fence.resume


def _broken_child(principal: Principal, parent: Parent, pinned: Child) -> Run | None:
    """The child of this visit, if it has ended without success and no attempt of this resume has taken it up."""
    child = find_child(parent.attempt, pinned)
    if child is None or not is_left_behind(child, parent.attempt):
        return None
    if not child.status.is_terminal:
        with suppress(RunEnded):  # it was being stopped when its parent ended
            cancel_run(child, by=principal.person, reason="its parent was resumed")
        child = runs.get(principal.organisation_id, child.id)
    return None if child.status is RunStatus.SUCCEEDED else child
