"""Start a run of a published version.

In: a workflow, an input, perhaps a version, an idempotency key, a trigger, a parent. Out: the `Run`, recorded before the engine hears of it.
The execution is named by the run id: starting again is harmless, and what a crash leaves between the two writes the sweeper starts.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

from chalicelib.access.principal import Principal
from chalicelib.spec.model import Json
from chalicelib.store.run_records import NodeAttempt, Run, Trigger

MANUAL: Final = Trigger()


class Parent(BaseModel):
    """The sub-workflow node that waits for the new run. Its output is fitted for the parent's machine (`keep`, `inline_bytes` of the payload)."""

    model_config = ConfigDict(frozen=True)

    attempt: NodeAttempt
    token: str
    keep: tuple[str, ...] = ()
    inline_bytes: int = 24 * 1024
    deadline_seconds: int | None = None


def start(
    principal: Principal,
    *,
    workflow_id: str,
    input: Json,  # noqa: A002
    version: int | None = None,
    key: str | None = None,
    trigger: Trigger = MANUAL,
    parent: Parent | None = None,
) -> Run:
    """Start a run of `version` (the latest, if none is named). The input is checked against the version's input schema, after top-level defaults are
    applied.

    With a `key`, the same call finds the same run for 24 hours (for a parent's key, as long as the run is kept); another input under that key raises
    KeyReused.
    A child that is started again with a new token answers that token. Raises WorkflowNotFound, VersionNotFound, NotPublished, InputInvalid,
    KeyReused.
    """
    raise NotImplementedError
