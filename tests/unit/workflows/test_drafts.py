"""Drafts: one of each person, and nothing written over unread."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.errors import Contention, DraftChanged, DraftNotFound, MatchRequired, VersionNotFound, WorkflowNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.store import drafts
from chalicelib.workflows.create import create
from chalicelib.workflows.drafts import discard_draft, get_draft, list_drafts, save_draft
from chalicelib.workflows.query import get_workflow
from tests.factories.cloud import ANN, BOB, STRANGER, Cloud
from tests.factories.publishing import publish
from tests.unit.workflows.test_workflows import HOTEL

MOTEL = HOTEL.replace("Book a hotel", "Book a motel")
WRITERS = 16


def test_each_person_has_a_draft_of_their_own(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    begun = get_draft(BOB, workflow.id)
    assert (begun.person, begun.revision, begun.text) == ("bob", 0, HOTEL)
    saved = save_draft(BOB, workflow.id, text=MOTEL, match=begun.etag)
    assert (saved.revision, saved.saved_by, get_draft(BOB, workflow.id)) == (1, "bob", saved)
    assert get_draft(ANN, workflow.id).text == HOTEL
    assert [draft.person for draft in list_drafts(ANN, workflow.id)] == ["ann", "bob"]
    assert get_draft(ANN, workflow.id, person="bob") == saved


def test_it_begins_with_the_latest_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id, text=MOTEL)
    begun = get_draft(BOB, workflow.id)
    assert (begun.text, begun.base_version, begun.saved_by) == (MOTEL, 1, "ann")


def test_a_draft_that_was_not_read_is_not_written_over(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    for match in ("", "*"):
        with pytest.raises(MatchRequired) as refused:
            save_draft(ANN, workflow.id, text=MOTEL, match=match)
        assert refused.value.detail["current"] | {"saved_at": ""} == {  # type: ignore[operator]
            "person": "ann", "revision": 1, "etag": get_draft(ANN, workflow.id).etag, "saved_by": "ann", "saved_at": "",
        }  # fmt: skip
    assert get_draft(ANN, workflow.id).text == HOTEL


def test_it_says_whose_change_won_and_what_differs(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    read = get_draft(ANN, workflow.id)
    won = save_draft(BOB, workflow.id, text=MOTEL, match=read.etag, person="ann")
    with pytest.raises(DraftChanged, match=r"bob saved this draft at .*, revision 2") as refused:
        save_draft(ANN, workflow.id, text=HOTEL.replace("value: $context.city", "value: 1"), match=read.etag)
    assert refused.value.status == 412
    assert refused.value.detail["current"]["saved_at"] == won.saved_at  # type: ignore[index,call-overload]
    assert refused.value.detail["change"] == ["binding changed: nodes.say.value", "text changed: title"]
    assert get_draft(ANN, workflow.id) == won


def test_it_tells_what_differs_of_texts_with_errors(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    with pytest.raises(DraftChanged) as refused:
        save_draft(ANN, workflow.id, text="{", match='"0-other"')
    assert refused.value.detail["change"] == ["1 lines added, 9 removed; the text has errors"]


@pytest.mark.scenario
def test_sixteen_writers_lose_nothing(aws: Cloud) -> None:
    """Each reads, adds its line, and saves over what it read, until it is in."""
    workflow = create(ANN, text=HOTEL)

    def write(number: int) -> int:
        writer = Principal("org_local", f"writer-{number}", frozenset({"admin"}), ALL)
        for tries in range(1, 200):
            read = get_draft(ANN, workflow.id)
            try:
                save_draft(writer, workflow.id, text=f"{read.text}# {number}\n", match=read.etag, person="ann")
            except (DraftChanged, Contention):
                continue
            return tries
        raise AssertionError("never in")

    with ThreadPoolExecutor(WRITERS) as pool:
        tries = list(pool.map(write, range(WRITERS)))
    draft = get_draft(ANN, workflow.id)
    assert sorted(int(line[2:]) for line in draft.text.splitlines() if line.startswith("# ")) == list(range(WRITERS))
    assert draft.revision == WRITERS + 1
    assert sum(tries) >= WRITERS


def test_sixteen_writers_who_read_the_same_have_one_winner(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    read = get_draft(ANN, workflow.id)

    def write(number: int) -> bool:
        try:
            save_draft(ANN, workflow.id, text=f"{HOTEL}# {number}\n", match=read.etag)
        except (DraftChanged, Contention):
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(write, range(WRITERS))) == 1


def test_saving_the_same_again_is_no_change(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    read = get_draft(ANN, workflow.id)
    saved = save_draft(ANN, workflow.id, text=MOTEL, match=read.etag)
    assert save_draft(ANN, workflow.id, text=MOTEL, match=read.etag) == saved


def test_a_draft_that_was_discarded_and_begun_anew_is_another(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    read = get_draft(ANN, workflow.id)
    with pytest.raises(MatchRequired):
        discard_draft(ANN, workflow.id)
    discard_draft(ANN, workflow.id, match=read.etag)
    discard_draft(ANN, workflow.id, match=read.etag)
    assert get_draft(ANN, workflow.id).revision == 0
    save_draft(ANN, workflow.id, text=MOTEL)
    with pytest.raises(DraftChanged):
        save_draft(ANN, workflow.id, text="x", match=read.etag)
    with pytest.raises(DraftChanged):
        discard_draft(ANN, workflow.id, match=read.etag)


def test_a_workflow_shows_its_draft_s_title_until_it_has_a_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    save_draft(ANN, workflow.id, text=MOTEL, match=get_draft(ANN, workflow.id).etag)
    assert get_workflow(ANN, workflow.id).title == "Book a motel"
    publish(ANN, workflow.id)
    save_draft(ANN, workflow.id, text=HOTEL, match=get_draft(ANN, workflow.id).etag)
    assert get_workflow(ANN, workflow.id).title == "Book a motel"
    publish(ANN, workflow.id)
    assert get_workflow(ANN, workflow.id).title == "Book a hotel"


def test_a_large_draft_is_kept_too(aws: Cloud) -> None:
    large = HOTEL + "# " + "x" * 500_000
    workflow = create(ANN, text=large)
    assert get_draft(ANN, workflow.id).text == large
    assert save_draft(ANN, workflow.id, text=large + "y", match=get_draft(ANN, workflow.id).etag).revision == 2


def test_it_is_read_again_where_another_write_came_first(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    lost: list[JsonObject] = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    aws.cancel_transactions(lost)
    read = get_draft(ANN, workflow.id)
    assert save_draft(ANN, workflow.id, text="a", match=read.etag).revision == 2
    for _ in range(8):
        aws.cancel_transactions(lost)
    with pytest.raises(Contention):
        save_draft(ANN, workflow.id, text="b", match=get_draft(ANN, workflow.id).etag)
    aws.cancel_transactions([{"Code": "ConditionalCheckFailed"}, {"Code": "None"}])
    with pytest.raises(WorkflowNotFound):
        save_draft(ANN, workflow.id, text="b", match=get_draft(ANN, workflow.id).etag)


def test_a_draft_moves_to_a_later_version_whose_changes_it_has(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    draft = get_draft(ANN, workflow.id)
    assert draft.base_version == 1
    publish(BOB, workflow.id, text=MOTEL)
    saved = save_draft(ANN, workflow.id, text=HOTEL, match=draft.etag, base_version=2)
    assert (saved.base_version, saved.text) == (2, HOTEL)
    with pytest.raises(VersionNotFound):
        save_draft(ANN, workflow.id, text=HOTEL, match=saved.etag, base_version=3)
    drafts.set_base("org_local", saved, 1)
    assert get_draft(ANN, workflow.id).base_version == 2


def test_it_tells_nobody_of_drafts_that_are_not_there(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    with pytest.raises(DraftNotFound):
        get_draft(ANN, workflow.id, person="bob")
    with pytest.raises(DraftNotFound):
        save_draft(ANN, workflow.id, text="x", person="bob")
    with pytest.raises(WorkflowNotFound):
        save_draft(STRANGER, workflow.id, text="x", person="ann")
