"""Whether the input of a trigger can be one of its workflow's: judged when the trigger is saved, as far as it is certain then.

In: a template, what the trigger's kind is told, the input schema of the version that it starts. Out: nothing, or TriggerInvalid with every fault by
JSON pointer. What is read only when it fires is checked then, by the start of the run.
"""

from typing import Final

from chalicelib.errors import InputInvalid, TriggerInputInvalid
from chalicelib.runs.inputs import checked_input
from chalicelib.spec.input_template import constant_of, is_constant, template_faults
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.trigger_records import TriggerKind

ROOTS: Final[dict[TriggerKind, frozenset[str]]] = {
    "schedule": frozenset({"schedule"}),
    "webhook": frozenset({"body", "headers", "query"}),
    "event": frozenset({"event"}),
    "run_end": frozenset({"ended"}),
}


def check_template(template: Json, kind: TriggerKind, schema: JsonObject | None) -> None:
    """Raises TriggerInputInvalid."""
    faults = {found.pointer: found.message for found in template_faults(template, ROOTS[kind])}
    if not faults and schema is not None:
        faults = _misfits(template, schema)
    if faults:
        where, what = next(iter(faults.items()))
        raise TriggerInputInvalid(f"the input of the trigger cannot be taken: {f'{where}: ' if where else ''}{what}", faults)


def _misfits(template: Json, schema: JsonObject) -> dict[str, str]:
    if is_constant(template):
        return _faults_of(schema, constant_of(template))
    if not isinstance(template, dict):
        return {}
    return {**_names_at_fault(template, schema), **_members_at_fault(template, schema)}


def _faults_of(schema: JsonObject, value: Json) -> dict[str, str]:
    try:
        checked_input(schema, value)
    except InputInvalid as invalid:
        return invalid.faults or {"": str(invalid)}
    return {}


def _names_at_fault(template: JsonObject, schema: JsonObject) -> dict[str, str]:
    """Fields that are wanted and not there, and fields that the workflow does not know."""
    declared = schema.get("properties")
    properties: JsonObject = declared if isinstance(declared, dict) else {}
    required = schema.get("required")
    wanted = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    missing = [name for name in wanted if name not in template and "default" not in _object(properties.get(name))]
    unknown = [name for name in template if name not in properties] if schema.get("additionalProperties") is False else []
    return {
        **{f"/{name}": f"the workflow asks for {name}, and the trigger gives none" for name in missing},
        **{f"/{name}": f"the workflow takes no {name}" for name in unknown},
    }


def _members_at_fault(template: JsonObject, schema: JsonObject) -> dict[str, str]:
    found: dict[str, str] = {}
    properties = _object(schema.get("properties"))
    definitions: JsonObject = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    for name, member in template.items():
        if name in properties and is_constant(member):
            about: JsonObject = {**definitions, **_object(properties[name])}
            found |= {f"/{name}{pointer}": message for pointer, message in _faults_of(about, constant_of(member)).items()}
    return found


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
