"""A sub-workflow's run that a resumed parent comes back to: it is taken up where it is, not started anew.

In: the waiting node of the parent, its token, the child's input and version. Out: the child, which goes on or has its answer; None where there is
none, or where starting it finds it as it is. A child that was broken is resumed, once for each resume of its parent."""

from contextlib import suppress

from chalicelib.access.principal import Principal
from chalicelib.errors import RunEnded
from chalicelib.runs.cancel import cancel
from chalicelib.runs.inputs import checked_input
from chalicelib.runs.resume import Wanted, carry_out, prepared
from chalicelib.runs.start import Parent, input_schema, parent_deadline, parent_key, parent_link
from chalicelib.spec.model import Json
from chalicelib.store import answers, runs
from chalicelib.store.items import fields_of
from chalicelib.store.run_records import Run
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
    link = fields_of(parent_link(parent))
    return carry_out(
        prepared(child, wanted),
        by=principal.person,
        reason=f"run {parent.attempt.run_id} was resumed",
        deadline_at=parent_deadline(parent),
        writes=(answers.asking_again(child.organisation_id, child.id, parent.token, also=link),),
    )


def _broken_child(principal: Principal, parent: Parent, pinned: Child) -> Run | None:
    """The child of this visit, if it has ended without success and no attempt of this resume has taken it up."""
    if parent.attempt.fence.resume == 0:
        return None
    known = runs.find_key(principal.organisation_id, pinned.workflow_id, runs.key_digest(parent_key(parent)))
    child = None if known is None else runs.find(principal.organisation_id, known.run_id)
    link = None if child is None else runs.find_parent(principal.organisation_id, child.id)
    if child is None or link is None or link.attempt.fence.resume >= parent.attempt.fence.resume:
        return None
    if not child.status.is_terminal:
        with suppress(RunEnded):  # it was being stopped when its parent ended
            cancel(principal, child.id, reason="its parent was resumed")
        child = runs.get(principal.organisation_id, child.id)
    return None if child.status is RunStatus.SUCCEEDED else child
