"""CloudFormation templates, as far as one machine needs them: parameters, references between resources, environments.

In: a merged template, and what names resources have here. Out: `Template`, with every intrinsic resolved.
Never: a guess. A reference to something unknown is a `TemplateError` that names it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": None,
}
_PLACE: Final = re.compile(r"\$\{(!?)([A-Za-z0-9:.]+)\}")


class TemplateError(ValueError):
    """The template refers to what is not there."""


@dataclass(frozen=True)
class Template:
    """`names` maps what a reference may ask for (`MainTable`, `Worker.Arn`) to what it is on this machine."""

    document: Mapping[str, Any]
    names: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of one type by logical id, properties resolved."""
        found = self.document.get("Resources", {}).items()
        return {name: self.resolve(resource.get("Properties", {})) for name, resource in found if resource.get("Type") == kind}

    def properties(self, logical_id: str) -> dict[str, Any]:
        """What the template adds to a resource that Chalice generates, unresolved."""
        properties: dict[str, Any] = self.document.get("Resources", {}).get(logical_id, {}).get("Properties", {})
        return properties

    def environment_of_functions(self) -> dict[str, str]:
        """The environment variables of all functions as one. What is a parameter alone, this process's environment may set under its own name."""
        variables = dict(_variables(self.document.get("Globals", {}).get("Function", {})))
        for resource in self.document.get("Resources", {}).values():
            variables |= _variables(resource.get("Properties", {}))
        chosen = {name: os.environ[name] for name, value in variables.items() if self._is_parameter(value) and os.environ.get(name)}
        return {name: chosen.get(name) or str(self.resolve(value)) for name, value in variables.items()}

    def resolve(self, value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return self._named(str(name))
            case {"Fn::GetAtt": [name, attribute]}:
                return self._named(f"{name}.{attribute}")
            case {"Fn::Sub": [text, values]}:
                return self._substituted(str(text), self.resolve(values))
            case {"Fn::Sub": text}:
                return self._substituted(str(text), {})
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(str(part) for part in self.resolve(parts))
            case {"Fn::Select": [index, items]}:
                return self.resolve(items)[int(index)]
            case dict():
                resolved = {key: self.resolve(member) for key, member in value.items()}
                return {key: member for key, member in resolved.items() if not (member is None and value[key] == {"Ref": "AWS::NoValue"})}
            case list():
                return [self.resolve(item) for item in value]
            case _:
                return value

    def _is_parameter(self, value: Any) -> bool:
        return isinstance(value, dict) and value.get("Ref") in self.document.get("Parameters", {})

    def _named(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.names:
            return self.names[name]
        declared = self.document.get("Parameters", {}).get(name)
        if declared is None:
            raise TemplateError(f"the template refers to {name}, which the local stack does not know")
        return self.parameters.get(name, str(declared.get("Default", "")))

    def _substituted(self, text: str, values: Mapping[str, Any]) -> str:
        def fill(place: re.Match[str]) -> str:
            if place[1]:
                return f"${{{place[2]}}}"
            return str(values[place[2]] if place[2] in values else self._named(place[2]))

        return _PLACE.sub(fill, text)


def _variables(properties: Mapping[str, Any]) -> dict[str, Any]:
    environment = properties.get("Environment", {})
    variables: dict[str, Any] = environment.get("Variables", {}) if isinstance(environment, Mapping) else {}
    return variables
