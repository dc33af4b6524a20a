"""The package that is deployed, made as a release makes it: infra merged, then `chalice package`.

In: an empty folder, and whether to fetch the wheels. Out: the SAM template and the zip files. What is packaged is a copy of what git has.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from infra.merge import write
from tests.factories.repository import ROOT, tracked

REGION = "eu-central-1"
STAGE = "prod"
FAILED = "Could not install dependencies"  # `chalice package` says so and succeeds


@dataclass(frozen=True)
class Package:
    """What `chalice package` put out."""

    folder: Path
    said: str

    @property
    def template_path(self) -> Path:
        return self.folder / "sam.yaml"

    @cached_property
    def template(self) -> dict[str, Any]:
        template: dict[str, Any] = yaml.safe_load(self.template_path.read_text())
        return template

    @property
    def resources(self) -> Mapping[str, dict[str, Any]]:
        found: Mapping[str, dict[str, Any]] = self.template["Resources"]
        return found

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Logical id of each function -> its properties."""
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == "AWS::Serverless::Function"}

    def contents(self) -> dict[str, int]:
        """Every file of every zip, with its size."""
        files: dict[str, int] = {}
        for path in sorted(self.folder.glob("*.zip")):
            with zipfile.ZipFile(path) as archive:
                files |= {entry.filename: entry.file_size for entry in archive.infolist()}
        return files


def build(folder: Path, *, wheels: bool) -> Package:
    """Package the project below `folder`. Without wheels it takes a second and no network; the template is the same."""
    source = folder / "source"
    for path in tracked():
        if path.parts[0] in {"app.py", "chalicelib", ".chalice", "infra", "requirements.txt"}:
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, source / path)
    if not wheels:
        (source / "requirements.txt").write_text("")
    extras = write(source / "build" / "extras.yaml")
    environment = {**os.environ, "AWS_DEFAULT_REGION": REGION, "PYTHONDONTWRITEBYTECODE": "1"}
    arguments = ["package", "--stage", STAGE, "--merge-template", str(extras), str(folder / "out")]
    command = [sys.executable, "-c", "from chalice.cli import main; main()", *arguments]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / "out" / "sam.yaml").is_file():
        raise RuntimeError(done.stdout + done.stderr)
    return Package(folder / "out", done.stdout + done.stderr)
