"""JSON that a person gives on the command line.

In: a file's name, JSON as it stands, or `-` for standard input. Out: the value. Raises Problem (422) that says what is wrong with it.
"""

import json
from pathlib import Path
from typing import Any

import typer

from cli.client import Problem


def given_input(given: str | None) -> Any:
    """JSON from a file, from standard input, or as it stands."""
    if given is None:
        return {}
    text = given
    if given == "-":
        text = typer.get_text_stream("stdin").read()
    elif not given.lstrip().startswith(("{", "[", '"')):
        try:
            text = Path(given).read_text()
        except OSError as fault:
            raise Problem(422, {"code": "input-invalid", "detail": f"{given}: {fault.strerror}"}) from fault
    try:
        return json.loads(text)
    except ValueError as fault:
        raise Problem(422, {"code": "input-invalid", "detail": f"the input is no JSON: {fault}"}) from fault
