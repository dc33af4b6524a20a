"""Every fault of the emulator that is patched, in one table.

In: nothing. Out: `PATCHES`, and `patched`, the context in which they hold. Each names its fault (`Patch.fault`) and has a reproducer in tests/local
that runs on moto as it comes and fails once the fault is gone: then the patch goes too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from infra.local.patches import (
    choices,
    clients,
    errors,
    expressions,
    halting,
    item_expressions,
    items,
    making,
    maps,
    pace,
    queues,
    results,
    sizes,
    starts,
    states,
    storage,
    tokens,
)
from infra.local.patches.patch import Patch, applied

PATCHES: Final[tuple[Patch, ...]] = (
    *expressions.PATCHES,
    *errors.PATCHES,
    *sizes.PATCHES,
    *choices.PATCHES,
    *states.PATCHES,
    *halting.PATCHES,
    *tokens.PATCHES,
    *maps.PATCHES,
    *results.PATCHES,
    *starts.PATCHES,
    *clients.PATCHES,
    *storage.PATCHES,
    *making.PATCHES,
    *items.PATCHES,
    *item_expressions.PATCHES,
    *pace.PATCHES,
    *queues.PATCHES,
)


@contextmanager
def patched() -> Iterator[None]:
    """Moto with every patch applied."""
    with applied(PATCHES):
        yield
