"""Who may decide. In: nothing. Out: `Deciders`."""

from pydantic import Field

from chalicelib.spec.model import SpecModel


class Deciders(SpecModel):
    """Who may decide: `any_of` names people (`person:ann`) and roles (`role:approver`); empty means everyone of the organisation."""

    any_of: list[str] = Field(default_factory=list)
    at_least: int = Field(default=1, ge=1, le=20)  # distinct deciders that must agree on one choice
    allow_self_approval: bool = False  # whether the person who started the run may decide
