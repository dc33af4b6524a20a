"""`WorkflowSpec`: the authored document as a frozen value (DESIGN: the workflow language, language version 1)."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.spec.agent_parts import Budget
from chalicelib.spec.edges import EdgeSpec
from chalicelib.spec.model import Json, JsonObject, SpecModel
from chalicelib.spec.nodes import MAX_TIMEOUT_SECONDS, Node

MAX_INDEXED = 8
WORKFLOW_NAME_PATTERN = r"^[a-z][a-z0-9-]{1,62}$"


class Retention(SpecModel):
    """How long what is recorded of a run stays, counted from its end. A run that has not ended stays."""

    runs_days: int = Field(ge=1, le=3650)


class WorkflowSpec(SpecModel):
    """A workflow: its input's JSON Schema, its nodes and edges, and the binding that makes the run's output."""

    sluice: Literal[1]
    name: str = Field(pattern=WORKFLOW_NAME_PATTERN)
    title: str | None = Field(default=None, max_length=200)
    description: str | None = Field(default=None, max_length=4000)
    labels: dict[str, str] = Field(default_factory=dict, max_length=50)
    skills: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=list, max_length=20)  # what others find it by
    input: JsonObject = Field(default={"type": "object"})
    indexed: list[str] = Field(default_factory=list, max_length=MAX_INDEXED)  # paths of input fields that runs are found by
    nodes: dict[str, Node] = Field(min_length=1)
    edges: list[EdgeSpec] = Field(default_factory=list)
    output: Json = None
    timeout_seconds: int | None = Field(default=None, ge=1, le=MAX_TIMEOUT_SECONDS)
    budget: Budget | None = None
    retention: Retention | None = None
    on_failure: str | None = Field(default=None, pattern=WORKFLOW_NAME_PATTERN)
