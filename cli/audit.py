"""Commands on the audit: list, verify, export. The chain is checked here, by this program, and not by the one that wrote it."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

import typer

from chalicelib.access.audit_chain import Checkpoint, Evidence, Finding, Head, check_chain
from chalicelib.access.audit_key import fingerprint_of, is_signed
from chalicelib.clock import now_text
from chalicelib.spec.model import JsonObject
from cli import screen
from cli.api_client import AuditEntry
from cli.exits import Exit
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

app = typer.Typer(no_args_is_help=True, help="Who changed or decided what, and whether the record of it is whole.")
COLUMNS: Final = ("number", "at", "by", "verb", "noun", "target", "operation", "address", "correlation_id", "before", "after", "previous", "hash")
_PAGE: Final = 500


@app.command("list")
def list_(
    target: Annotated[str | None, typer.Argument(help="One thing's, as NOUN/ID: gate/gate_01…, workflow/wf_01….")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """The newest entries."""
    here = session(url, person, as_json)
    noun, _, thing = (target or "").partition("/")
    with told(here.err):
        found = here.api.audit_list_newest(limit=limit, noun=noun or None, target=thing or None)
        columns = {"number": "no.", "at": "at", "by": "by", "verb": "did", "noun": "what", "target": "which", "operation": "operation"}
        here.show(found, human=lambda: screen.table_of(found["entries"], columns))


@app.command("verify")
def verify(
    key: Annotated[
        str | None, typer.Option("--key", help="Fingerprint of the only key that is trusted; without it, those that the API names.")
    ] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Check the whole chain against its signed checkpoints. Ends with 1 when something does not hold."""
    here = session(url, person, as_json)
    with told(here.err):
        evidence, keys = _evidence(here)
    findings = check_chain(evidence, _trusting(keys, key))
    document = {
        "valid": not findings,
        "entry_count": len(evidence.entries),
        "checkpoint_count": len(evidence.checkpoints),
        "keys": sorted(keys),
        "findings": [{"code": found.code, "number": found.number, "message": found.message} for found in findings],
    }
    here.show(document, human=lambda: "\n".join(_lines(document, findings)))
    if findings:
        raise typer.Exit(Exit.FAILED)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; - writes to standard output.")],
    form: Annotated[Literal["jsonl", "csv"], typer.Option("--format")] = "jsonl",
    url: UrlOption = None,
    person: AsOption = "",
) -> None:
    """The whole chain, oldest first, as JSON lines or CSV."""
    here = session(url, person, as_json=False)
    write = _csv_lines if form == "csv" else _json_lines
    with told(here.err):
        if str(file) == "-":
            for line in write(_entries(here)):
                typer.echo(line)
            return
        with file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(f"{line}\n" for line in write(_entries(here)))
    here.err.print(f"written to {file}")


def _entries(here: Session) -> Iterator[AuditEntry]:
    after = 0
    while entries := here.api.audit_list_in_order(after=after, limit=_PAGE)["entries"]:
        yield from entries
        after = entries[-1]["number"]


def _evidence(here: Session) -> tuple[Evidence, dict[str, str]]:
    """What the API tells: checkpoints first, so that the entries cannot be fewer than they count."""
    checkpoints, keys = _checkpoints(here)
    entries = list(_entries(here))
    last = here.api.audit_list_in_order(after=entries[-1]["number"] if entries else 0, limit=1)
    entries += last["entries"]
    head = Head(last["head"]["count"], last["head"]["hash"])
    return Evidence(last["organisation_id"], cast("list[JsonObject]", entries), checkpoints, head, now_text(), last["kept_since"]), keys


def _checkpoints(here: Session) -> tuple[list[Checkpoint], dict[str, str]]:
    """All checkpoints, and the public keys by fingerprints that are truly theirs."""
    import base64

    found: list[Checkpoint] = []
    while True:
        page = here.api.audit_list_checkpoints(after=found[-1].count if found else 0, limit=_PAGE)
        found += [Checkpoint(**each) for each in page["checkpoints"]]
        if len(page["checkpoints"]) < _PAGE:
            keys = {each["fingerprint"]: each["public_key"] for each in page["keys"]}
            return found, {name: raw for name, raw in keys.items() if fingerprint_of(base64.b64decode(raw)) == name}


def _trusting(keys: dict[str, str], only: str | None) -> Callable[[Checkpoint], bool]:
    trusted = {name: raw for name, raw in keys.items() if only in (None, name)}
    return lambda each: each.key in trusted and is_signed(each.signed_text, each.signature, trusted[each.key])


def _lines(document: dict[str, Any], findings: list[Finding]) -> Iterator[str]:
    checked = f"{document['entry_count']} entries under {document['checkpoint_count']} checkpoints"
    if not findings:
        yield f"[green]whole[/green]: {checked}; signed by {', '.join(document['keys']) or 'nobody yet'}"
        return
    yield f"[red]not whole[/red]: {checked}, {len(findings)} findings"
    for found in findings:
        yield f"  {found.number:>6}  {found.code}: {found.message}"


def _json_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    return (json.dumps(entry, ensure_ascii=False, sort_keys=True) for entry in entries)


def _csv_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    """What begins like a formula is told as text: a table program must not run what somebody wrote."""
    yield ",".join(COLUMNS)
    for entry in entries:
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([_cell(entry.get(name)) for name in COLUMNS])
        yield out.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
