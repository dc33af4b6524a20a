"""What somebody may do with one workflow, its runs and its gates, however they came to it."""

from collections.abc import Iterator

import pytest

from chalicelib.access.members import change_member
from chalicelib.access.objects import gate_for, is_runnable_by, run_for, scopes_on, visible_gates, visible_runs, workflow_called, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ROLES, Scope, scopes_of
from chalicelib.errors import (
    AccessChanged,
    GateNotFound,
    PersonNotFound,
    RunNotFound,
    ScopeMissing,
    StarterNotFound,
    WorkflowNameTaken,
    WorkflowNotFound,
)
from chalicelib.gates.decide import decide
from chalicelib.live import connections
from chalicelib.live.tickets import issue
from chalicelib.runs import query
from chalicelib.runs.cancel import cancel
from chalicelib.spec.load import load
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import keys, table, workflows
from chalicelib.store.items import item_of
from chalicelib.store.values import keep
from chalicelib.store.workflow_records import Child, Documents, Share, Version, Workflow
from chalicelib.triggers.manual import start_manually
from chalicelib.workflows import publication
from chalicelib.workflows.compilation import children_of
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.drafts import discard_draft, get_draft, list_drafts, save_draft
from chalicelib.workflows.exchange import export_workflow, gather, import_text
from chalicelib.workflows.gallery import get_starter, withdraw
from chalicelib.workflows.gallery import share as share_starter
from chalicelib.workflows.impact import impact_of, tallies_of
from chalicelib.workflows.lacks import lacks_of
from chalicelib.workflows.preview import preview
from chalicelib.workflows.publish import Wish
from chalicelib.workflows.query import get_version, list_workflows
from chalicelib.workflows.rollback import rollback
from chalicelib.workflows.share import copy, renamed, set_access
from chalicelib.workflows.starter import About
from tests.factories.cloud import SPEC, Cloud, cloud, published
from tests.factories.credentials import token
from tests.factories.run_stories import QUESTION, opened_gate, started_run


def spec_of(text: str) -> WorkflowSpec:
    spec = load(text).spec
    assert spec is not None
    return spec


def keep_text(version: Version, text: str) -> None:
    """What its author wrote, as publishing keeps it."""
    kept = Documents(version_id=version.id, values={"source": keep("org_local", "source", text)})
    table.write(table.put(item_of(kept, keys.documents("org_local", version.id))))


def member(name: str, *roles: str) -> Principal:
    return Principal("org_local", name, frozenset(roles), scopes_of(roles))


ADMIN, OWNER = member("adam", "admin"), member("ann", "editor")
BOB, LEA = member("bob", "editor"), member("lea", "viewer", "legal")


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


@pytest.fixture
def theirs() -> Workflow:
    return workflows.get("org_local", published().workflow_id)  # made by ann


def shared(workflow: Workflow, who: str, level: str, *, public: bool = False) -> Workflow:
    current = workflows.get("org_local", workflow.id)
    return set_access(OWNER, current.id, shares=[Share(who=who, level=level)], public=public)  # type: ignore[arg-type]


def test_it_lets_owners_and_admins_do_what_their_scopes_allow_and_others_nothing(theirs: Workflow) -> None:
    assert scopes_on(OWNER, theirs) == ROLES["editor"]
    assert scopes_on(ADMIN, theirs) == ROLES["admin"]
    for other in (BOB, LEA, member("vic", "operator", "approver"), Principal("org_local", "x")):
        assert scopes_on(other, theirs) == frozenset()
        with pytest.raises(WorkflowNotFound):
            workflow_for(other, theirs.id, Scope.WORKFLOW_READ)
        assert workflow_called(other, "hotel", Scope.WORKFLOW_READ) is None


@pytest.mark.parametrize(
    ("level", "allowed"),
    [
        ("read", {Scope.WORKFLOW_READ, Scope.RUN_READ}),
        ("run", {Scope.WORKFLOW_READ, Scope.RUN_READ, Scope.WORKFLOW_EXECUTE}),
        (
            "edit",
            {Scope.WORKFLOW_READ, Scope.RUN_READ, Scope.WORKFLOW_EXECUTE, Scope.WORKFLOW_WRITE, Scope.RUN_CANCEL, Scope.RUN_RESUME},
        ),
    ],
)
def test_it_shares_with_a_person_or_a_role_what_the_level_says_and_their_own_scopes_allow(theirs: Workflow, level: str, allowed: set[Scope]) -> None:
    with_bob = shared(theirs, "person:bob", level)
    assert scopes_on(BOB, with_bob) == allowed
    assert scopes_on(LEA, with_bob) == frozenset()
    with_legal = shared(theirs, "role:legal", level)
    assert scopes_on(LEA, with_legal) == allowed & ROLES["viewer"]
    assert scopes_on(BOB, with_legal) == frozenset()


def test_it_names_the_scope_that_is_missing_on_what_may_be_read(theirs: Workflow) -> None:
    shared(theirs, "person:bob", "read")
    for act, scope in (
        (lambda: save_draft(BOB, theirs.id, text="x"), "workflow:write"),
        (lambda: list_drafts(BOB, theirs.id), "workflow:write"),
        (lambda: get_draft(BOB, theirs.id, person="ann"), "workflow:write"),
        (lambda: preview(BOB, theirs.id, text="x"), "workflow:write"),
        (lambda: publication.request(BOB, theirs.id, Wish(text="x")), "workflow:write"),
        (lambda: rollback(BOB, theirs.id, 1), "workflow:write"),
        (lambda: share_starter(BOB, "theirs", workflow_id=theirs.id, about=About()), "workflow:write"),
        (lambda: start_manually(BOB, workflow_id=theirs.id, input={"city": "Bonn"}), "workflow:execute"),
        (lambda: delete(BOB, theirs.id), "workflow:delete"),
        (lambda: set_access(BOB, theirs.id, shares=[], public=True), "org:admin"),
    ):
        with pytest.raises(ScopeMissing) as refused:
            act()
        assert refused.value.scope == scope
    shared(theirs, "person:bob", "edit")
    assert save_draft(BOB, theirs.id, text="x").saved_by == "bob"
    assert {draft.person for draft in list_drafts(BOB, theirs.id)} == {"ann", "bob"}
    shared(theirs, "person:bob", "read")
    assert get_draft(BOB, theirs.id).text == "x"
    discard_draft(BOB, theirs.id, match=get_draft(BOB, theirs.id).etag)
    assert get_draft(BOB, theirs.id).revision == 0
    with pytest.raises(ScopeMissing):
        delete(BOB, theirs.id)


def test_it_counts_runs_for_those_alone_who_may_see_them(theirs: Workflow) -> None:
    started_run(by=OWNER)
    with pytest.raises(WorkflowNotFound):
        impact_of(BOB, theirs.id)
    with pytest.raises(WorkflowNotFound):
        tallies_of(BOB, theirs.id)
    set_access(OWNER, theirs.id, shares=[], public=True)
    seen = impact_of(BOB, theirs.id)
    assert (seen.in_flight_count, seen.versions, seen.is_whole, tallies_of(BOB, theirs.id)) == (0, (), False, None)
    shared(theirs, "person:bob", "read")
    assert (impact_of(BOB, theirs.id).in_flight_count, impact_of(BOB, theirs.id).is_whole) == (1, True)
    assert sum(tally["started_count"] for tally in (tallies_of(BOB, theirs.id) or {}).values()) == 1


def test_it_tells_of_callers_those_that_may_be_read(theirs: Workflow) -> None:
    hotel = Child(workflow_id=theirs.id, version_id=get_version(OWNER, theirs.id, 1).id, version=1)
    outer = published({**SPEC, "name": "outer"}, children={"hotel": hotel})
    shared(theirs, "person:bob", "read")
    assert [[each.workflow_id for each in impact_of(who, theirs.id).callers] for who in (OWNER, BOB)] == [[outer.workflow_id], []]


def test_it_takes_out_and_brings_in_only_what_may_be_read(theirs: Workflow) -> None:
    text = "sluice: 1\nname: outer\nnodes:\n  inner: {type: workflow, workflow: hotel, with: {city: Bonn}}\n"
    outer = create(BOB, text=text)
    assert list(gather(BOB, outer.id).texts) == ["outer"]
    assert lacks_of(BOB, [spec_of(text)]).workflows == ("hotel",)
    with pytest.raises(WorkflowNotFound):
        export_workflow(BOB, theirs.id)
    hotel = "sluice: 1\nname: hotel\nnodes:\n  a: {type: transform, value: 1}\n"
    keep_text(get_version(OWNER, theirs.id, 1), hotel)
    assert [(each.status, each.workflow_id) for each in import_text(BOB, hotel, dry_run=True).workflows] == [("taken", None)]
    with pytest.raises(WorkflowNameTaken):
        import_text(BOB, hotel)
    shared(theirs, "person:bob", "run")
    assert list(gather(BOB, outer.id).texts) == ["hotel", "outer"]
    assert lacks_of(BOB, [spec_of(text)]).workflows == ()
    assert [(each.status, each.workflow_id) for each in import_text(BOB, hotel).workflows] == [("unchanged", theirs.id)]
    with pytest.raises(ScopeMissing):
        import_text(BOB, hotel, publish=True)


def test_it_goes_back_only_to_sub_workflows_that_one_may_run(theirs: Workflow) -> None:
    spec = spec_of("sluice: 1\nname: outer\nnodes:\n  inner: {type: workflow, workflow: hotel, with: {city: Bonn}}\n")
    pinned = {"hotel": get_version(OWNER, theirs.id, 1).id}
    assert [set(children_of(who, spec, pinned=pinned)) for who in (OWNER, BOB)] == [{"hotel"}, set()]
    shared(theirs, "person:bob", "run")
    delete(OWNER, theirs.id)
    assert [set(children_of(BOB, spec, pinned=each)) for each in (pinned, {})] == [{"hotel"}, set()]


def test_it_leaves_a_starter_to_whoever_put_it_into_the_gallery(theirs: Workflow) -> None:
    keep_text(get_version(OWNER, theirs.id, 1), "sluice: 1\nname: hotel\nnodes:\n  a: {type: transform, value: 1}\n")
    share_starter(OWNER, "our-hotel", workflow_id=theirs.id, about=About())
    shared(theirs, "person:bob", "edit")
    for act in (lambda: withdraw(BOB, "our-hotel"), lambda: share_starter(BOB, "our-hotel", workflow_id=theirs.id, about=About(tags=("x",)))):
        with pytest.raises(ScopeMissing):
            act()
    assert get_starter(LEA, "our-hotel").starter.name == "our-hotel"
    withdraw(ADMIN, "our-hotel")
    with pytest.raises(StarterNotFound):
        get_starter(OWNER, "our-hotel")


def test_it_lets_everybody_read_and_copy_a_public_workflow_and_not_its_runs(theirs: Workflow) -> None:
    set_access(OWNER, theirs.id, shares=[], public=True)
    said = "# mine\nname: hotel  # kept\nsluice: 1\n"
    save_draft(OWNER, theirs.id, text=said, match=get_draft(OWNER, theirs.id).etag)
    assert get_version(LEA, theirs.id, 1).number == 1
    run = started_run(by=OWNER)
    keep_text(get_version(OWNER, theirs.id, run.version), said)
    with pytest.raises(RunNotFound):
        run_for(BOB, run.id, Scope.RUN_READ)
    made = copy(BOB, theirs.id, name="bobs-hotel")
    assert (made.owned_by, get_draft(BOB, made.id).text) == ("bob", "# mine\nname: bobs-hotel # kept\nsluice: 1\n")
    with pytest.raises(WorkflowNotFound):
        copy(OWNER, made.id, name="back")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("name: a\nx: 1\n", "name: b\nx: 1\n"),
        ('{"name": "a", "x": 1}', '{\n  "name": "b",\n  "x": 1\n}'),
        ("{broken", "{broken"),
        ("x: {name: a}\n", "x: {name: a}\n"),
        ("", ""),
    ],
)
def test_it_renames_an_authored_text_and_leaves_the_rest(text: str, after: str) -> None:
    assert renamed(text, "b") == after


def test_it_gives_a_workflow_away_to_a_member_alone(theirs: Workflow) -> None:
    with pytest.raises(PersonNotFound):
        set_access(OWNER, theirs.id, shares=[], public=False, owner="nobody")
    token("bob", ("editor",))
    set_access(OWNER, theirs.id, shares=[], public=False, owner="bob")
    workflow_for(BOB, theirs.id, Scope.WORKFLOW_WRITE)
    with pytest.raises(WorkflowNotFound):
        workflow_for(OWNER, theirs.id, Scope.WORKFLOW_READ)


def test_it_undoes_nobodys_change_of_the_access(theirs: Workflow) -> None:
    set_access(OWNER, theirs.id, shares=[], public=True, revision=0)
    with pytest.raises(AccessChanged):
        set_access(ADMIN, theirs.id, shares=[], public=False, revision=0)
    with pytest.raises(AccessChanged):
        workflows.set_access(theirs, owner="ann", shares=(), public=False)  # as it was read before
    workflows.delete(theirs)
    with pytest.raises(WorkflowNotFound):
        workflows.set_access(theirs, owner="ann", shares=(), public=False)


def test_it_lets_whoever_started_a_run_follow_and_cancel_it(theirs: Workflow) -> None:
    shared(theirs, "person:bob", "run")
    run = start_manually(BOB, workflow_id=theirs.id, input={"city": "Bonn"})
    other = start_manually(OWNER, workflow_id=theirs.id, input={"city": "Ulm"})
    set_access(OWNER, theirs.id, shares=[], public=False)
    assert query.get_run(BOB, run.id).id == run.id
    assert query.get_input(BOB, run.id) == {"city": "Bonn", "max_price": 200}
    assert [each.id for each in query.list_runs(BOB).runs] == [run.id]
    assert {each.id for each in query.list_runs(OWNER).runs} == {run.id, other.id}
    for ask in (query.get_run, query.get_input, query.get_output, query.list_node_runs, query.list_events, query.count_transitions, cancel):
        with pytest.raises(RunNotFound):
            ask(BOB, other.id)
    assert cancel(BOB, run.id).status == "cancelled"
    shared(theirs, "person:lea", "read")
    with pytest.raises(ScopeMissing):
        cancel(LEA, other.id)


def test_it_lists_what_may_be_read_page_by_page(theirs: Workflow) -> None:
    for number in range(3):
        published({**SPEC, "name": f"a{number}"})
    shared(theirs, "person:bob", "read")
    page = list_workflows(BOB, limit=2)
    assert ([workflow.name for workflow in page.workflows], page.cursor) == (["hotel"], None)
    assert len(list_workflows(ADMIN, limit=9).workflows) == 4
    assert list_workflows(LEA).workflows == ()


def test_it_reads_the_workflows_of_many_runs_together(theirs: Workflow, aws: Cloud) -> None:
    runs = [started_run(by=OWNER) for _ in range(4)]
    before = len(aws.calls)
    assert visible_runs(BOB, runs) == []
    assert aws.calls[before:] == ["dynamodb:BatchGetItem"]
    assert visible_runs(ADMIN, runs) == runs


def test_it_shows_a_gate_to_those_whom_it_asks_and_to_those_who_see_the_run(theirs: Workflow) -> None:
    run = started_run(by=OWNER)
    asked = opened_gate(run, question=QUESTION.model_copy(update={"any_of": ("role:legal",)}))
    anybody = opened_gate(run, "other")
    decider = member("lex", "approver", "legal")
    assert [gate.id for gate in visible_gates(decider, (asked, anybody))] == [asked.id]
    assert len(visible_gates(ADMIN, (asked, anybody))) == len(visible_gates(OWNER, (asked, anybody))) == 2
    with pytest.raises(GateNotFound):
        gate_for(BOB, asked.id)
    with pytest.raises(GateNotFound):
        decide(BOB, anybody.id, choice="approve")
    assert decide(decider, asked.id, choice="approve").is_final


def test_it_lets_nobody_watch_what_they_may_not_read(theirs: Workflow) -> None:
    run = started_run(by=OWNER)
    for person, connection in ((BOB, "b"), (OWNER, "o")):
        connections.connect(connection, ticket=issue(person).ticket)
    connections.subscribe("o", run_id=run.id)
    connections.subscribe("o", workflow_id=run.workflow_id)
    with pytest.raises(RunNotFound):
        connections.subscribe("b", run_id=run.id)
    with pytest.raises(WorkflowNotFound):
        connections.subscribe("b", workflow_id=run.workflow_id)
    set_access(OWNER, run.workflow_id, shares=[], public=True)
    with pytest.raises(ScopeMissing):
        connections.subscribe("b", workflow_id=run.workflow_id)


def test_it_finds_as_sub_workflows_those_that_one_may_run(theirs: Workflow) -> None:
    spec = load("sluice: 1\nname: outer\nnodes:\n  inner: {type: workflow, workflow: hotel, with: {city: Bonn}}\n").spec
    assert spec is not None
    assert [set(children_of(who, spec)) for who in (OWNER, ADMIN, BOB)] == [{"hotel"}, {"hotel"}, set()]
    shared(theirs, "person:bob", "read")
    assert children_of(BOB, spec) == {}
    shared(theirs, "person:bob", "run")
    assert set(children_of(BOB, spec)) == {"hotel"}


def test_it_starts_after_a_failure_only_what_the_workflows_owner_may_run(theirs: Workflow) -> None:
    assert is_runnable_by("org_local", "ann", theirs)
    assert not is_runnable_by("org_local", "bob", theirs)
    token("bob", ("legal",))
    current = shared(theirs, "role:legal", "run")
    assert is_runnable_by("org_local", "bob", current)
    change_member(ADMIN, "bob", disabled=True)
    assert not is_runnable_by("org_local", "bob", current)
    token("eve", ("admin",))
    assert is_runnable_by("org_local", "eve", current)
