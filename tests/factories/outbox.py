"""The table's stream, filtered as the template filters it: answers that have not reached the engine.

In: who is told. Out: `undelivered`, a context in which each committed image of such an item is handed over, as plain values.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer

from infra.local.patches.storage import CHANGES, Change

Image = dict[str, Any]
_DESERIALIZER: Final = TypeDeserializer()


@contextmanager
def undelivered(tell: Callable[[Image], None]) -> Iterator[None]:
    def hear(changes: list[Change]) -> None:
        for change in changes:
            image = change.after.to_json()["Attributes"] if change.after is not None else {}
            plain = {name: _DESERIALIZER.deserialize(value) for name, value in image.items()}
            if str(plain.get("GSI2PK", "")).endswith("#UNDELIVERED"):
                tell(plain)

    CHANGES.listeners.append(hear)
    try:
        yield
    finally:
        CHANGES.listeners.remove(hear)
