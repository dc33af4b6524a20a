"""All tools by name, each beside its signature.

In: a tool's name and arguments. Out: its output. The arguments are checked against the signature's schema before the tool runs.
What is listed in `spec.tool_signatures` is here and the other way round (a test compares them).
"""

from functools import lru_cache

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.tools.a2a import a2a_tools
from chalicelib.tools.channel import channel_tools
from chalicelib.tools.csv_parse import csv_parse_tool
from chalicelib.tools.failures import ArgumentsInvalid, ToolUnknown
from chalicelib.tools.http import http_tools
from chalicelib.tools.json_pick import json_pick_tool
from chalicelib.tools.kv import kv_tools
from chalicelib.tools.math import math_tool
from chalicelib.tools.mcp import mcp_tools
from chalicelib.tools.memory import memory_tools
from chalicelib.tools.openapi_call import openapi_tools
from chalicelib.tools.schema_check import faults
from chalicelib.tools.sql import sql_tools
from chalicelib.tools.text_template import text_template_tool
from chalicelib.tools.time_now import time_now_tool
from chalicelib.tools.tool import Surroundings, Tool


@lru_cache(maxsize=1)
def tools() -> dict[str, Tool]:
    """Every tool by its name."""
    found = (
        *http_tools(),
        json_pick_tool(),
        text_template_tool(),
        math_tool(),
        time_now_tool(),
        *kv_tools(),
        csv_parse_tool(),
        *mcp_tools(),
        *a2a_tools(),
        *sql_tools(),
        *channel_tools(),
        *memory_tools(),
        *openapi_tools(),
    )
    return {tool.name: tool for tool in found}


def run_tool(name: str, arguments: JsonObject, surroundings: Surroundings) -> Json:
    """The tool's output. Raises a ToolFailure."""
    tool = tools().get(name)
    if tool is None:
        raise ToolUnknown(f"there is no tool {name}")
    given = _without_absent(name, arguments)
    _check(name, given)
    return tool.run(given, surroundings)


def _without_absent(name: str, arguments: JsonObject) -> JsonObject:
    """Optional arguments that came as null, because what they refer to is absent, are left out, unless null is a value that they take."""
    properties = TOOL_SIGNATURES[name].arguments.get("properties")
    schemas = properties if isinstance(properties, dict) else {}
    typed = {argument for argument, schema in schemas.items() if isinstance(schema, dict) and "type" in schema}
    return {argument: value for argument, value in arguments.items() if value is not None or argument not in typed}


def _check(name: str, arguments: JsonObject) -> None:
    """Raises ArgumentsInvalid with the first faults; values are not shown, only what is wrong with them."""
    wrong = faults(TOOL_SIGNATURES[name].arguments, arguments)
    if wrong:
        raise ArgumentsInvalid(f"{name}: {'; '.join(wrong)}")
