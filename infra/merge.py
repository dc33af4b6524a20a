"""Merges infra/*.yaml into one CloudFormation document, the one file that `chalice package --merge-template` takes.

In: the YAML files of this folder, in the order of their names. Out: `merged()`, the document with long-form intrinsics
(`{"Ref": …}`, `{"Fn::Sub": …}`); as a command, `build/extras.yaml`.
Never: two files that say something different about the same thing (`DisagreementError`), or a change to PyYAML's own loaders.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from chalicelib.spec.model import Json, JsonObject

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parent / "build" / "extras.yaml"


class DisagreementError(ValueError):
    """Two files give one place of the document different values."""


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> "JsonObject":
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> "JsonObject":
    """One file of this folder as a document. The loader is a SafeLoader."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_TemplateLoader)  # noqa: S506 # nosec B506
    if not isinstance(document, dict):
        raise TypeError(f"{path.name} holds no CloudFormation document")
    return document


def merged(folder: Path = FOLDER) -> "JsonObject":
    """All files as one document. Raises `DisagreementError`."""
    document: JsonObject = {}
    for path in sorted(folder.glob("*.yaml")):
        _merge(document, read(path), path.name)
    return document


def _merge(into: "JsonObject", document: "JsonObject", where: str) -> None:
    for key, value in document.items():
        known: Json = into.setdefault(key, value)
        if known is value or known == value:
            continue
        if not isinstance(known, dict) or not isinstance(value, dict):
            raise DisagreementError(f"{where}.{key}: another file says {known!r}")
        _merge(known, value, f"{where}.{key}")


def write(output: Path = OUTPUT) -> Path:
    """Write the merged document where `chalice package --merge-template` finds it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(yaml.safe_dump(merged(), sort_keys=True, allow_unicode=True), encoding="utf-8")
    return output


if __name__ == "__main__":
    print(write())
