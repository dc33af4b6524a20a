"""Settings, ids, times, errors, principals: what every room stands on."""

import inspect
import time
from datetime import UTC, datetime

import pytest

from chalicelib import clock, errors, ids
from chalicelib.access.principal import Principal, organisations, platform_principal
from chalicelib.errors import SettingInvalid, SluiceError
from chalicelib.model_settings import CandidateSetting, RouteSetting
from chalicelib.remote_settings import SecretText
from chalicelib.settings import read_settings
from tests.factories.cloud import Cloud


def test_settings_have_defaults_and_are_read_once_from_the_environment() -> None:
    found = read_settings({})
    assert (found.table, found.stage, found.allowed_hosts) == ("sluice", "local", ())
    told = read_settings({"SLUICE_TABLE": "t", "SLUICE_ALLOWED_HOSTS": "A.com, b.org,", "SLUICE_PEOPLE": '{"ann": ["approver"]}', "SLUICE_STAGE": ""})
    assert (told.table, told.allowed_hosts, told.people, told.stage) == ("t", ("a.com", "b.org"), {"ann": ("approver",)}, "local")
    assert "s3cret" not in repr(read_settings({"ANTHROPIC_API_KEY": "s3cret"}))


def test_servers_agents_and_databases_are_read_and_their_credentials_not_shown() -> None:
    servers = '{"shop": {"url": "https://shop.example/mcp", "headers": {"Authorization": "s3cret"}}}'
    databases = '{"a": {"url": "postgresql://u:s3cret@h/d", "write": true}, "b": {"sqlite_key": "b.db"}}'
    found = read_settings({"SLUICE_MCP_SERVERS": servers, "SLUICE_A2A_AGENTS": servers, "SLUICE_DATABASES": databases})
    assert found.mcp_servers["shop"].headers == found.a2a_agents["shop"].headers == {"Authorization": "s3cret"}
    assert (found.databases["a"].write, found.databases["b"].sqlite_key, found.databases["b"].write) == (True, "b.db", False)
    assert "s3cret" not in f"{found!r} {found.mcp_servers} {found.databases}"


def test_a_header_and_a_databases_url_may_name_a_secret_of_the_deployment() -> None:
    servers = '{"shop": {"url": "https://shop.example/mcp", "headers": {"Authorization": {"secret": "shop", "prefix": "Bearer "}, "A": "b"}}}'
    found = read_settings({"SLUICE_MCP_SERVERS": servers, "SLUICE_DATABASES": '{"a": {"url": {"secret": "a_db"}}}'})
    assert found.mcp_servers["shop"].headers == {"Authorization": SecretText(secret="shop", prefix="Bearer "), "A": "b"}
    assert found.databases["a"].url == SecretText(secret="a_db")


@pytest.mark.parametrize("given", ["7", '["hush"]', '{"secret": 7}', '{"secret": "a", "suffix": "hush"}', '{"prefix": "hush"}'])
def test_a_header_of_another_form_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(SettingInvalid, match=r"SLUICE_MCP_SERVERS\.shop\.headers\.A: write a text, or {\"secret\": \"name\"") as refused:
        read_settings({"SLUICE_MCP_SERVERS": f'{{"shop": {{"url": "https://x.example", "headers": {{"A": {given}}}}}}}'})
    assert "hush" not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SLUICE_PEOPLE", "{"),
        ("SLUICE_MODELS", "[1]"),
        ("SLUICE_PEOPLE", '{"ann": "approver"}'),
        ("SLUICE_MCP_SERVERS", '{"shop": "https://shop.example"}'),
        ("SLUICE_A2A_AGENTS", '{"shop": {"url": "https://shop.example", "token": "x"}}'),
        ("SLUICE_A2A_AGENTS", '{"shop": {"url": "https://shop.example", "headers": {"X-Key": {"secret": "Not A Name"}}}}'),
        ("SLUICE_A2A_AGENTS", '{"shop": {"url": "https://shop.example", "signed_by": {}}}'),
        ("SLUICE_A2A_AGENTS", '{"shop": {"url": "https://shop.example", "signed_by": {"keys": [{"kty": "oct", "k": "x"}]}}}'),
        ("SLUICE_A2A_AGENTS", '{"shop": {"url": "https://shop.example", "signed_by": {"keys": [{"kty": "EC", "d": "x"}]}}}'),
        ("SLUICE_MCP_SERVERS", '{"shop": {"url": "https://shop.example", "signed_by": {"jwks_url": "https://shop.example/keys"}}}'),
        ("SLUICE_CARD_KEY", '{"kty": "EC"}'),
        ("SLUICE_PUBLIC_URL", "sluice.example"),
        ("SLUICE_DATABASES", '{"a": {}}'),
        ("SLUICE_DATABASES", '{"a": {"url": {"secret": "x"}, "sqlite_key": "b.db"}}'),
        ("SLUICE_DATABASES", '{"a": {"url": "postgresql://h/d", "sqlite_key": "b.db"}}'),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        read_settings({name: text})


ENDPOINT = '{"vllm": {"url": "http://localhost:8000/v1", "key": "hush"}}'
ROUTE = (
    '{"smart": {"strategy": "cheapest", "candidates": ["anthropic:a", {"model": "openai:b", "priority": 2, "window": 9, "key": "k"}]}, "x": "smart"}'
)


def test_models_and_their_keys_are_read() -> None:
    found = read_settings(
        {"SLUICE_MODELS": ROUTE, "SLUICE_COMPATIBLE": ENDPOINT, "OPENAI_API_KEY": '{"spare": "hush"}', "SLUICE_BEDROCK": "eu-central-1"}
    )
    assert found.models["x"] == "smart"
    assert found.models["smart"] == RouteSetting(
        strategy="cheapest",
        candidates=(CandidateSetting(model="anthropic:a"), CandidateSetting(model="openai:b", priority=2, window=9, key="k")),
    )
    assert (found.compatible["vllm"].url, found.bedrock_region, found.availability_target) == ("http://localhost:8000/v1", "eu-central-1", 0.99)
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("SLUICE_MODELS", '{"a": 1}', 'SLUICE_MODELS.a: write "provider:model"'),
        ("SLUICE_MODELS", '{"a": {"candidates": ["x"]}}', "SLUICE_MODELS.a.candidates.0.model: 'x' names no model; write"),
        ("SLUICE_MODELS", '{"a": {"candidates": []}}', "SLUICE_MODELS.a.candidates: "),
        ("SLUICE_MODELS", '{"a": {"candidates": ["a:b"], "strategy": "best"}}', "'priority', 'cheapest' or 'fastest'"),
        ("SLUICE_MODELS", '{"a": {"candidates": [{"model": "a:b", "priority": 0}]}}', "SLUICE_MODELS.a.candidates.0.priority: "),
        ("SLUICE_COMPATIBLE", '{"openai": {"url": "http://x"}}', "cannot be called 'openai'"),
        ("SLUICE_COMPATIBLE", '{"vllm": {"url": "hush"}}', "SLUICE_COMPATIBLE.vllm.url"),
        ("OPENAI_API_KEY", '{"a": hush}', "OPENAI_API_KEY: not JSON"),
        ("GEMINI_API_KEY", '{"a": 1}', 'several keys are given as {"name": "key"}'),
        ("SLUICE_BEDROCK", "on", "'on' is no region; write one such as eu-central-1"),
        ("SLUICE_EMBEDDINGS", "smart", "names no model"),
        ("SLUICE_EMBEDDINGS", "anthropic:claude", "makes no vectors; write one such as"),
        ("SLUICE_AVAILABILITY_TARGET", "1", "SLUICE_AVAILABILITY_TARGET: "),
    ],
)
def test_a_setting_of_models_that_cannot_work_is_refused_without_its_secrets(name: str, text: str, told: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        read_settings({name: text})
    assert told in str(refused.value)
    assert "hush" not in f"{refused.value} {refused.value.__cause__}"


def test_ids_sort_by_the_time_they_were_made() -> None:
    first = ids.new_id(ids.RUN)
    time.sleep(0.002)
    second = ids.new_id(ids.RUN)
    assert first < second
    assert ids.is_id(first, ids.RUN)
    assert not ids.is_id(first, ids.GATE)
    assert not ids.is_id("run_1", ids.RUN)


def test_a_derived_id_belongs_to_its_meaning() -> None:
    run_id = ids.new_id(ids.RUN)
    found = ids.derived_id(ids.GATE, run_id, "a", "", time_of=run_id)
    assert found == ids.derived_id(ids.GATE, run_id, "a", "", time_of=run_id)
    assert found != ids.derived_id(ids.GATE, run_id, "", "a", time_of=run_id)
    assert ids.is_id(found, ids.GATE)
    assert found[5:15] == run_id[4:14]
    assert ids.is_id(ids.derived_id(ids.GATE, "x"), ids.GATE)


def test_times_are_utc_texts_that_sort() -> None:
    assert clock.time_text(datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)) == "2026-01-02T03:04:05.678Z"
    assert clock.time_text(datetime(2026, 1, 2)) == "2026-01-02T00:00:00.000Z"  # noqa: DTZ001
    assert clock.seconds_text(0) == "1970-01-01T00:00:00.000Z"
    assert 0 <= clock.seconds_since(clock.now_text()) < 5
    assert abs(clock.epoch_seconds() - time.time()) < 2


def test_every_error_is_drawn_in_the_tree_and_has_a_code_of_its_own() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SluiceError)]
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in kinds if f" {kind.__name__} " not in f"{drawn} " and f" {kind.__name__}\n" not in drawn] == []
    codes = [kind.code for kind in kinds if kind is not errors.FieldsInvalid]
    assert len(set(codes)) == len(codes)
    assert all(kind.status in {400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 500, 503} for kind in kinds)


def test_the_platform_acts_in_every_organisation(aws: Cloud) -> None:
    assert platform_principal("org_x").organisation_id == "org_x"
    assert organisations() == ("org_local",)


def test_a_principal_is_a_person_and_their_roles() -> None:
    ann = Principal("org_local", "ann", frozenset({"approver"}))
    assert ann.is_one_of(("person:ann",))
    assert ann.is_one_of(("role:approver", "person:bob"))
    assert not ann.is_one_of(("ann", "person:approver"))
