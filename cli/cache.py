"""Commands on the cache of model answers: warm, stats, clear."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from cli import screen
from cli.api_client import RequestToWarm, ToWarm, WarmedRequest
from cli.costs import FirstDay, LastDay
from cli.exits import Exit
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

app = typer.Typer(no_args_is_help=True, help="The cache of model answers.")
BATCH: Final = 20  # requests that the API takes at once
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
_PATIENCE_SECONDS: Final = 30.0
_TRIES: Final = 3  # of a request for which the time did not suffice


@app.command("warm")
def warm(
    file: Annotated[Path, typer.Argument(help="A list of requests {model, prompt, system?, output?, max_output_tokens?}, YAML or JSON.")],
    ttl_seconds: Annotated[int, typer.Option("--ttl", min=1, help="How long the answers last.")] = 86_400,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask what is not in the cache yet. Ends with 1 when some could not be answered."""
    here = session(url, person, as_json)
    requests = _requests(file)
    with told(here.err):
        warmed = [each for start in range(0, len(requests), BATCH) for each in _batch(here, requests[start : start + BATCH], ttl_seconds)]
    counts = {status: sum(each["status"] == status for each in warmed) for status in ("new", "there", "failed", "left")}
    document = {**counts, "cost": sum(each["cost"] or 0 for each in warmed), "requests": warmed}
    here.show(document, human=lambda: "\n".join(_lines(document, warmed)))
    if counts["failed"] or counts["left"]:
        raise typer.Exit(Exit.FAILED)


@app.command("stats")
def stats(first: FirstDay = None, last: LastDay = None, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Hits, misses and money saved, by day."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.cache_get_analytics(from_=first, to=last)
        listed: list[dict[str, Any]] = [*({**each} for each in found["days"]), {"day": "total", **found["total"]}]
        rows = [{**each, "saved": screen.money(each["saved"])} for each in listed]
        columns = {
            "day": "day",
            "hit_count": "hits",
            "miss_count": "misses",
            "bypass_count": "bypassed",
            "saved": "saved",
            "unpriced_count": "unpriced",
        }
        here.show(found, human=lambda: screen.table_of(rows, columns))


@app.command("clear")
def clear(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Forget all answers."""
    here = session(url, person, as_json)
    with told(here.err):
        here.show(here.api.cache_clear(), human=lambda: "cleared")


def _batch(here: Session, requests: list[RequestToWarm], ttl_seconds: int) -> list[WarmedRequest]:
    """What became of each; what a job's time did not suffice for goes into another."""
    warmed: list[WarmedRequest] = []
    for _ in range(_TRIES):
        wanted = requests[len(warmed) :]
        if not wanted:
            break
        found = _followed(here, {"requests": wanted, "ttl_seconds": ttl_seconds})
        warmed += [each for each in found if each["status"] != "left"]
    left: WarmedRequest = {"status": "left", "key": "", "cost": None, "error": None}
    return [*warmed, *([left] * len(requests[len(warmed) :]))]


def _followed(here: Session, wanted: ToWarm) -> list[WarmedRequest]:
    """A job's results, once it is done. One that does not get on is handed over again, under its key: its worker may have died, or never come."""
    key, pause, moved_at, known = uuid.uuid4().hex, _FIRST_PAUSE, time.monotonic(), -1
    job = here.api.cache_warm_cache(wanted, key=key)
    while job["status"] != "done":
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        if job["done_count"] != known:
            known, moved_at = job["done_count"], time.monotonic()
            here.err.print(f"{known} of {job['request_count']} done", highlight=False)
        is_stuck = time.monotonic() - moved_at > _PATIENCE_SECONDS
        job = here.api.cache_warm_cache(wanted, key=key) if is_stuck else here.api.cache_get_warming(job["id"])
        moved_at = time.monotonic() if is_stuck else moved_at
    return job["requests"]


def _lines(document: dict[str, Any], warmed: list[WarmedRequest]) -> Iterator[str]:
    said = ", ".join(f"{document[status]} {status}" for status in ("new", "there", "failed", "left") if document[status])
    yield f"{said}; {screen.money(document['cost'])}"
    for number, each in enumerate(warmed, 1):
        if each["error"]:
            yield f"  request {number}: {each['error']}"


def _requests(file: Path) -> list[RequestToWarm]:
    """What the file lists; the API says what is wrong with one."""
    try:
        text = file.read_text()
        found = yaml.safe_load(text) if file.suffix in (".yaml", ".yml") else json.loads(text)
    except (OSError, ValueError, yaml.YAMLError) as fault:
        typer.echo(f"{file}: {fault.strerror if isinstance(fault, OSError) else 'neither JSON nor YAML'}", err=True)
        raise typer.Exit(Exit.INVALID) from fault
    if not isinstance(found, list) or not found:
        typer.echo(f"{file}: no list of requests", err=True)
        raise typer.Exit(Exit.INVALID)
    return found
