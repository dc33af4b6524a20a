"""A node's output on its way to the machine: is it JSON, does it fit, what goes to S3.

In: whatever a worker gave. Out: the output, or a pointer record with the fields that the machine reads. Raises OutputNotJson, OutputTooLarge.
"""

import math
from typing import Final

from chalicelib.errors import OutputTooLarge
from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text
from chalicelib.store.pointers import fit
from chalicelib.store.skeletons import POINTER
from chalicelib.workers.failures import OutputNotJson
from chalicelib.workers.work import Work

MAX_OUTPUT_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 100


def fitted(work: Work, output: Json) -> Json:
    """The output as the machine shall have it."""
    check_json(output)
    size = len(json_text(output).encode())
    if size > MAX_OUTPUT_BYTES:
        raise OutputTooLarge(f"the output takes {size} bytes; {MAX_OUTPUT_BYTES} are the most")
    payload = work.payload
    return fit(payload.organisation_id, output, folder=work.folder, inline_bytes=payload.inline_bytes, keep=payload.keep)


def check_json(output: object) -> None:
    """Raises OutputNotJson for what JSON cannot hold, or what would be taken for a pointer record."""
    level: list[object] = [output]
    for depth in range(MAX_DEPTH + 1):
        level = [inner for value in level for inner in _members(value, is_top=depth == 0)]
        if not level:
            return
    raise OutputNotJson(f"the output is nested more than {MAX_DEPTH} deep")


def _members(value: object, *, is_top: bool) -> list[object]:
    match value:
        case None | bool() | int():
            return []
        case str():
            _check_text(value)
            return []
        case float():
            if not math.isfinite(value):
                raise OutputNotJson("the output holds a number that JSON does not have (not finite)")
            return []
        case list():
            return list(value)
        case dict():
            _check_names(value, is_top=is_top)
            return list(value.values())
        case _:
            raise OutputNotJson(f"the output holds a {type(value).__name__}, which is no JSON")


def _check_names(value: dict[object, object], *, is_top: bool) -> None:
    for name in value:
        if not isinstance(name, str):
            raise OutputNotJson(f"the output has a field named by a {type(name).__name__}")
        _check_text(name)
    if POINTER in value and (is_top or isinstance(value[POINTER], dict)):
        raise OutputNotJson(f"the output has a field {POINTER}, a name that is kept for values in S3")


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise OutputNotJson("the output holds half a character (a lone surrogate)") from None
