"""The starters that ship, examples among them, and what people say at their gates.

In: nothing. Out: `EXAMPLES`, their folder (those in `examples/` are the same files); `ANSWERS`, by starter and gate.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chalicelib.workflows.starter_files import FOLDER
from tests.factories.local_runs import Answer

EXAMPLES: Final[Path] = FOLDER
ANSWERS: Final[Mapping[str, Mapping[str, Answer]]] = {
    "content-review": {"editor": Answer("publish", fields={"form": {"headline": "News"}})},
    "contract-review": {"legal": Answer("sign", fields={"reason": "The gap is known"})},
    "data-quality-watch": {"owner": Answer("load", fields={"reason": "The sender mends it tomorrow"})},
    "expense-check": {"release": Answer("release")},
    "incident-runbook": {"act": Answer("go")},
    "invoice-approval": {"approve": Answer("approve"), "approve_large": Answer("approve", by=("ann", "bob"))},
    "lead-qualification": {"sales": Answer("take")},
    "meeting-notes": {"look_over": Answer("file")},
    "refund-handling": {"approve": Answer("pay"), "approve_large": Answer("pay", by=("ann", "bob"))},
    "research-brief": {},
    "social-media-approval": {"editor": Answer("publish")},
    "support-desk": {"desk": Answer("approve", fields={"form": {}})},
    "support-triage": {"refund": Answer("grant", fields={"reason": "Torn seam"})},
}
