"""What lists take: how many, and from where."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.endpoint import Wire


class Page(Wire):
    """`cursor` is the one that the page before answered; it is opaque."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None
