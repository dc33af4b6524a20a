"""A workflow spec as bodies carry it: authored text, or the document itself."""

import json
from typing import Annotated

from pydantic import Field, model_validator

from chalicelib.api.endpoint import Wire
from chalicelib.spec.model import JsonObject

MAX_TEXT = 2_000_000


class MaybeDocument(Wire):
    """`text` (YAML or JSON, as authored) or `spec` (the document), or neither."""

    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    spec: JsonObject | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "MaybeDocument":
        if self.text is not None and self.spec is not None:
            raise ValueError("give text or spec, not both")
        return self

    @property
    def authored(self) -> str | None:
        """The text to keep: a document's keys stay in the order in which they came."""
        return self.text if self.spec is None else json.dumps(self.spec, ensure_ascii=False, indent=2)


class Document(MaybeDocument):
    """`text` or `spec`."""

    @model_validator(mode="after")
    def _given(self) -> "Document":
        if self.text is None and self.spec is None:
            raise ValueError("give the workflow as text or as spec")
        return self

    @property
    def source(self) -> str:
        return self.authored or ""
