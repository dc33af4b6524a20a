"""A workflow's life on the local stack: deployed from the gallery, run, changed by two people, published, compared, rolled back, taken elsewhere."""

from typing import Any

import pytest

from cli.client import Problem
from tests.factories.local_runs import LocalRuns

pytestmark = pytest.mark.scenario

SAMPLE = {
    "request": "The mug of order M-1 came in pieces, damaged in transport. Could you refund it? Tom Weber",
    "order": {"id": "M-1", "customer": "Tom Weber", "paid": 14.9, "days_since_delivery": 4},
}


def path_of(made: dict[str, Any]) -> str:
    return f"/api/v1/workflows/{made['workflow_id']}"


def test_it_lives_through_versions(runs: LocalRuns) -> None:
    ann, bob = runs.as_("ann"), runs.as_("bob")
    made = ann.post("/api/v1/starters/refund-handling/deploy", {"parameters": {"return_days": 14}, "name": "refunds", "publish": True})
    assert (made["version"], made["is_new"]) == (1, True)
    workflow = path_of(made)
    runs.workflow_ids["refunds"] = made["workflow_id"]
    assert runs.ended(runs.start("refunds", SAMPLE))["status"] == "succeeded"

    read = ann.get(f"{workflow}/draft")
    assert read["base_version"] == 1
    text = read["text"].replace("default: 14,", "default: 21,")
    ann.put(f"{workflow}/draft", {"text": text}, headers={"If-Match": read["etag"]})
    with pytest.raises(Problem) as refused:
        bob.put(f"{workflow}/draft", {"text": "late"}, headers={"If-Match": read["etag"]}, person="ann")
    assert (refused.value.status, refused.value.document["current"]["saved_by"]) == (412, "ann")

    seen = ann.post(f"{workflow}/versions", {}, query={"dry_run": "true"})
    assert seen["diff"]["summary"] == ["schema changed: input.properties.return_days.default"]
    second = ann.post(f"{workflow}/versions", {"note": "three weeks"})
    assert (second["number"], second["note"], second["is_new"]) == (2, "three weeks", True)
    assert ann.post(f"{workflow}/versions")["is_new"] is False

    back = bob.post(f"{workflow}/rollback", {"version": 1, "note": "too generous"})
    again = bob.post(f"{workflow}/rollback", {"version": 1, "note": "too generous"})
    assert (back["number"], back["rollback_of"], again["number"], again["is_new"]) == (3, 1, 3, False)
    assert ann.get(f"{workflow}/diff", **{"from": "1", "to": "3"})["is_same"] is True
    ann.put(f"{workflow}/draft", {"text": text + "# more\n"}, headers={"If-Match": ann.get(f"{workflow}/draft")["etag"]})
    with pytest.raises(Problem) as moved:
        ann.post(f"{workflow}/versions", {})
    assert (moved.value.code, moved.value.document["latest"]["created_by"]) == ("version-moved", "bob")

    listed = ann.get(f"{workflow}/versions")["versions"]  # the run's end and its count are one transaction
    assert [(version["number"], version["runs"]["started_count"]) for version in listed] == [(3, 0), (2, 0), (1, 1)]
    assert (listed[2]["runs"]["success_rate"], listed[2]["runs"]["in_flight_count"]) == (1.0, 0)
    assert listed[2]["runs"]["median_seconds"] > 0


def test_it_goes_elsewhere_as_one_file(runs: LocalRuns) -> None:
    ann = runs.as_("ann")
    made = ann.post("/api/v1/starters/support-desk/deploy", {"publish": True})
    bundle = ann.text(f"{path_of(made)}/export", bundle="true")
    assert ann.text(f"{path_of(made)}/export", bundle="true", version="1") == bundle
    assert [each["status"] for each in ann.post("/api/v1/workflows/import", {"text": bundle, "publish": True})["workflows"]] == ["unchanged"] * 2
    other = bundle.replace("support-desk", "help-desk").replace("issue-refund", "pay-back")
    brought = ann.post("/api/v1/workflows/import", {"text": other, "publish": True})
    assert [(each["name"], each["status"], each["version"]) for each in brought["workflows"]] == [("pay-back", "new", 1), ("help-desk", "new", 1)]
    assert ann.text(f"/api/v1/workflows/{brought['workflows'][1]['workflow_id']}/export", bundle="true") == other
