"""What a node, or a tool, does to the world outside. In: nothing. Out: `Effect`."""

from enum import StrEnum


class Effect(StrEnum):
    """Ordered by nothing; only `write`, `money` and `external` need an approval that is not silent."""

    NONE = "none"
    NOTIFY = "notify"
    WRITE = "write"
    MONEY = "money"
    EXTERNAL = "external"
