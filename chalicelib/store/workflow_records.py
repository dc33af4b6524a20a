"""The records of a workflow: the named thing, its draft, its immutable versions and their documents."""

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from chalicelib.store.record import FreeObject, Record
from chalicelib.store.values import Stored

Level = Literal["read", "run", "edit"]


class Share(Record):
    """What a person (`person:bob`) or a role (`role:legal`) may do with a workflow."""

    who: str
    level: Level


class Workflow(Record):
    """A named thing of an organisation. `latest_version` is 0 until something was published.

    `owner` is who it was given to, empty: who made it. `public`: all of the organisation may read and copy it.
    """

    id: str
    organisation_id: str
    name: str
    title: str = ""
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    latest_version: int = 0  # the newest that is ready to run
    latest_version_id: str = ""  # empty in records of before it was kept
    reserved_version: int = 0  # the newest number given out
    created_at: str
    created_by: str
    updated_at: str
    deleted_at: str | None = None
    owner: str = ""
    shares: tuple[Share, ...] = ()
    public: bool = False
    access_revision: int = 0

    @property
    def owned_by(self) -> str:
        return self.owner or self.created_by


class Draft(Record):
    """One person's unpublished document, as it was written: YAML or JSON text, valid or not. `base_version` is the version that it was begun from,
    0: none. A `revision` of 0 is what a person would begin with, not kept yet."""

    workflow_id: str
    person: str
    text: str
    revision: int
    base_version: int = 0
    saved_at: str
    saved_by: str

    @property
    def etag(self) -> str:
        """Another text, another tag: also where a draft was discarded and begun anew."""
        return f'"{self.revision}-{hashlib.sha256(self.text.encode()).hexdigest()[:20]}"'


class Child(Record):
    """A sub-workflow's version, pinned when the parent was published."""

    workflow_id: str
    version_id: str
    version: int


class PinnedAgent(Record):
    """Who does an agent node, chosen when the workflow was published. `kind` is preset, workflow or a2a; `skill` what was asked for, if it was;
    `candidates` are those that were weighed, best first; `passed_over` says who could not be handed the node, and why."""

    kind: str
    name: str
    why: str
    skill: str = ""
    url: str = ""
    candidates: list[FreeObject] = Field(default_factory=list)
    passed_over: FreeObject = Field(default_factory=dict)

    @property
    def named(self) -> str:
        """As a node names it."""
        return self.name if self.kind == "preset" else f"{self.kind}:{self.name}"


class Caller(Record):
    """A workflow that was published as one that calls another. Whether its latest version still does is for that version to say."""

    workflow_id: str
    workflow_name: str


class VersionSummary(Record):
    """What lists of versions show. `digest` stands for all that a version does, `spec_digest` for its document alone; `labels` and `note` are
    those of the publication; `rollback_of` is the version that it puts in force again."""

    id: str
    workflow_id: str
    number: int
    digest: str
    spec_digest: str = ""
    title: str = ""
    note: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    rollback_of: int | None = None
    created_at: str
    created_by: str


class Version(Record):
    """An immutable publication. `spec` is the canonical spec (by alias, without defaults): `WorkflowSpec.model_validate(version.spec)`."""

    id: str
    organisation_id: str
    workflow_id: str
    workflow_name: str
    number: int
    digest: str
    spec_digest: str = ""
    title: str = ""
    note: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    rollback_of: int | None = None
    machine_arn: str
    spec: FreeObject
    children: Mapping[str, Child] = Field(default_factory=dict)  # by workflow name
    agents: Mapping[str, PinnedAgent] = Field(default_factory=dict)  # by node
    context_fields: tuple[str, ...] = ()  # of the run's input, which the engine itself reads
    warnings: list[FreeObject] = Field(default_factory=list)
    created_at: str
    created_by: str

    @property
    def chosen(self) -> Mapping[str, str]:
        """Who does which agent node, as a node would name them."""
        return {node: agent.named for node, agent in self.agents.items()}


DocumentName = Literal["asl", "plan", "forecast", "map", "source"]


class Documents(Record):
    """What the compiler told of a version: `asl` (with placeholders bound), `plan` (text), `forecast`, `map` (source map), `source` (authored
    text)."""

    version_id: str
    values: Mapping[DocumentName, Stored]
