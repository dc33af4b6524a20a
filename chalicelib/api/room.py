"""How much an answer can hold: Lambda gives 6 MB back at most, in which the body is a text within JSON.

In: values as they come. Out: each value while there is room, then null: its size stands beside it.
"""

import json
from typing import Final

from chalicelib.spec.model import Json

MAX_BYTES: Final = 5_500_000  # of 6,291,456; the rest is headers and the other fields


class Room:
    """Of one answer."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def take(self, value: Json) -> Json:
        """The value if it still fits, else null."""
        size = len(json.dumps(json.dumps(value, separators=(",", ":"))))  # as Chalice and then Lambda write it
        if size > self._left:
            return None
        self._left -= size
        return value
