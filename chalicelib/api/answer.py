"""What a route answers, before it is a response."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.spec.model import Json


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with its status and the headers of its own."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
