"""An authored edge: `{from, to, when}`. `after: [a]` on a node and `on_error: {goto: n}` abbreviate edges; `compiler.graph` normalises them."""

from pydantic import Field

from chalicelib.spec.model import SpecModel


class EdgeSpec(SpecModel):
    """`when` is an outcome label (YAML booleans allowed), `error`, or an expression; absent means: active when the source succeeded."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    when: str | bool | None = None
