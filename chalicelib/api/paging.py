"""What lists take: how many, from where on, which of them, in which order.

In: query parameters. Out: what rooms below ask by. A list's own model adds its filters, by the names of the fields that they are about, and `sort`,
whose values begin with `-` where the order goes from the end; both are typed, so that the API's document lists what they may be.
Never: a filter or an order that the list's room does not know.
"""

from typing import Annotated

from pydantic import Field

from chalicelib.api.endpoint import Wire


class Page(Wire):
    """`cursor` is the one that the page before answered; it is opaque, and lasts an hour."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


Text = Annotated[str, Field(max_length=200)]
Label = Annotated[str, Field(pattern="^[^:]+:", max_length=300)]
Labels = Annotated[tuple[Label, ...], Field(max_length=20)]


def pairs_of(labels: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`team:travel` as a name and a value, which may itself have colons."""
    return tuple((name, value) for name, _, value in (label.partition(":") for label in sorted(labels)))
