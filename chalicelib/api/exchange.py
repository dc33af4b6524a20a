"""Routes: take workflows out as files, and bring files in."""

from dataclasses import asdict
from http import HTTPMethod
from typing import Annotated, Final, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import version_shapes
from chalicelib.api.document import MAX_TEXT
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.problem import diagnostic_document
from chalicelib.errors import DocumentInvalid, PublisherUnavailable, SpecInvalid, VersionNotFound, WorkflowNameTaken, WorkflowNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.workflows.bundle import is_json_text
from chalicelib.workflows.exchange import Imported, ImportedWorkflow, export_bundle, export_workflow, import_text

routes = Blueprint(__name__)
_TYPES: Final = {True: "application/json", False: "application/yaml; charset=utf-8"}


class Wanted(Wire):
    """`format` defaults to how it was written, of a bundle to YAML; `version` to the latest, before there is one to one's own draft. `bundle`: with
    all workflows that it calls."""

    format: Literal["yaml", "json"] | None = None
    version: Annotated[int, Field(ge=1)] | None = None
    bundle: bool = False


class FileToImport(Wire):
    """One workflow or a bundle, YAML or JSON. `publish`: publish each too. `dry_run`: only say what would become of each."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    publish: bool = False
    dry_run: bool = False


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/export",
    scope=Scope.WORKFLOW_READ,
    answers={200: version_shapes.FILE},
    errors=(WorkflowNotFound, VersionNotFound, DocumentInvalid),
)
def export(call: Call[Nothing, Wanted], workflow_id: str) -> Answer:
    """A workflow's text as a file, as it was written where that is the format.

    `bundle`: with all workflows that it calls and that one may read, in one file; see [STARTERS.md](flows/STARTERS.md). `document-invalid`: a text
    with errors, in another format.
    """
    wanted = call.query
    if wanted.bundle:
        text = export_bundle(call.principal, workflow_id, version=wanted.version, wanted=wanted.format or "yaml")
    else:
        text = export_workflow(call.principal, workflow_id, version=wanted.version, wanted=wanted.format)
    return Answer(text, headers={"Content-Type": _TYPES[is_json_text(text)]})


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/import",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: version_shapes.IMPORTED, 201: version_shapes.IMPORTED},
    errors=(DocumentInvalid, SpecInvalid, WorkflowNameTaken, PublisherUnavailable),
)
def import_file(call: Call[FileToImport, Nothing]) -> Answer:
    """Bring a file in; the same file twice is harmless.

    One workflow or a bundle. Everything is looked at first: a name that another workflow has stops the whole. 200 where nothing was new. `status` is
    `new`, `unchanged` or, with `dry_run`, `taken`. What is in `lacks` is used and not there. `document-invalid` has its faults by JSON pointer.
    """
    made = import_text(call.principal, call.body.text, publish=call.body.publish, dry_run=call.body.dry_run)
    is_new = not call.body.dry_run and any(each.status == "new" for each in made.workflows)
    return Answer(_imported(made), status=201 if is_new else 200)


def imported_view(made: ImportedWorkflow) -> JsonObject:
    return asdict(made)


def _imported(made: Imported) -> JsonObject:
    return {
        "root": made.root,
        "workflows": [imported_view(each) for each in made.workflows],
        "lacks": made.lacks.as_json(),
        "diagnostics": [diagnostic_document(found) for found in made.warnings],
    }
