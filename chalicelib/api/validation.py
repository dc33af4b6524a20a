"""Routes: check a workflow spec without keeping anything."""

from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.contract import Replay
from chalicelib.api.document import Document
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.api.problem import diagnostic_document
from chalicelib.workflows.validate import validate

routes = Blueprint(__name__)


@endpoint(routes, HTTPMethod.POST, "/api/v1/workflows/validate", scope=Scope.WORKFLOW_READ, answers={200: shapes.VALIDATION}, replay=Replay.HARMLESS)
def validate_workflow(call: Call[Document, Nothing]) -> Answer:
    """Check a spec as publishing would. Answers 200 for an invalid one too: `valid` says so.

    Nothing is kept.
    """
    validation = validate(call.principal, text=call.body.source)
    diagnostics = [diagnostic_document(found) for found in validation.diagnostics]
    return Answer({"valid": validation.is_valid, "digest": validation.digest, "plan": validation.plan_text, "diagnostics": [*diagnostics]})
