"""What the stack runs: a folder with a Chalice app, its `.chalice/config.json` and its templates.

In: the folder. Out: `Project`, which reads these files each time it is asked. Never keeps what it read: files change while the stack runs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.merge import merged

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Project:
    """`module` is where the app object `app` is; `packages` are the modules that are imported anew when code changes."""

    folder: Path = ROOT
    module: str = "app"
    packages: tuple[str, ...] = ("app", "chalicelib")

    def template(self) -> dict[str, Any]:
        """The merged document of infra/*.yaml; empty when there is none."""
        folder = self.folder / "infra"
        return merged(folder) if folder.is_dir() else {}

    def stage(self) -> dict[str, Any]:
        """The stage `local` of `.chalice/config.json`, else its first one."""
        path = self.folder / ".chalice" / "config.json"
        if not path.is_file():
            return {}
        config = json.loads(path.read_text(encoding="utf-8"))
        stages = config.get("stages", {})
        chosen: dict[str, Any] = stages.get("local") or next(iter(stages.values()), {})
        return {**config, **chosen}

    @property
    def page(self) -> Path:
        """Files that the local server shows where the app has no route."""
        return self.folder / "infra" / "local" / "page"
