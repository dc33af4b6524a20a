"""A workflow's life on the local stack: deployed from the gallery, run, changed by two people, published, compared, rolled back, taken elsewhere."""

from typing import cast

import pytest

from cli.api_client import Api, PublicationPreview, PublishedVersion
from cli.client import Problem
from tests.factories.local_runs import LocalRuns

pytestmark = pytest.mark.scenario

SAMPLE = {
    "request": "The mug of order M-1 came in pieces, damaged in transport. Could you refund it? Tom Weber",
    "order": {"id": "M-1", "customer": "Tom Weber", "paid": 14.9, "days_since_delivery": 4},
}


def test_it_lives_through_versions(runs: LocalRuns) -> None:
    ann, bob = Api(runs.as_("ann")), Api(runs.as_("bob"))
    made = ann.starters_deploy_one("refund-handling", {"parameters": {"return_days": 14}, "name": "refunds", "publish": True})
    assert (made["version"], made["is_new"]) == (1, True)
    workflow = runs.workflow_ids["refunds"] = made["workflow_id"]
    assert runs.ended(runs.start("refunds", SAMPLE))["status"] == "succeeded"

    read = ann.drafts_get_one(workflow)
    assert read["base_version"] == 1
    text = read["text"].replace("default: 14,", "default: 21,")
    ann.drafts_save(workflow, {"text": text}, match=read["etag"])
    with pytest.raises(Problem) as refused:
        bob.drafts_save(workflow, {"text": "late"}, match=read["etag"], person="ann")
    assert (refused.value.status, refused.value.document["current"]["saved_by"]) == (412, "ann")

    seen = cast("PublicationPreview", ann.versions_publish(workflow, {}, dry_run=True))
    assert seen["diff"] is not None
    assert seen["diff"]["summary"] == ["schema changed: input.properties.return_days.default"]
    second = cast("PublishedVersion", ann.versions_publish(workflow, {"note": "three weeks"}))
    assert (second["number"], second["note"], second["is_new"]) == (2, "three weeks", True)
    assert ann.versions_publish(workflow, {})["is_new"] is False

    back = bob.versions_roll_back(workflow, {"version": 1, "note": "too generous"})
    again = bob.versions_roll_back(workflow, {"version": 1, "note": "too generous"})
    assert (back["number"], back["rollback_of"], again["number"], again["is_new"]) == (3, 1, 3, False)
    assert ann.versions_compare(workflow, from_="1", to="3")["is_same"] is True
    ann.drafts_save(workflow, {"text": text + "# more\n"}, match=ann.drafts_get_one(workflow)["etag"])
    with pytest.raises(Problem) as moved:
        ann.versions_publish(workflow, {})
    assert (moved.value.code, moved.value.document["latest"]["created_by"]) == ("version-moved", "bob")

    listed = ann.versions_list_all(workflow)["versions"]  # the run's end and its count are one transaction
    ran = [version["runs"] for version in listed if version["runs"] is not None]
    assert [(version["number"], each["started_count"]) for version, each in zip(listed, ran, strict=True)] == [(3, 0), (2, 0), (1, 1)]
    assert (ran[2]["success_rate"], ran[2]["in_flight_count"]) == (1.0, 0)
    assert (ran[2]["median_seconds"] or 0) > 0


def test_it_goes_elsewhere_as_one_file(runs: LocalRuns) -> None:
    ann = Api(runs.as_("ann"))
    made = ann.starters_deploy_one("support-desk", {"publish": True})
    bundle = ann.exchange_export(made["workflow_id"], bundle=True)
    assert ann.exchange_export(made["workflow_id"], bundle=True, version=1) == bundle
    assert [each["status"] for each in ann.exchange_import_file({"text": bundle, "publish": True})["workflows"]] == ["unchanged"] * 2
    other = bundle.replace("support-desk", "help-desk").replace("issue-refund", "pay-back")
    brought = ann.exchange_import_file({"text": other, "publish": True})
    assert [(each["name"], each["status"], each["version"]) for each in brought["workflows"]] == [("pay-back", "new", 1), ("help-desk", "new", 1)]
    assert ann.exchange_export(brought["workflows"][1]["workflow_id"] or "", bundle=True) == other
