"""The diagnostic codes of the compiler's checks.

In: nothing. Out: `CODES`, code -> meaning in one sentence. Codes are stable; docs/DIAGNOSTICS.md explains each, tests/golden/checks shows each.
"""

from collections.abc import Mapping
from typing import Final

STRUCTURE_CODES: Final[Mapping[str, str]] = {
    "cycle": "Edges lead from a node back to itself.",
    "edge-crosses-blocks": "An edge connects nodes of different `nodes` blocks.",
    "empty-map": "A map has no nodes.",
    "goto-backwards": "`on_error.goto` names a node that is settled before.",
    "self-edge": "An edge leads from a node to itself.",
    "too-deep": "Maps are nested too deeply.",
    "too-many-cases": "A condition has too many cases.",
    "too-many-edges": "The workflow has too many edges.",
    "too-many-nodes": "The workflow has too many nodes.",
    "unknown-node": "An edge names a node that does not exist.",
}
CODES: Final[Mapping[str, str]] = STRUCTURE_CODES
