"""The examples, and what people say at their gates.

In: nothing. Out: `EXAMPLES`, their folder; `ANSWERS`, by example and gate.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.factories.local_runs import Answer

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
ANSWERS: Final[Mapping[str, Mapping[str, Answer]]] = {
    "content-review": {"editor": Answer("publish", fields={"form": {"headline": "News"}})},
    "expense-check": {"release": Answer("release")},
    "incident-runbook": {"act": Answer("go")},
    "invoice-approval": {"approve": Answer("approve"), "approve_large": Answer("approve", by=("ann", "bob"))},
    "research-brief": {},
    "support-desk": {"desk": Answer("approve", fields={"form": {}})},
    "support-triage": {"refund": Answer("grant", fields={"reason": "Torn seam"})},
}
