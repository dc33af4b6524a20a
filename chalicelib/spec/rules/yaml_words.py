"""`yes`, `no`, `on` and `off` without quotes, which YAML reads as booleans. In: `Authored`. Out: diagnostics where a name may have been meant."""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.rules.authored import Authored

_BOOLEAN_FIELDS: Final = ("allow_self_approval", "approves", "wait_for_reply")


def doubtful_booleans(authored: Authored) -> Iterator[Diagnostic]:
    """An error in an edge's `when`, where both are possible; a warning in free values; nothing where a boolean is wanted."""
    for path, written in authored.positions.doubtful.items():
        field = path.rpartition(".")[2]
        if path in authored.told or field in _BOOLEAN_FIELDS:
            continue
        read = "true" if written.lower() in {"yes", "on"} else "false"
        message = f"YAML reads `{written}` as the boolean {read}"
        hint = f'write {read} for the boolean, "{written}" for the name'
        yield authored.error("yaml-boolean", message, path, hint) if field == "when" else authored.warning("yaml-boolean", message, path, hint)
