"""Starters: those that ship are sound, parameters go in as they are meant, the gallery finds, deploys and takes in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import CursorInvalid, DocumentInvalid, InputInvalid, NameReserved, SpecInvalid, StarterNotFound, WorkflowNameTaken
from chalicelib.runs.inputs import checked_input
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.yaml_text import compose
from chalicelib.workflows.bundle import Bundle
from chalicelib.workflows.create import create
from chalicelib.workflows.drafts import get_draft
from chalicelib.workflows.gallery import deploy, get_starter, list_starters, preview_starter, share, withdraw
from chalicelib.workflows.query import get_version, get_workflow, list_workflows
from chalicelib.workflows.spec_uses import uses_of
from chalicelib.workflows.starter import About, Parameter, Sample, Starter, filled_in, starter_of
from chalicelib.workflows.starter_files import FOLDER, built_in
from tests.factories.cloud import ANN, BOB, STRANGER, Cloud
from tests.factories.publishing import publish
from tests.factories.repository import ROOT
from tests.unit.workflows.test_publish import PARENT
from tests.unit.workflows.test_versions import wired
from tests.unit.workflows.test_workflows import HOTEL

SHIPPED = sorted(built_in())
CITY = Parameter.model_validate({"name": "city", "title": "Where", "schema": {"type": "string"}, "sets": ["input.properties.city.default"]})
ASKED = """
sluice: 1
name: asked   # a remark
input: {type: object, properties: {city: {type: string, default: "Rome"}}}
nodes:
  ask: {type: human_gate, ask: "Go?", who: {any_of: [role:approver], at_least: 1}, timeout_seconds: 60}   # another
  tell: {type: message, to: somebody, text: "Hello", after: [ask]}
"""


def value_at(document: Json, path: str) -> Json:
    for step in path.split("."):
        document = document[int(step)] if isinstance(document, list) else document[step]  # type: ignore[index]
    return document


def asked(*parameters: tuple[str, JsonObject, str]) -> Starter:
    """A starter with parameters of a name, a schema and a place."""
    listed = tuple(Parameter.model_validate({"name": name, "title": name, "schema": schema, "sets": [path]}) for name, schema, path in parameters)
    return starter_of("asked", About(parameters=listed), Bundle("asked", {"asked": ASKED}))


def test_twelve_and_more_ship() -> None:
    wanted = {"lead-qualification", "meeting-notes", "contract-review", "data-quality-watch", "social-media-approval", "refund-handling"}
    assert len(SHIPPED) >= 12
    assert wanted <= set(SHIPPED)
    assert {folder.name for folder in FOLDER.iterdir()} == set(SHIPPED)


def test_the_examples_are_starters_and_no_copies() -> None:
    shown = list((ROOT / "examples").iterdir())
    assert len(shown) >= 7
    assert {folder.resolve() for folder in shown} <= {(FOLDER / name).resolve() for name in SHIPPED}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_starter_that_ships_says_all_that_the_gallery_shows(name: str) -> None:
    starter = built_in()[name]
    assert starter.spec.name == name
    assert starter.spec.title
    assert len(starter.spec.description or "") > 60
    assert len(starter.about.tags) >= 2
    assert len(starter.about.samples) == 3
    assert len(starter.about.parameters) >= 2
    assert not load(starter.text).diagnostics
    assert set(uses_of(starter.spec).workflows) == set(starter.specs) - {name}


@pytest.mark.parametrize("name", SHIPPED)
def test_its_samples_are_inputs_that_it_takes(name: str) -> None:
    starter = built_in()[name]
    for sample in starter.about.samples:
        assert checked_input(starter.spec.input, sample.input)


@pytest.mark.parametrize("name", SHIPPED)
def test_its_defaults_are_the_workflow_as_it_is_written(name: str) -> None:
    starter = built_in()[name]
    assert load(filled_in(starter, starter.defaults).texts[name]).spec == starter.spec
    assert filled_in(starter, {}).texts == starter.bundle.texts


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_previewed_with_plan_graph_and_forecast(name: str, aws: Cloud) -> None:
    seen = preview_starter(ANN, name)
    assert seen.compilation.plan_text
    assert seen.compilation.forecast.transitions.most > 0
    assert seen.compilation.diagnostics == ()
    assert seen.lacks.secrets == seen.lacks.workflows == ()


def test_a_parameter_goes_where_it_belongs_and_all_else_stays_as_it_was_written() -> None:
    starter = asked(("n", {"type": "integer", "minimum": 1}, "nodes.ask.who.at_least"), ("city", {"type": "string"}, "input.properties.city.default"))
    filled = filled_in(starter, {"n": 3, "city": "São Paulo"}, name="other")
    expected = ASKED.replace("at_least: 1", "at_least: 3").replace('"Rome"', '"São Paulo"').replace("name: asked", 'name: "other"')
    assert filled == Bundle("other", {"other": expected})


def test_agents_elsewhere_are_workflows_and_servers_that_it_uses() -> None:
    spec = load(
        "sluice: 1\nname: elsewhere\nnodes:\n"
        "  a: {type: agent_call, agent: 'workflow:book-hotel', prompt: x}\n"
        "  b: {type: agent_call, agent: 'a2a:clerk', prompt: x}\n"
        "  c: {type: agent_call, model: 'mock:offline', prompt: x, tools: [{agent: 'workflow:rank'}, {agent: 'a2a:porter'}, {agent: researcher}]}\n"
    ).spec
    assert spec is not None
    used = uses_of(spec)
    assert (used.workflows, used.a2a_agents) == (("book-hotel", "rank"), ("clerk", "porter"))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30), st.text(max_size=8))
def test_whatever_a_text_holds_it_is_that_text(city: str, to: str) -> None:
    starter = asked(("city", {"type": "string"}, "input.properties.city.default"), ("to", {"type": "string"}, "nodes.tell.to"))
    try:
        filled = filled_in(starter, {"city": city, "to": to})
    except InputInvalid:
        assert to.startswith("$") or "{{" in to or "{%" in to
        return
    read = compose(filled.texts["asked"]).value
    assert (value_at(read, "input.properties.city.default"), value_at(read, "nodes.tell.to")) == (city, to)
    assert load(filled.texts["asked"]).spec is not None


@pytest.mark.parametrize("text", ["$context.city", "Hi {{ $x }}", "{% $x %}", "$$5"])
def test_a_text_at_a_binding_s_place_reads_nothing(text: str) -> None:
    starter = asked(("to", {"type": "string"}, "nodes.tell.to"), ("city", {"type": "string"}, "input.properties.city.default"))
    with pytest.raises(InputInvalid, match="may not begin with"):
        filled_in(starter, {"to": text})
    read = compose(filled_in(starter, {"city": text}).texts["asked"]).value
    assert value_at(read, "input.properties.city.default") == text


@pytest.mark.parametrize(
    ("values", "where"),
    [({"to": 5}, "/to"), ({"other": 1}, ""), ({"to": "{% $x %}"}, "/to"), ({"to": {"a": "{% $x %}"}}, "/to")],
)
def test_it_refuses_what_does_not_fit(values: JsonObject, where: str) -> None:
    starter = asked(("to", {"type": ["string", "object"]}, "nodes.tell.to"))
    with pytest.raises(InputInvalid) as refused:
        filled_in(starter, values)
    assert where in refused.value.faults


@pytest.mark.parametrize(
    ("schema", "path", "fault"),
    [
        ({"type": "string"}, "nodes.nobody.to", "nowhere in the text"),
        ({"type": "object"}, "nodes", "nowhere in the text"),
        ({"type": "integer"}, "nodes.tell.to", "does not fit"),
        ({"type": "strange"}, "nodes.tell.to", "does not fit"),
    ],
)
def test_it_says_what_is_wrong_with_a_starter(schema: JsonObject, path: str, fault: str) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        asked(("to", schema, path))
    assert fault in str(refused.value.faults)


def test_a_starter_sets_no_binding_and_is_no_broken_workflow() -> None:
    bound = ASKED.replace("to: somebody", "to: $context.city")
    about = About(parameters=(Parameter.model_validate({"name": "to", "title": "To", "schema": {}, "sets": ["nodes.tell.to"]}),))
    with pytest.raises(DocumentInvalid) as refused:
        starter_of("asked", about, Bundle("asked", {"asked": bound}))
    assert "is a binding" in str(refused.value.faults)
    with pytest.raises(DocumentInvalid) as refused:
        starter_of("asked", About(), Bundle("asked", {"asked": "nodes: ["}))
    assert "has errors" in str(refused.value.faults)


def names(found: object) -> list[str]:
    return [listed.starter.name for listed in found.starters]  # type: ignore[attr-defined]


def test_it_finds_starters_by_words_and_tags_page_by_page(aws: Cloud) -> None:
    assert names(list_starters(ANN)) == SHIPPED
    assert names(list_starters(ANN, search="Refund people rules")) == ["refund-handling"]
    assert "invoice-approval" in names(list_starters(ANN, tags=("money", "gate")))
    assert names(list_starters(ANN, search="no such thing")) == []
    first = list_starters(ANN, limit=5)
    second = list_starters(ANN, limit=100, cursor=first.cursor)
    assert (names(first) + names(second), second.cursor) == (SHIPPED, None)
    with pytest.raises(CursorInvalid):
        list_starters(ANN, cursor="forged")


def test_it_deploys_a_workflow_with_its_draft_once(aws: Cloud) -> None:
    made = deploy(ANN, "refund-handling", parameters={"small_amount": 80}, workflow_name="my-refunds")
    again = deploy(BOB, "refund-handling", parameters={"small_amount": 80}, workflow_name="my-refunds")
    assert (made.root.status, again.root.status, again.root.workflow_id) == ("new", "unchanged", made.root.workflow_id)
    assert made.root.workflow_id is not None
    draft = get_draft(ANN, made.root.workflow_id)
    assert "default: 80," in draft.text
    assert get_workflow(ANN, made.root.workflow_id).latest_version == 0
    assert get_starter(BOB, "refund-handling").use_count == 1
    assert get_starter(STRANGER, "refund-handling").use_count == 0
    with pytest.raises(WorkflowNameTaken):
        deploy(ANN, "refund-handling", parameters={"small_amount": 90}, workflow_name="my-refunds")


def test_it_publishes_what_it_deploys_and_what_that_calls(aws: Cloud) -> None:
    with wired(aws):
        made = deploy(ANN, "support-desk", parameters={}, publish=True)
        again = deploy(ANN, "support-desk", parameters={}, publish=True)
    assert [(each.name, each.version) for each in made.workflows] == [("issue-refund", 1), ("support-desk", 1)]
    assert [each.version for each in again.workflows] == [1, 1]
    assert get_version(ANN, str(made.root.workflow_id), 1).children["issue-refund"].version == 1


@pytest.mark.parametrize("wrong", ["Not A Name", "x"])
def test_it_deploys_nothing_under_a_name_that_is_none(aws: Cloud, wrong: str) -> None:
    with pytest.raises(SpecInvalid):
        deploy(ANN, "refund-handling", parameters={}, workflow_name=wrong)
    with pytest.raises(StarterNotFound):
        deploy(ANN, "nothing", parameters={})
    assert list_workflows(ANN).workflows == ()


def test_it_deploys_nothing_that_parameters_make_unsound(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKED)
    publish(ANN, workflow.id)
    kinds = ({"name": "kind", "title": "Kind", "schema": {"type": "string"}, "sets": ["nodes.tell.type"]},)
    share(ANN, "mine", workflow_id=workflow.id, about=About.model_validate({"parameters": kinds}))
    with pytest.raises(SpecInvalid):
        deploy(ANN, "mine", parameters={"kind": "nonsense"}, workflow_name="other")
    afters = ({"name": "after", "title": "After", "schema": {"type": "array"}, "sets": ["nodes.tell.after"]},)
    share(ANN, "mine", workflow_id=workflow.id, about=About.model_validate({"parameters": afters}))
    with pytest.raises(SpecInvalid):
        deploy(ANN, "mine", parameters={"after": ["nobody"]}, workflow_name="other")


def test_an_organisation_shares_its_own(aws: Cloud) -> None:
    hotel, trip = create(ANN, text=HOTEL), create(ANN, text=PARENT)
    publish(ANN, hotel.id)
    publish(ANN, trip.id)
    about = About(tags=("travel",), samples=(Sample(title="one", input={}),))
    shared = share(BOB, "our-trip", workflow_id=trip.id, about=about)
    assert (shared.starter.is_built_in, shared.starter.about.version, list(shared.starter.specs)) == (False, 1, ["hotel", "trip"])
    assert share(BOB, "our-trip", workflow_id=trip.id, about=about).starter.about.version == 1
    assert share(BOB, "our-trip", workflow_id=trip.id, about=About(tags=("travel", "new"))).starter.about.version == 2
    assert names(list_starters(ANN, tags=("travel",))) == ["our-trip"]
    assert names(list_starters(STRANGER, tags=("travel",))) == []
    made = deploy(ANN, "our-trip", parameters={}, workflow_name="trip-two")
    assert [(each.name, each.status) for each in made.workflows] == [("hotel", "unchanged"), ("trip-two", "new")]
    withdraw(ANN, "our-trip")
    with pytest.raises(StarterNotFound):
        withdraw(ANN, "our-trip")
    with pytest.raises(StarterNotFound):
        get_starter(ANN, "our-trip")


def test_the_names_of_those_that_ship_are_kept(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKED)
    publish(ANN, workflow.id)
    with pytest.raises(NameReserved):
        share(ANN, "refund-handling", workflow_id=workflow.id, about=About())
    with pytest.raises(NameReserved):
        withdraw(ANN, "refund-handling")


def test_a_starter_is_shared_on_top_of_what_another_shared_meanwhile(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKED)
    publish(ANN, workflow.id)
    passed: list[str] = []

    def overtake(operation: str) -> None:
        if operation == "dynamodb:PutItem" and not passed:
            passed.append(operation)
            share(BOB, "mine", workflow_id=workflow.id, about=About(tags=("his",)))

    aws.before.append(overtake)
    assert share(ANN, "mine", workflow_id=workflow.id, about=About(tags=("hers",))).starter.about.version == 2
    assert get_starter(ANN, "mine").starter.about.tags == ("hers",)
