"""Where Sluice is: the address given, the environment's, or that of the local stack running here.

In: `--url`, SLUICE_URL, the file that the local stack leaves under `.sluice/` while it runs. Out: a base URL.
"""

import json
import os
from pathlib import Path
from typing import Final

RUNNING: Final = Path(".sluice") / "running.json"
DEFAULT: Final = "http://127.0.0.1:8000"


def find(url: str | None) -> str:
    """The base URL, without a slash at its end."""
    return (url or os.environ.get("SLUICE_URL") or _running() or DEFAULT).rstrip("/")


def _running() -> str | None:
    """The address of the local stack of this folder or of one around it."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        try:
            found = json.loads((folder / RUNNING).read_text())
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and isinstance(found.get("url"), str):
            return str(found["url"])
    return None
