"""What tools may reach: secrets are put in where they are asked for, and nobody deploys a credential in plain text."""

import json

import pytest

from chalicelib.errors import SettingInvalid
from chalicelib.settings import settings
from chalicelib.tools.failures import NotAvailableHere
from chalicelib.workflows import tool_reach

SERVERS = {
    "shop": {"url": "https://shop.example/mcp", "headers": {"Authorization": {"secret": "shop", "prefix": "Bearer "}, "X-Kind": "full"}},
    "open": {"url": "https://open.example/mcp"},
}
DATABASES = {"shop": {"url": {"secret": "shop_db"}}, "books": {"sqlite_key": "books.db", "write": True}}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, SLUICE_MCP_SERVERS=SERVERS, SLUICE_A2A_AGENTS=SERVERS, SLUICE_DATABASES=DATABASES)


def told(monkeypatch: pytest.MonkeyPatch, *, stage: str = "local", **variables: object) -> None:
    monkeypatch.setenv("SLUICE_STAGE", stage)
    for name, value in variables.items():
        monkeypatch.setenv(name, json.dumps(value))
    settings.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def forgotten() -> object:
    yield
    settings.cache_clear()


def test_it_resolves_the_secrets_of_what_is_asked_for_alone() -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        return f"value-of-{name}"

    for found in (tool_reach.mcp_servers(resolve), tool_reach.own_a2a_agents(resolve)):
        assert (sorted(found), len(found), "gone" in found) == (["open", "shop"], 2, False)
        assert found["open"].headers == {}
        assert asked == []
        assert found["shop"].headers == {"Authorization": "Bearer value-of-shop", "X-Kind": "full"}
        assert asked.pop() == "shop"
    databases = tool_reach.databases(resolve)
    assert (databases["books"].sqlite_key, databases["shop"].url, databases.get("gone")) == ("books.db", "value-of-shop_db", None)


def test_it_asks_anew_each_time_so_that_a_new_value_is_taken_up() -> None:
    values = iter(("old", "new"))
    found = tool_reach.mcp_servers(lambda _: next(values))
    assert [found["shop"].headers["Authorization"] for _ in range(2)] == ["Bearer old", "Bearer new"]


def test_it_shows_no_value_and_gives_none_to_those_who_may_read_no_secret() -> None:
    assert "value" not in repr(tool_reach.mcp_servers(lambda _: "value")["shop"])
    with pytest.raises(NotAvailableHere, match="the secret shop is read by workers alone"):
        tool_reach.outlook(1).mcp_servers["shop"]


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "Cookie", "X-Signature"])
def test_it_refuses_a_deployed_credential_in_plain_text(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    servers = {"shop": {"url": "https://shop.example", "headers": {header: "hush-hush"}}, "open": {"url": "https://x.example", "headers": {"A": "b"}}}
    told(monkeypatch, SLUICE_MCP_SERVERS=servers)
    assert tool_reach.mcp_servers()["shop"].headers == {header: "hush-hush"}
    told(monkeypatch, stage="prod")
    assert tool_reach.mcp_servers()["open"].headers == {"A": "b"}
    with pytest.raises(SettingInvalid, match=rf"SLUICE_MCP_SERVERS\.shop\.headers\.{header}: .*sluice secrets put NAME --deployment") as refused:
        tool_reach.mcp_servers()["shop"]
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://u:hush@db.example/d", "postgresql://u@db.example/d?password=hush", "postgresql://[hush"])
def test_it_refuses_a_deployed_password_in_a_databases_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    told(monkeypatch, stage="prod", SLUICE_DATABASES={"shop": {"url": url}, "anyone": {"url": "postgresql://reader@db.example/d"}})
    assert tool_reach.databases()["anyone"].url == "postgresql://reader@db.example/d"
    with pytest.raises(SettingInvalid, match=r"SLUICE_DATABASES\.shop\.url: ") as refused:
        tool_reach.databases()["shop"]
    assert "hush" not in str(refused.value)
