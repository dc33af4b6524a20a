"""Check a spec as publishing would, without keeping anything."""

from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.workflows.compilation import Compiled, compile_text


@dataclass(frozen=True, slots=True)
class Validation:
    """`digest` is there when there is no error; then `plan_text` is too."""

    diagnostics: tuple[Diagnostic, ...]
    digest: str | None = None
    plan_text: str | None = None

    @property
    def is_valid(self) -> bool:
        return self.digest is not None


def validate(principal: Principal, *, text: str) -> Validation:
    """Load, check and compile `text`; sub-workflows are looked up in the organisation. Never raises for what the text says."""
    outcome = compile_text(principal, text)
    if not isinstance(outcome, Compiled):
        return Validation(outcome)
    return Validation(outcome.diagnostics, outcome.digest, outcome.compilation.plan_text)
