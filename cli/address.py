"""Where Sluice is: the address given, the environment's, or that of the local stack that runs here.

In: `--url`, SLUICE_URL, the directory in which a running local stack tells where it is. Out: a base URL.
"""

import os
from pathlib import Path
from typing import Final

DATA: Final = ".sluice"
DEFAULT: Final = "http://127.0.0.1:8000"


def find(url: str | None) -> str:
    """The base URL, without a slash at its end."""
    return (url or os.environ.get("SLUICE_URL") or _running() or DEFAULT).rstrip("/")


def _running() -> str | None:
    """The address of the local stack of this folder or of one around it."""
    from infra.local.data_dir import running

    for folder in (Path.cwd(), *Path.cwd().parents):
        told = running(folder / DATA) if (folder / DATA).is_dir() else None
        if told and told.get("url"):
            return told["url"]
    return None
