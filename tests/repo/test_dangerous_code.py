"""Code that must not be: rules of this house, beside those of ruff and bandit, each with a line that breaks it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.factories.repository import modules, text

SECRET_WORDS: Final = ("password", "secret", "bearer", "credential", "refresh_token", "access_token", "api_key")
LOGS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


@dataclass(frozen=True)
class Rule:
    """`finds` says whether a node breaks it; `where` are the folders it holds in, `but` the files that may. `bad` breaks it, `good` does not."""

    name: str
    finds: Callable[[ast.AST], bool]
    bad: str
    good: str
    where: tuple[str, ...] = ("chalicelib", "cli", "infra")
    but: frozenset[str] = frozenset()


def called(node: ast.AST) -> str:
    """The dotted name of what is called; empty for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or ""} if isinstance(node, ast.ImportFrom) else set()


def keywords(node: ast.AST) -> dict[str, ast.expr]:
    return {each.arg: each.value for each in node.keywords if each.arg} if isinstance(node, ast.Call) else {}


def _is(value: ast.expr | None, wanted: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is wanted


def logs_a_secret(node: ast.AST) -> bool:
    """A log line that is handed a value whose name says that it is secret."""
    if not isinstance(node, ast.Call) or called(node).rpartition(".")[2] not in LOGS or "log" not in called(node).lower():
        return False
    names = [each.id if isinstance(each, ast.Name) else each.attr for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)]
    return any(name.lower().endswith(SECRET_WORDS) for name in names)


RULES: Final = (
    Rule(
        "text that becomes code",
        lambda node: called(node) in {"eval", "exec", "compile", "__import__"},
        "eval(text)",
        "re.compile(text)",
    ),
    Rule(
        "bytes that become objects",
        lambda node: bool(imported(node) & {"pickle", "marshal", "shelve", "dill"}),
        "import pickle",
        "import json",
    ),
    Rule(
        "a shell",
        lambda node: called(node) in {"os.system", "os.popen"} or _is(keywords(node).get("shell"), True),
        "subprocess.run(words, shell=True)",
        "subprocess.run(words)",
    ),
    Rule(
        "a certificate that nobody looks at",
        lambda node: _is(keywords(node).get("verify"), False) or called(node).endswith("_create_unverified_context"),
        "httpx.get(url, verify=False)",
        "httpx.get(url)",
    ),
    Rule(
        "a token whose algorithm the token chooses",
        lambda node: called(node) == "jwt.decode" and not {"algorithms", "options"} & keywords(node).keys(),
        "jwt.decode(token, key)",
        "jwt.decode(token, key, algorithms=['ES256'])",
    ),
    Rule(
        "a token that is believed unverified",
        lambda node: called(node) == "jwt.decode" and "options" in keywords(node) and "'verify_signature': False" in ast.unparse(node),
        "jwt.decode(token, options={'verify_signature': False})",
        "jwt.decode(token, key, algorithms=['ES256'], options={'require': ['exp']})",
        but=frozenset({"chalicelib/access/tokens.py"}),  # whose issuer is asked for first, and which is verified then
    ),
    Rule(
        "chance that can be guessed, where it guards something",
        lambda node: "random" in imported(node),
        "import random",
        "import secrets",
        where=("chalicelib/access", "chalicelib/api", "chalicelib/live"),
    ),
    Rule(
        "a digest that can be forged",
        lambda node: called(node) in {"hashlib.md5", "hashlib.sha1", "md5", "sha1"},
        "hashlib.md5(data)",
        "hashlib.sha256(data)",
        but=frozenset({"infra/local/websocket_gateway.py"}),  # the handshake of RFC 6455
    ),
    Rule(
        "a scan of the table",
        lambda node: called(node).endswith(".scan") or (called(node).endswith("get_paginator") and "'scan'" in ast.unparse(node)),
        "client('dynamodb').scan(TableName=name)",
        "client('dynamodb').query(TableName=name)",
        where=("chalicelib",),
    ),
    Rule(
        "a client of AWS beside the one place that makes them",
        lambda node: called(node) in {"boto3.client", "boto3.resource", "boto3.Session"},
        "boto3.client('s3')",
        "client('s3')",
        where=("chalicelib",),
        but=frozenset({"chalicelib/store/clients.py"}),
    ),
    Rule(
        "a request that no guard has looked at",
        lambda node: bool(imported(node) & {"urllib.request", "requests", "aiohttp"}),
        "import urllib.request",
        "import httpx2",
        where=("chalicelib",),
    ),
    Rule("a secret in a log line", logs_a_secret, "logger.info('in', extra={'p': given.password})", "logger.info('in', extra={'p': given.name})"),
    Rule(
        "a name of a file that somebody else may take first",
        lambda node: called(node) == "tempfile.mktemp",
        "tempfile.mktemp()",
        "tempfile.mkstemp()",
    ),
)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """What can break a rule."""
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call | ast.Import | ast.ImportFrom))


def broken(rule: Rule, source: str) -> Iterator[int]:
    """The lines that break it."""
    yield from (getattr(node, "lineno", 0) for node in nodes(source) if rule.finds(node))


def held(rule: Rule) -> Iterator[Path]:
    for path in (found for folder in {each.partition("/")[0] for each in rule.where} for found in modules(folder)):
        if path.as_posix().startswith(rule.where) and path.as_posix() not in rule.but:
            yield path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_it_has_none_of_it(rule: Rule) -> None:
    found = [f"{path}:{line}" for path in held(rule) for line in broken(rule, text(path))]
    assert not found, f"{rule.name}: {', '.join(found)}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_it_knows_it_when_it_sees_it(rule: Rule) -> None:
    assert list(broken(rule, rule.bad)) == [1]
    assert not list(broken(rule, rule.good))
    assert list(held(rule))
