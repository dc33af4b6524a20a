"""Routes of the audit: what requests change is told, with who and from where; reading leaves no trace."""

from typing import Any

from chalicelib.access import audit
from chalicelib.store.keys import organisation_of_act
from tests.factories.cloud import published
from tests.unit.api.test_routes import TEXT, Api, api, started

__all__ = ["api"]
ORG = "org_local"


def told(api: Api, **query: str) -> list[dict[str, Any]]:
    audit.take_in(ORG)
    status, found = api("GET /audit", query=query or None)
    assert status == 200
    entries: list[dict[str, Any]] = found["entries"]
    return entries


def test_it_tells_who_created_saved_and_deleted_a_workflow(api: Api) -> None:
    made = api("POST /workflows", body={"text": TEXT}, headers={"X-Correlation-Id": "c-7"})[1]
    path = {"workflow_id": made["id"]}
    assert api("PUT /workflows/{workflow_id}", person="bob", path=path, body={"text": TEXT.replace("Hello", "Hi")})[0] == 200
    assert api("DELETE /workflows/{workflow_id}", path=path)[0] == 204
    found = [(entry["by"], entry["verb"], entry["noun"], entry["operation"]) for entry in reversed(told(api))]
    assert found[:2] == [("ann", "created", "workflow", "workflows.create_workflow"), ("ann", "created", "draft", "workflows.create_workflow")]
    assert ("bob", "created", "draft", "drafts.save_by_workflow") in found
    assert ("ann", "changed", "workflow", "workflows.delete_workflow") in found
    assert {entry["correlation_id"] for entry in told(api) if entry["operation"] == "workflows.create_workflow"} == {"c-7"}


def test_it_tells_who_started_and_cancelled_a_run(api: Api) -> None:
    run = started(api, published())
    assert api("POST /workflows/runs/{run_id}/cancel", person="bob", path={"run_id": run["id"]}, body={"reason": "wrong city"})[0] == 200
    found = [(entry["by"], entry["verb"], entry["noun"]) for entry in reversed(told(api)) if entry["target"] == run["id"]]
    assert found == [("ann", "created", "run"), ("bob", "changed", "run")]
    assert "wrong city" in told(api)[0]["after"]


def test_it_tells_nothing_of_reading(api: Api) -> None:
    for request in ("GET /workflows", "GET /gates", "GET /budgets", "GET /audit"):
        assert api(request)[0] == 200
    assert told(api) == []


def test_it_tells_who_changed_a_secret_and_never_its_value(api: Api) -> None:
    assert api("PUT /secrets/{name}", path={"name": "stripe"}, body={"value": "sk_live_hush"})[0] == 200
    assert api("DELETE /secrets/{name}", path={"name": "stripe"})[0] == 204
    found = told(api)
    assert [(entry["by"], entry["verb"], entry["noun"], entry["target"]) for entry in reversed(found)] == [
        ("ann", "changed", "secret", "organisation/stripe"),
        ("ann", "deleted", "secret", "organisation/stripe"),
    ]
    assert "hush" not in str(found)


def test_it_pages_through_the_newest_and_through_one_things_own(api: Api) -> None:
    for limit in range(1, 6):
        api("PUT /budgets/organisation", body={"per_day": limit})
    audit.take_in(ORG)
    first = api("GET /audit", query={"limit": "2"})[1]
    rest = api("GET /audit", query={"limit": "5", "before": str(first["before"])})[1]
    assert [entry["number"] for entry in (*first["entries"], *rest["entries"])] == [5, 4, 3, 2, 1]
    assert rest["before"] is None
    page = api("GET /audit", query={"noun": "budget", "target": "ORGANISATION", "limit": "3"})[1]
    rest = api("GET /audit", query={"noun": "budget", "target": "ORGANISATION", "cursor": page["cursor"]})[1]
    assert [entry["number"] for entry in (*page["entries"], *rest["entries"])] == [5, 4, 3, 2, 1]
    for misfit in ({"target": "ORGANISATION"}, {"before": "3", "cursor": "c"}, {"until": "0001-01-01T00:00:00Z"}):
        assert api("GET /audit", query=misfit)[1]["code"] == "query-invalid"


def test_it_gives_the_chain_in_order_with_its_checkpoints(api: Api) -> None:
    api("PUT /budgets/organisation", body={"per_day": 1})
    audit.take_in(ORG)
    audit.checkpoint(ORG)
    chain = api("GET /audit/entries", query={"after": "0", "limit": "10"})[1]
    assert chain["head"] == {"count": 1, "hash": chain["entries"][0]["hash"]}
    assert chain["organisation_id"] == ORG
    signed = api("GET /audit/checkpoints")[1]
    assert [(each["count"], each["hash"]) for each in signed["checkpoints"]] == [(1, chain["head"]["hash"])]
    assert [key["fingerprint"] for key in signed["keys"]] == [signed["checkpoints"][0]["key"]]


def test_it_knows_an_acts_partition_from_all_others() -> None:
    assert organisation_of_act("ORG#org_a#ACTS") == "org_a"
    assert {organisation_of_act(pk) for pk in ("ORG#org_a#AUDIT", "ORG#org_a#RUN#ACTS", "ORG#org_a", "X#org_a#ACTS")} == {""}
