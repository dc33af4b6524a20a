"""Commands on drafts: draft show, save, list, discard, publish. A draft is saved over what was read: `show` tells its tag, `save` names it."""

from pathlib import Path
from typing import Annotated

import typer

from chalicelib.spec.yaml_text import compose
from cli import screen, versions
from cli.api_client import DraftToSave
from cli.client import Problem
from cli.session import AsOption, JsonOption, UrlOption, session, sound, told
from cli.specs import BaseOption, DryOption, FileArgument, LabelOption, NoteOption, publication, read_file
from cli.versions import WorkflowArgument

drafts = typer.Typer(no_args_is_help=True, help="Drafts: your own of each workflow, saved over what you read and nothing else.")
COLUMNS = {"person": "draft of", "revision": "revision", "base_version": "from version", "saved_by": "saved by", "saved_at": "at"}
OfOption = Annotated[str | None, typer.Option("--of", help="Whose, where it is another person's.")]
MatchOption = Annotated[str | None, typer.Option("--match", help="The tag of the draft that was read, as `draft show` tells it.")]


@drafts.command("show")
def show(
    workflow: WorkflowArgument,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the text here.")] = None,
    of: OfOption = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """The text of a draft on standard output, or in a file; its tag on standard error."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.drafts_get_one(here.workflow_id(workflow), person=of)
        if output is not None:
            output.write_text(found["text"])
        if as_json or output is not None:
            here.show(found, human=lambda: f"written to {output}")
        else:
            typer.echo(found["text"], nl=False)
        here.err.print(f"revision {found['revision']}, from version {found['base_version']}; save with --match '{found['etag']}'", highlight=False)


@drafts.command("save")
def save(
    file: FileArgument,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Its name or id; else the name that the file gives.")] = None,
    match: MatchOption = None,
    of: OfOption = None,
    base: BaseOption = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Save a file as the draft, valid or not. A draft that is there is written over only with `--match`."""
    here = session(url, person, as_json)
    text = read_file(file)
    with told(here.err):
        body: DraftToSave = {"text": text, "base_version": base} if base else {"text": text}
        saved = here.api.drafts_save(here.workflow_id(workflow or _name_of(text)), body, person=of, match=match or "")
        here.show(saved, human=lambda: f"[green]saved[/green] revision {saved['revision']}; its tag is {saved['etag']}")


@drafts.command("list")
def list_drafts(workflow: WorkflowArgument, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Everybody's drafts of a workflow."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.drafts_list_all(here.workflow_id(workflow))
        here.show(found, human=lambda: screen.table_of(found["drafts"], COLUMNS))


@drafts.command("discard")
def discard(workflow: WorkflowArgument, match: MatchOption = None, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Give your own draft up; twice is harmless."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.drafts_discard(here.workflow_id(workflow), match=match or "")
        here.show({"workflow": workflow, "discarded": True}, human=lambda: f"[green]discarded[/green] your draft of {workflow}")


@drafts.command("publish")
def publish(
    workflow: WorkflowArgument,
    note: NoteOption = "",
    label: LabelOption = None,
    dry_run: DryOption = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Publish your own draft."""
    here = session(url, person, as_json)
    with told(here.err), sound(here, f"{workflow}, draft"):
        body = publication(note, label or [], None)
        if dry_run:
            versions.show_preview(here, workflow, body, name=f"{workflow}, draft")
        else:
            versions.show_published(here, versions.publish(here, here.workflow_id(workflow), body))


def _name_of(text: str) -> str:
    """The name in a text that may have errors. Raises Problem (422) where there is none."""
    document = compose(text).value
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str):
        raise Problem(422, {"code": "invalid", "detail": "the file gives no name that can be read: say --workflow"})
    return name
