"""What ends an agent without a result, as named exceptions.

In: nothing. Out: one class per cause; its name is the error name in the state machine (a wire contract). `usage` is what the whole conversation cost.
None is worth trying again: the same conversation would end the same way, since it is kept.

    SluiceError
    ├── OutputInvalid             the answer breaks the output schema, also after it was asked to be mended
    ├── TranscriptUnreadable      a kept conversation that this release cannot read
    ├── AgentUnknown              a directory without an agent of that name or skill
    └── AgentStopped              a limit was reached and the last turn brought no answer
        ├── AgentTurnsExceeded    `max_turns`
        └── AgentCostExceeded     `max_cost`
"""

from chalicelib.errors import SluiceError
from chalicelib.providers.model import Usage


class OutputInvalid(SluiceError):  # noqa: N818  (the name is what the state machine matches)
    """A model's answer breaks the node's output schema, also after it was asked to mend it. `usage` is what the turns cost."""

    code = "output-invalid"

    def __init__(self, message: str, *, usage: Usage) -> None:
        self.usage = usage
        super().__init__(message)


class TranscriptUnreadable(SluiceError):  # noqa: N818
    code = "transcript-unreadable"


class AgentUnknown(SluiceError):  # noqa: N818
    """`nearest` are names that may have been meant."""

    code = "agent-unknown"

    def __init__(self, message: str, *, nearest: tuple[str, ...] = ()) -> None:
        self.nearest = nearest
        super().__init__(message)


class AgentStopped(SluiceError):  # noqa: N818
    """Root of the limits. `turns` counts the model's turns, the last one included."""

    code = "agent-stopped"

    def __init__(self, message: str, *, usage: Usage | None, turns: int) -> None:
        self.usage = usage
        self.turns = turns
        super().__init__(message)


class AgentTurnsExceeded(AgentStopped):
    code = "agent-turns-exceeded"


class AgentCostExceeded(AgentStopped):
    code = "agent-cost-exceeded"
