"""One file that holds a workflow with the workflows that it calls.

In: texts by name, those that are called first. Out: the bundle as text, and the same texts again. A YAML bundle is a stream of documents, a manifest
and then each text as its author wrote it, remarks included; a JSON bundle is one object. Pure: the same bytes for the same texts.
A text that cannot stand in a stream as it is (it holds a document mark of its own) is written canonically.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from chalicelib.errors import DocumentInvalid
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.yaml_text import compose

Format = Literal["yaml", "json"]
MARK: Final = "sluice_bundle"
MAX_WORKFLOWS: Final = 50
_BREAK: Final = re.compile(r"^---\n", re.MULTILINE)
_UNFIT: Final = re.compile(r"^(---|\.\.\.|%)|\r|\A\s*\Z|[^\n]\Z", re.MULTILINE)


@dataclass(frozen=True)
class Bundle:
    """`texts` by workflow name, each behind those that it calls; the last is `root`. One text alone is a bundle of one."""

    root: str
    texts: Mapping[str, str]


def write_text(text: str, wanted: Format | None = None) -> str:
    """A workflow's text in a format: as it was written where that is the format (or none is asked for), else canonically."""
    is_json = is_json_text(text)
    if wanted is None or (wanted == "json") == is_json:
        return text
    value = compose(text).value
    if not isinstance(value, dict):
        raise DocumentInvalid("the text has errors: only as it was written can it be taken out", {"": "no document"})
    return json_document(value) if wanted == "json" else yaml_document(value)


def write_bundle(bundle: Bundle, wanted: Format) -> str:
    """The bundle as one file."""
    if wanted == "json":
        workflows: list[Json] = [json.loads(write_text(text, "json")) for text in bundle.texts.values()]
        return json_document({MARK: 1, "root": bundle.root, "workflows": workflows})
    manifest = f"{MARK}: 1\nroot: {bundle.root}\n"
    return "---\n".join([manifest, *(_fit(text) for text in bundle.texts.values())])


def read_bundle(text: str) -> Bundle:
    """The texts of a bundle, or of a single workflow. Raises DocumentInvalid."""
    if is_json_text(text):
        document: Json = json.loads(text)
        if not isinstance(document, dict) or MARK not in document:
            return _bundle(None, [text])
        parts = document.get("workflows")
        members = parts if isinstance(parts, list) else []
        return _bundle(document, [json_document(part) if isinstance(part, dict) else "" for part in members])
    first, *rest = _BREAK.split(text.removeprefix("---\n"))
    manifest = compose(first).value
    if not isinstance(manifest, dict) or MARK not in manifest:
        return _bundle(None, [text])
    return _bundle(manifest, rest)


def _bundle(manifest: JsonObject | None, texts: list[str]) -> Bundle:
    names = [_name(text, place) for place, text in enumerate(texts)]
    faults = {f"/workflows/{place}": "this name stands there twice" for place, name in enumerate(names) if name in names[:place]}
    if manifest is not None and manifest.get(MARK) != 1:
        faults[f"/{MARK}"] = "this release reads bundles of version 1"
    if not texts or len(texts) > MAX_WORKFLOWS:
        faults["/workflows"] = f"a bundle holds 1 to {MAX_WORKFLOWS} workflows"
    root = str(manifest.get("root")) if manifest is not None else names[0]
    if not faults and root not in names:
        faults["/root"] = f"{root} is none of the workflows in it"
    if faults:
        raise DocumentInvalid("the file cannot be read as a bundle of workflows", faults)
    return Bundle(root, dict(zip(names, texts, strict=True)))


def _name(text: str, place: int) -> str:
    value = compose(text).value
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str):
        raise DocumentInvalid("a workflow in the file has no name that can be read", {f"/workflows/{place}/name": "a text"})
    return name


def _fit(text: str) -> str:
    """The text as it may stand in a stream."""
    if not _UNFIT.search(text):
        return text
    value = compose(text).value
    if not isinstance(value, dict):
        raise DocumentInvalid("a workflow with errors cannot stand in a bundle", {"": "no document"})
    return yaml_document(value)


def is_json_text(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def json_document(value: JsonObject) -> str:
    """Indented, with its keys in their order."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def yaml_document(value: JsonObject) -> str:
    """Block style, keys in their order, texts of several lines as they read."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return text


class _Dumper(yaml.SafeDumper):
    """No anchors: what stands twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent)
