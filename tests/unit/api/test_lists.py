"""Lists: what they are filtered by, how they are sorted, and that pages lose and double nothing, whatever is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from chalicelib.access import audit, members
from chalicelib.access.limits import set_budget
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.clock import epoch_seconds
from chalicelib.gates.close import close_gate
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import deliver
from chalicelib.gates.query import get_gate
from chalicelib.spec.model import JsonObject
from chalicelib.store import cursors, keys, pages, starters, table, triggers
from chalicelib.store.acts import Actor, acting
from chalicelib.store.run_records import Fault
from chalicelib.store.trigger_records import Firing
from chalicelib.triggers.save import WantedSchedule, WantedWebhook
from chalicelib.workflows.imported_apis import import_api
from tests.factories.cloud import ANN, BOB, published
from tests.factories.run_stories import attempt_at, opened_gate, started_run
from tests.factories.trigger_stories import a_trigger
from tests.unit.api.test_routes import Api, api
from tests.unit.tools.test_openapi import PETS

__all__ = ["api"]
AT: Final = "2026-11-{:02d}T10:00:00.000Z"
TEXT: Final = "sluice: 1\nname: {name}\ntitle: {title}\nlabels: {labels}\nnodes:\n  greet: {{type: transform, value: {value}}}\n"


def all_of(api: Api, route: str, listed: str, *, limit: int = 2, path: Mapping[str, str] | None = None, **query: Any) -> list[dict[str, Any]]:
    """What a list holds, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(40):
        asked = {"limit": str(limit), **query, **({"cursor": cursor} if cursor else {})}
        status, page = api(f"GET {route}", query=asked, path=path)
        assert status == 200, page
        assert len(page[listed]) <= limit
        found += page[listed]
        cursor = page["cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


def names(found: list[dict[str, Any]], member: str = "name") -> list[Any]:
    return [each[member] for each in found]


# Workflows


@pytest.fixture
def garden(api: Api) -> Api:
    """Five workflows: made in this order, changed in another."""
    given = {"fig": "team: a", "elm": "team: b", "oak": "team: a, tier: gold", "ash": "tier: gold", "box": ""}
    made = {}
    for name, labels in given.items():
        text = TEXT.format(name=name, title=f"The {name} tree" if name != "box" else "A shrub", labels=f"{{{labels}}}", value="1")
        person = "bob" if name == "elm" else "ann"
        made[name] = api("POST /workflows", person=person, body={"text": text})[1]["id"]
    for day, name in enumerate(("oak", "fig", "box", "elm", "ash"), 1):
        table.write(table.assign(keys.workflow("org_local", made[name]), {"updated_at": AT.format(day), "labels": _labels(given[name])}))
    for day, name in enumerate(given, 1):
        table.write(
            table.assign(keys.workflow("org_local", made[name]), {"created_at": AT.format(day), "latest_version": int(name in {"fig", "oak"})})
        )
    return api


def _labels(text: str) -> dict[str, str]:
    return dict(pair.split(": ") for pair in text.split(", ") if pair)


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", "ash box elm fig oak"),
        ("-name", "oak fig elm box ash"),
        ("updated_at", "oak fig box elm ash"),
        ("-updated_at", "ash elm box fig oak"),
        ("created_at", "fig elm oak ash box"),
        ("-created_at", "box ash oak elm fig"),
    ],
)
def test_it_sorts_workflows(garden: Api, sort: str, order: str, limit: int) -> None:
    assert names(all_of(garden, "/workflows", "workflows", limit=limit, sort=sort)) == order.split()


@pytest.mark.parametrize("sort", ["name", "-created_at"])
@pytest.mark.parametrize(
    ("query", "fitting"),
    [
        ({"search": "TREE the"}, "ash elm fig oak"),
        ({"search": "shrub"}, "box"),
        ({"search": "shrub tree"}, ""),
        ({"owner": "bob"}, "elm"),
        ({"published": "true"}, "fig oak"),
        ({"published": "false"}, "ash box elm"),
        ({"label": "team:a"}, "fig oak"),
        ({"label": ["team:a", "tier:gold"]}, "oak"),
        ({"label": ["team:a", "team:b"]}, ""),
        ({"label": "team:a", "published": "true", "search": "fig"}, "fig"),
        ({"name": "oak"}, "oak"),
        ({"name": "oak", "owner": "bob"}, ""),
    ],
)
def test_it_finds_workflows(garden: Api, query: dict[str, Any], fitting: str, sort: str) -> None:
    assert sorted(names(all_of(garden, "/workflows", "workflows", limit=1, sort=sort, **query))) == fitting.split()


def test_it_sorts_no_more_workflows_than_it_can(garden: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_SORTED", 4)
    status, refused = garden("GET /workflows", query={"sort": "updated_at"})
    assert (status, refused["code"]) == (422, "list-too-long")
    assert len(all_of(garden, "/workflows", "workflows", sort="-name")) == 5


# Versions


def test_it_finds_and_sorts_versions(api: Api) -> None:
    workflow_id = ""
    for number, (person, labels) in enumerate([(ANN, {"ticket": "A-1"}), (BOB, {"ticket": "A-2"}), (ANN, {"ticket": "A-2", "who": "x:y"})], 1):
        version = published({"sluice": 1, "name": "tree", "nodes": {"a": {"type": "transform", "value": number}}})
        workflow_id = version.workflow_id
        key = keys.version_summary("org_local", workflow_id, version.number)
        table.write(table.assign(key, {"labels": labels, "created_by": person.person}))
    path = {"workflow_id": workflow_id}
    asked: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [3, 2, 1]),
        ({"sort": "number"}, [1, 2, 3]),
        ({"created_by": "ann"}, [3, 1]),
        ({"label": "ticket:A-2", "sort": "number"}, [2, 3]),
        ({"label": ["ticket:A-2", "who:x:y"]}, [3]),
        ({"created_by": "cy"}, []),
    ]
    for query, numbers in asked:
        found = all_of(api, "/workflows/{workflow_id}/versions", "versions", limit=1, path=path, **query)
        assert names(found, "number") == numbers


# Gates


@dataclass
class Gates:
    """Seven gates of two runs: `b` and `e` were decided, `c` timed out; `d` is due first."""

    api: Api
    names: dict[str, str]
    run_id: str
    workflow_id: str

    def found(self, **query: Any) -> str:
        return " ".join(self.names[each["id"]] for each in all_of(self.api, "/gates", "gates", **query))


@pytest.fixture
def gates(api: Api) -> Gates:
    run = started_run()
    other = started_run({"sluice": 1, "name": "other", "nodes": {"a": {"type": "human_gate", "ask": "?"}}}, given={})
    called: dict[str, str] = {}
    for day, name in enumerate("abcdefg", 1):
        gate = opened_gate(run if name < "e" else other, f"gate_{name}")
        called[gate.id] = name
        due = {"deadline_at": None if name == "a" else AT.format(1 if name == "d" else 20 + day)}
        place = table.places(keys.open_gates("org_local", AT.format(day), gate.id))
        table.write(table.assign(keys.gate("org_local", gate.id), {"opened_at": AT.format(day), **due, **place}))
    for gate_id, name in called.items():
        if name in "be":
            decide(BOB, gate_id, choice="approve")
            deliver("org_local", gate_id)
        if name == "c":
            close_gate(attempt_at(run, "gate_c"), on_timeout="timed_out")
    return Gates(api, called, run.id, run.workflow_id)


@pytest.mark.parametrize("limit", [1, 3, 9])
def test_it_sorts_gates(gates: Gates, limit: int) -> None:
    assert gates.found(limit=limit) == "a d f g"
    assert gates.found(limit=limit, sort="-opened_at") == "g f d a"
    assert gates.found(limit=limit, sort="deadline_at") == "d f g a"
    assert gates.found(limit=limit, sort="-deadline_at") == "a g f d"


@pytest.mark.parametrize("limit", [1, 3])
def test_it_finds_gates(gates: Gates, limit: int) -> None:
    run, workflow = {"run_id": gates.run_id, "limit": limit}, {"workflow_id": gates.workflow_id, "limit": limit}
    assert (gates.found(status="decided", limit=limit), gates.found(status="timed_out", limit=limit)) == ("b e", "c")
    assert gates.found(status="decided", sort="-opened_at", limit=limit) == "e b"
    assert (gates.found(**workflow), gates.found(**workflow, status="decided")) == ("a d", "b")
    assert (gates.found(**run), gates.found(**run, status="decided"), gates.found(**run, sort="-opened_at")) == ("a d", "b", "d a")
    assert gates.found(**run, status="cancelled") == ""


def test_it_tells_a_decided_gate_apart_until_the_engine_knows(gates: Gates) -> None:
    """It stands in one list at a time: first in that of open ones, then for the engine to be told, then among those that have ended."""
    (gate_id,) = (gate_id for gate_id, name in gates.names.items() if name == "a")
    decide(BOB, gate_id, choice="reject")
    assert get_gate(ANN, gate_id).status == "decided"
    assert "a" not in gates.found().split()
    deliver("org_local", gate_id)
    assert gates.found(status="decided") == "a b e"


def test_it_sorts_no_more_gates_than_it_can(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_SORTED", 3)
    assert gates.api("GET /gates", query={"sort": "deadline_at"})[1]["code"] == "list-too-long"


def test_it_looks_for_a_runs_gates_among_all_where_they_are_many(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_SORTED", 1)
    assert (gates.found(run_id=gates.run_id, limit=1), gates.found(run_id=gates.run_id, sort="-opened_at")) == ("a d", "d a")
    assert gates.found(run_id=gates.run_id, status="decided") == "b"
    assert gates.api("GET /gates", query={"run_id": gates.run_id, "sort": "deadline_at"})[1]["code"] == "list-too-long"


# Triggers and firings


def test_it_finds_and_sorts_triggers(api: Api) -> None:
    hotel = published().workflow_id
    other = published({"sluice": 1, "name": "hotels", "nodes": {"a": {"type": "transform", "value": 1}}}).workflow_id
    for name in ("late", "early"):
        a_trigger(name=name, workflow_id=hotel)
    a_trigger(WantedWebhook("token"), name="call", workflow_id=hotel)
    a_trigger(WantedSchedule(rate="1 day"), name="daily", workflow_id=other, input={}, enabled=False)
    asked: list[tuple[dict[str, Any], str]] = [
        ({}, "call early late daily"),
        ({"sort": "-workflow"}, "daily late early call"),
        ({"kind": "schedule"}, "early late daily"),
        ({"kind": "webhook"}, "call"),
        ({"enabled": "false"}, "daily"),
        ({"workflow_id": hotel, "sort": "-workflow"}, "late early call"),
        ({"workflow_id": hotel, "kind": "schedule", "enabled": "true"}, "early late"),
        ({"workflow_id": other}, "daily"),
        ({"workflow_id": "wf_none"}, ""),
    ]
    for query, fitting in asked:
        for limit in (1, 3):
            assert names(all_of(api, "/triggers", "triggers", limit=limit, **query)) == fitting.split()
    of_one = api("GET /workflows/{workflow_id}/triggers", path={"workflow_id": hotel}, query={"kind": "schedule"})[1]["triggers"]
    assert names(of_one) == ["early", "late"]
    assert api("GET /workflows/{workflow_id}/triggers", path={"workflow_id": hotel}, query={"enabled": "false"})[1]["triggers"] == []


def test_it_finds_and_sorts_firings(api: Api) -> None:
    trigger = a_trigger()
    for day in range(1, 8):
        fault = Fault(name="InputInvalid", message="no city") if day % 3 == 0 else None
        run_id = None if fault else f"run_{day}"
        fired = Firing(trigger_id=trigger.id, key=str(day), at=AT.format(day), recorded_at=AT.format(day), run_id=run_id, error=fault)
        triggers.record_firing("org_local", fired)
    asked = {"": "7654321", "started": "75421", "failed": "63"}
    for outcome, days in asked.items():
        for sort in ("-at", "at"):
            query: dict[str, Any] = {"sort": sort, **({"outcome": outcome} if outcome else {})}
            found = all_of(api, "/triggers/{trigger_id}/firings", "firings", path={"trigger_id": trigger.id}, **query)
            assert "".join(str(int(each["at"][8:10])) for each in found) == (days if sort == "-at" else days[::-1])


# Starters


def test_it_sorts_starters(api: Api) -> None:
    by_name = names(all_of(api, "/starters", "starters", limit=5))
    assert by_name == sorted(by_name)
    assert names(all_of(api, "/starters", "starters", limit=5, sort="-name")) == by_name[::-1]
    for name, times in ((by_name[3], 12), (by_name[1], 3)):
        for _ in range(times):
            table.write(starters.used_write("org_local", name))
    used = names(all_of(api, "/starters", "starters", limit=4, sort="-use_count"))
    assert (used[:2], len(used), set(used)) == ([by_name[3], by_name[1]], len(by_name), set(by_name))
    assert names(all_of(api, "/starters", "starters", limit=4, sort="use_count")) == used[::-1]


# People


def test_it_finds_and_sorts_people(api: Api) -> None:
    admin = Principal("org_local", "ann", frozenset({"admin"}), ALL)
    members.add_person("org_local", "cy", "correct horse battery 9", roles=("viewer",), by="ann")
    members.add_person("org_local", "bea", "correct horse battery 9", roles=("viewer", "approver"), by="ann")
    members.add_service_account(admin, "ci", roles=("editor",))
    members.change_member(admin, "cy", disabled=True)
    assert api("GET /people")[0] == 200  # ann is one from here on
    asked: list[tuple[dict[str, Any], str]] = [
        ({}, "ann bea cy service:ci"),
        ({"sort": "-name"}, "service:ci cy bea ann"),
        ({"role": "viewer"}, "bea cy"),
        ({"role": "approver"}, "ann bea"),
        ({"kind": "service"}, "service:ci"),
        ({"disabled": "true"}, "cy"),
        ({"disabled": "false", "role": "viewer"}, "bea"),
        ({"role": "nobody"}, ""),
    ]
    for query, fitting in asked:
        for limit in (1, 3):
            assert names(all_of(api, "/people", "people", limit=limit, **query)) == fitting.split()


# The audit


@pytest.fixture
def chain(api: Api) -> Api:
    """Ten entries, one a day: ann's changes of a budget, every third bob's, the last a deletion."""
    for day in range(1, 10):
        api("PUT /budgets/organisation", person="bob" if day % 3 == 0 else "ann", body={"per_day": day})
    api("DELETE /budgets/organisation")
    audit.take_in("org_local")
    for day in range(1, 11):
        key = keys.audit_entry("org_local", day)
        item = table.get(key)
        assert item is not None
        table.write(table.put({**item, "entry": item["entry"].replace(item["entry"].split('"at":"')[1][:24], AT.format(day))}))
    return api


@pytest.mark.parametrize("limit", [1, 3, 20])
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"by": "bob"}, [9, 6, 3]),
        ({"verb": "deleted"}, [10]),
        ({"verb": "created"}, [1]),
        ({"operation": "budgets.remove_of_organisation"}, [10]),
        ({"noun": "budget", "by": "bob"}, [9, 6, 3]),
        ({"noun": "draft"}, []),
        ({"noun": "budget", "target": "ORGANISATION", "by": "bob"}, [9, 6, 3]),
        ({"noun": "budget", "target": "ORGANISATION", "since": AT.format(8)}, [10, 9, 8]),
        ({"since": AT.format(4), "until": AT.format(6)}, [6, 5, 4]),
        ({"since": AT.format(4), "until": AT.format(6), "by": "bob"}, [6]),
        ({"since": "2026-11-09T09:59:59Z"}, [10, 9]),
        ({"until": "2026-11-02T11:00:00+01:00"}, [2, 1]),
        ({"since": "2027-01-01T00:00:00Z"}, []),
        ({"until": "2025-01-01T00:00:00Z"}, []),
    ],
)
def test_it_finds_entries_of_the_audit(chain: Api, query: dict[str, Any], numbers: list[int], limit: int) -> None:
    assert names(all_of(chain, "/audit", "entries", limit=limit, **query), "number") == numbers


def test_it_goes_on_below_a_number_under_a_filter(chain: Api) -> None:
    found: list[int] = []
    before: dict[str, str] = {}
    while True:
        page = chain("GET /audit", query={"by": "ann", "limit": "2", **before})[1]
        found += names(page["entries"], "number")
        if page["before"] is None:
            break
        before = {"before": str(page["before"])}
    assert found == [10, 8, 7, 5, 4, 2, 1]


def test_it_begins_where_a_time_says_also_where_older_entries_are_gone(chain: Api) -> None:
    for number in (1, 2, 3, 4):
        table.write(table.delete(keys.audit_entry("org_local", number)))
    assert names(all_of(chain, "/audit", "entries", until=AT.format(6)), "number") == [6, 5]
    assert names(all_of(chain, "/audit", "entries", since=AT.format(2), until=AT.format(5)), "number") == [5]


# Cursors


def _many_nodes() -> dict[str, str]:
    run = started_run()
    for number in range(3):
        opened_gate(run, f"gate_{number}")
    return {"run_id": run.id, "workflow_id": run.workflow_id}


def _many_versions() -> dict[str, str]:
    for number in (1, 2, 3):
        workflow_id = published({"sluice": 1, "name": "tree", "nodes": {"a": {"type": "transform", "value": number}}}).workflow_id
    return {"workflow_id": workflow_id}


def _many_workflows() -> dict[str, str]:
    for name in ("fig", "elm", "oak"):
        published({"sluice": 1, "name": name, "nodes": {"a": {"type": "transform", "value": 1}}})
    return {}


def _many_triggers() -> dict[str, str]:
    found = [a_trigger(name=name) for name in ("early", "late", "later")]
    for day in (1, 2, 3):
        triggers.record_firing("org_local", Firing(trigger_id=found[0].id, key=str(day), at=AT.format(day), recorded_at=AT.format(day), run_id="r"))
    return {"trigger_id": found[0].id}


def _many_people() -> dict[str, str]:
    for name in ("bea", "cy", "dan"):
        members.add_person("org_local", name, "correct horse battery 9", roles=("viewer",))
    return {}


def _nothing() -> dict[str, str]:
    return {}


def _many_acts() -> dict[str, str]:
    admin = Principal("org_local", "ann", frozenset({"admin"}), ALL)
    with acting(Actor("org_local", "ann", "budgets.set_of_organisation")):
        for limit in (1, 2, 3):
            set_budget(admin, per_day=limit)
    audit.take_in("org_local")
    return {}


def _many_apis() -> dict[str, str]:
    for name in ("cats", "dogs", "eels"):
        import_api(ANN, name=name, text=PETS, base_url="http://127.0.0.1:1")
    return {}


LISTS: Final[dict[str, tuple[Callable[[], dict[str, str]], dict[str, str]]]] = {
    "/workflows": (_many_workflows, {"sort": "-name"}),
    "/workflows?sort=updated_at": (_many_workflows, {"search": "e"}),
    "/workflows/runs": (_many_nodes, {"status": "waiting"}),
    "/workflows/runs/{run_id}/nodes": (_many_nodes, {"node": "gate_2"}),
    "/workflows/{workflow_id}/versions": (_many_versions, {"created_by": "ann"}),
    "/gates": (_many_nodes, {"mine": "true"}),
    "/gates?sort=deadline_at": (_many_nodes, {"sort": "-deadline_at"}),
    "/triggers": (_many_triggers, {"kind": "schedule"}),
    "/triggers/{trigger_id}/firings": (_many_triggers, {"sort": "at"}),
    "/starters": (_nothing, {"sort": "use_count"}),
    "/people": (_many_people, {"disabled": "false"}),
    "/audit": (_many_acts, {"by": "ann"}),
    "/audit?noun=budget&target=ORGANISATION": (_many_acts, {"verb": "changed"}),
    "/tools/openapi": (_many_apis, {}),
}


def _asked(listed: str) -> tuple[str, dict[str, str]]:
    route, _, query = listed.partition("?")
    return f"GET {route}", dict(pair.split("=") for pair in query.split("&") if pair)


@pytest.mark.parametrize("listed", LISTS)
def test_it_takes_a_cursor_for_an_hour_and_for_what_it_was_made_for(api: Api, listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, other = LISTS[listed]
    path = make()
    if listed == "/workflows/runs":
        started_run({"sluice": 1, "name": "other", "nodes": {"a": {"type": "tool_call", "tool": "time.now"}}}, given={})
    route, query = _asked(listed)
    page = api(route, path=path, query={**query, "limit": "1"})[1]
    cursor = page["cursor"]
    assert cursor is not None, page
    assert api(route, path=path, query={**query, "cursor": cursor})[0] == 200
    if other:
        status, refused = api(route, path=path, query={**query, **other, "cursor": cursor})
        assert (status, refused["code"], "another filter or order" in refused["detail"]) == (400, "cursor-invalid", True)
    later = epoch_seconds() + cursors.LASTS_SECONDS + 1
    monkeypatch.setattr(cursors, "epoch_seconds", lambda: later)
    status, refused = api(route, path=path, query={**query, "cursor": cursor})
    assert (status, refused["code"]) == (400, "cursor-invalid")
    assert "has lapsed" in refused["detail"]
    assert "first page anew" in refused["detail"]


@pytest.mark.parametrize("listed", [listed for listed in LISTS if "?" not in listed])
@pytest.mark.parametrize("misfit", [{"sort": "colour"}, {"colour": "red"}, {"cursor": "A" * 40}])
def test_it_takes_no_filter_order_or_cursor_that_it_does_not_know(api: Api, listed: str, misfit: dict[str, str]) -> None:
    make, _ = LISTS[listed]
    status, refused = api(f"GET {listed}", path=make(), query=misfit)
    assert (status, refused["code"]) == (400, "cursor-invalid" if "cursor" in misfit else "query-invalid")


def test_it_takes_labels_of_runs_as_those_of_other_lists_and_as_a_query_string(api: Api) -> None:
    spec: JsonObject = {
        "sluice": 1,
        "name": "order",
        "labels": {"team": "a:b", "tier": "gold"},
        "nodes": {"a": {"type": "tool_call", "tool": "time.now"}},
    }
    run = started_run({**spec, "input": {"type": "object", "properties": {"n": {"type": "number"}}}, "indexed": ["n"]}, given={"n": 4})
    started_run({**spec, "name": "other", "labels": {"team": "a:b"}}, given={})
    queries: list[dict[str, Any]] = [
        {"label": ["team:a:b", "tier:gold"]},
        {"label": "team=a%3Ab&tier=gold"},
        {"label": "tier:gold", "where": "n:4"},
        {"where": "n=4"},
    ]
    for query in queries:
        assert names(all_of(api, "/workflows/runs", "runs", **query), "id") == [run.id]
    assert len(all_of(api, "/workflows/runs", "runs", label="team:a:b")) == 2
    assert api("GET /workflows/runs", query={"label": "team"})[1]["code"] == "query-invalid"
    assert api("GET /workflows/runs", query={"label": "team=a&gold"})[1]["code"] == "query-invalid"
