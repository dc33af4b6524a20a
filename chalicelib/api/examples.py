"""Examples of requests and answers, as they stand in `examples.json` by route: `{request, response}`, each where there is one.

In: a route such as `GET /api/v1/gates`. Out: its examples; tests hold each against the schema beside it, and send the requests.
"""

import json
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from chalicelib.api.problem_codes import MEANINGS
from chalicelib.spec.model import JsonObject

FILE: Final = Path(__file__).with_name("examples.json")


def of_route(route: str) -> JsonObject:
    """Empty where there are none."""
    found = all_examples().get(route, {})
    return found if isinstance(found, dict) else {}


def of_problem(code: str, status: int) -> JsonObject:
    """A problem document with a code."""
    return {
        "type": f"/api/v1/docs#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": MEANINGS[code],
        "errors": [],
    }


@lru_cache(maxsize=1)
def all_examples() -> JsonObject:
    found: JsonObject = json.loads(FILE.read_text(encoding="utf-8"))
    return found
