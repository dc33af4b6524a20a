"""Routes: other names of workflows' and runs' routes, which clients of other systems of this kind use.

In: what the first name takes. Out: what it answers. Never: an answer of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPMethod
from typing import Final

from chalice.app import Blueprint

from chalicelib.access.objects import workflow_for
from chalicelib.access.scopes import Scope
from chalicelib.api import drafts, runs, shapes, workflows
from chalicelib.api.contract import contract_of
from chalicelib.api.endpoint import Answer, Call, Nothing, View, endpoint
from chalicelib.api.runs import RunsWanted
from chalicelib.errors import CursorInvalid, VersionNotFound, WorkflowNotFound

routes = Blueprint(__name__)
_ALL: Final = "/api/v1/workflows"


def also(path: str, function: View) -> None:
    """Register a route's function under another name."""
    first = contract_of(function)
    assert first is not None, f"{function.__name__} is no route"
    promised = {"scope": first.scope, "answers": first.answers, "errors": first.errors, "replay": first.replay, "matched": first.matched}
    endpoint(routes, first.method, path, **promised, alias_of=first)(function)  # type: ignore[arg-type]


@endpoint(
    routes,
    HTTPMethod.GET,
    f"{_ALL}/{{workflow_id}}/executions",
    scope=Scope.RUN_READ,
    answers={200: shapes.RUNS},
    errors=(CursorInvalid, WorkflowNotFound, VersionNotFound),
    alias_of=contract_of(runs.list_runs),
)
def list_runs_of_workflow(call: Call[Nothing, RunsWanted], workflow_id: str) -> Answer:
    """Runs of a workflow, newest first."""
    workflow_for(call.principal, workflow_id, Scope.RUN_READ)  # by its id in the path it is a thing, which is there or not
    return runs.list_runs(replace(call, query=call.query.model_copy(update={"workflow_id": workflow_id})))


ALIASES: Final[Mapping[str, tuple[View, ...]]] = {
    f"{_ALL}/visual/create": (workflows.create_workflow,),
    f"{_ALL}/{{workflow_id}}/execute": (runs.start_run,),
    f"{_ALL}/executions/{{run_id}}": (runs.get_run,),
    f"{_ALL}/protected/create": (workflows.create_workflow,),
    f"{_ALL}/protected": (workflows.list_all,),
    f"{_ALL}/protected/{{workflow_id}}": (workflows.get_one, drafts.save_by_workflow, workflows.delete_workflow),
    f"{_ALL}/protected/{{workflow_id}}/execute": (runs.start_run,),
    f"{_ALL}/protected/{{workflow_id}}/executions": (list_runs_of_workflow,),
}
for _path, _functions in ALIASES.items():
    for _function in _functions:
        also(_path, _function)
