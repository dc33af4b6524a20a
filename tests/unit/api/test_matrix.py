"""Every route of the API's document × who asks × whose the thing is: nobody gets more than is theirs.

Requests are the document's examples. A new route needs no line here unless its example would not do, or it has a path parameter that is not known
yet: then its test fails and says what to add.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from app import app
from chalicelib import ids
from chalicelib.access import members
from chalicelib.access.api_keys import make_key
from chalicelib.access.limits import set_budget
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL, ROLES, Access, Scope
from chalicelib.api.contract import contracts
from chalicelib.api.examples import of_route
from chalicelib.clock import now_text
from chalicelib.conversations import channels
from chalicelib.conversations.envelope import Envelope
from chalicelib.conversations.receive import receive
from chalicelib.store import external_agents, keys, starters, table, warm_jobs
from chalicelib.store.external_agents import ExternalAgent
from chalicelib.store.items import item_of
from chalicelib.store.starters import StarterRecord
from chalicelib.store.values import Stored, keep
from chalicelib.store.workflow_records import Documents
from chalicelib.triggers import save
from chalicelib.workflows.imported_apis import import_api
from tests.factories.api_events import context, rest_event
from tests.factories.channel_stories import a_text
from tests.factories.cloud import TOLD, cloud, published
from tests.factories.credentials import bearer
from tests.factories.run_stories import opened_gate, started_run
from tests.unit.tools.test_openapi import PETS

ROUTES: Final = [(contract.method.value, contract.path, contract.scope) for contract in contracts(app.routes)]
ALIASES: Final = {contract.route: contract.named for contract in contracts(app.routes)}
NAMED: Final = [f"{method} {path}" for method, path, _ in ROUTES]
CANARY: Final = "canary"
OWNER: Final = Principal("org_local", "ann", frozenset({"approver"}), ALL)
TEXT: Final = "sluice: 1\nname: theirs\nnodes:\n  a: {type: transform, value: 1}\n"

# What a route is sent where its example would not do here.
BODIES: Final[dict[str, Any]] = {
    "POST /api/v1/auth/switch": {"organisation_id": "org_local"},
    "POST /api/v1/cache/warm": {"requests": [{"prompt": "hello"}]},
    "POST /api/v1/tools/openapi": {"name": "theirs", "document": PETS, "base_url": "http://127.0.0.1:1"},
    "POST /api/v1/workflows/{workflow_id}/run": {},
    "PUT /api/v1/secrets/{name}": {"value": "theirs"},
    "PUT /api/v1/workflows/{workflow_id}/access": {"public": True},
}
# A name that everybody may have: theirs, whoever else has it.
OWN_NAMES: Final = {
    "PUT /api/v1/secrets/{name}",
    "DELETE /api/v1/secrets/{name}",
    "GET /api/v1/secrets/{name}/access",
    "PUT /api/v1/secrets/{name}/access",
}
# What belongs to the organisation as a whole, and who else may not touch it.
OF_ALL: Final = {
    "GET /api/v1/tools/openapi/{name}": 200,
    "DELETE /api/v1/tools/openapi/{name}": 403,
    "GET /api/v1/agents/{name}": 200,
    "DELETE /api/v1/agents/{name}": 403,
    "GET /api/v1/starters/{name}": 200,
    "POST /api/v1/starters/{name}/deploy": 201,
    "DELETE /api/v1/starters/{name}": 403,
    "PUT /api/v1/secrets/{name}": 403,
}
# What a route asks for in its query.
QUERIES: Final[dict[str, dict[str, str]]] = {
    "GET /api/v1/channels/{channel_id}/webhook": {"hub.mode": "subscribe"},
    "GET /api/v1/workflows/runs/{run_id}/compare": {"to": "run_0"},
    "GET /api/v1/workflows/{workflow_id}/diff": {"from": "1", "to": "1"},
}


STARTER: Final = StarterRecord(
    name=CANARY,
    version=1,
    digest="d",
    document=Stored(text=json.dumps({"root": "theirs", "texts": {"theirs": TEXT.replace("name: theirs", f"name: theirs\ntitle: {CANARY}")}})),
    workflow_id="wf_0",
    workflow_version=1,
    shared_at=now_text(),
    shared_by="ann",
)


@dataclass
class Site:
    """Two organisations: things of `ann` in the first; `olga` is admin of the other."""

    things: dict[str, str]
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_(self, person: str, *roles: str, organisation_id: str = "org_local") -> dict[str, str]:
        """The credentials of somebody, made once."""
        if person not in self.known:
            self.known[person] = bearer(person, roles or ("admin", "approver"), organisation_id=organisation_id)
        return self.known[person]

    def only(self, role: str) -> dict[str, str]:
        """Somebody of the first organisation with one role, who owns nothing and with whom nothing is shared."""
        return self.as_(f"only-{role}", role)

    def stranger(self) -> dict[str, str]:
        return self.as_("olga", organisation_id="org_other")

    def parameters(self, route: str, *, made_up: bool = False) -> dict[str, str]:
        names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
        known = {name: self.things.get(f"{name} of {route.split('/')[3]}", self.things.get(name, "")) for name in names}
        assert all(known.values()), f"{route}: say in this file what its path parameters are ({known})"
        return {name: "1" if name == "number" else f"{value[:-3]}000" if made_up else value for name, value in known.items()}

    def ask(self, route: str, headers: dict[str, str], *, made_up: bool = False, **more: Any) -> tuple[int, Any, str]:
        method, _, path = route.partition(" ")
        named = ALIASES.get(route, route)
        body = BODIES.get(named, of_route(named).get("request", {} if method == "POST" else None))
        kind = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
        more = {"query": QUERIES[route], **more} if route in QUERIES else more
        event = rest_event(
            method, path, path=self.parameters(path, made_up=made_up), body=body, headers={**headers, "Host": "x.test", "Content-Type": kind}, **more
        )
        answer = app(event, context())
        text = str(answer["body"])
        document = json.loads(text) if text and "json" in answer["headers"]["Content-Type"] else None
        code = document.get("code") if isinstance(document, dict) else None
        assert code not in {"body-invalid", "query-invalid", "internal"}, f"{route}: say in this file what to send it ({text})"
        return answer["statusCode"], document, text


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with cloud():
        bearer("ann")
        run = started_run(by=OWNER)
        gate = opened_gate(run)
        published({"sluice": 1, "name": f"{CANARY}-flow", "title": CANARY, "nodes": {"a": {"type": "transform", "value": 1}}})
        set_budget(OWNER, workflow_id=run.workflow_id, per_day=7)
        import_api(OWNER, name=CANARY, text=PETS, base_url="http://127.0.0.1:1")
        external_agents.register("org_local", ExternalAgent(name=CANARY, url="http://127.0.0.1:1", registered_at=now_text(), registered_by="ann"))
        kept = Documents(version_id=run.version_id, values={name: keep("org_local", name, told) for name, told in {**TOLD, "source": TEXT}.items()})
        table.write(table.put(item_of(kept, keys.documents("org_local", run.version_id))))
        starters.put("org_local", STARTER, None)
        key = make_key(OWNER, name=CANARY).key
        invitation = members.invite(OWNER, roles=("viewer",), note=CANARY).invitation
        bearer("pat", ("viewer",))
        job = warm_jobs.begin("org_local", "ann", [{"prompt": CANARY}], ttl_seconds=60, digest="d", key="")
        wanted = save.Wanted(CANARY, save.WantedSchedule(rate="1 day"), input={"city": "Bonn"}, enabled=False)
        trigger, _ = save.create(OWNER, run.workflow_id, wanted)
        channel, _ = channels.create(OWNER, channels.Named("whatsapp", CANARY, "1"), channels.Wanted())  # without a secret it takes no webhooks
        said = receive(Envelope("org_local", channel.id, a_text(CANARY)))
        assert said is not None
        things = {
            "channel_id": channel.id,
            "conversation_id": said.conversation_id,
            "workflow_id": run.workflow_id,
            "run_id": run.id,
            "node": f"{CANARY}-node",
            "gate_id": gate.id,
            "number": "1",
            "job_id": job.id,
            "trigger_id": trigger.id,
            "hook_id": ids.new_id("hook"),
            "organisation_id": "org_local",
            "workflow": f"{CANARY}-flow",
            "key_id": key.id,
            "invitation_id": invitation.id,
            "name of people": "pat",
            "name of tools": CANARY,
            "name of agents": CANARY,
            "name of starters": CANARY,
            "name of secrets": CANARY,
        }
        yield Site(things)


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMED)
def test_it_answers_nobody_without_credentials(site: Site, method: str, path: str, scope: Scope | Access) -> None:
    route = f"{method} {path}"
    status, document, _ = site.ask(route, {})
    if scope is Access.PUBLIC:
        assert status in {200, 401, 404, 429}
    else:
        assert (status, document["code"]) == (401, "not-signed-in")


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMED)
def test_it_names_the_scope_that_a_role_lacks(site: Site, method: str, path: str, scope: Scope | Access) -> None:
    route = f"{method} {path}"
    for role in (*ROLES, "legal"):
        if isinstance(scope, Scope) and scope not in ROLES.get(role, frozenset()):
            status, document, _ = site.ask(route, site.only(role))
            assert (role, status, document["code"], document["scope"]) == (role, 403, "scope-missing", scope)


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMED)
def test_it_keeps_what_is_another_organisations_out_of_sight(site: Site, method: str, path: str, scope: Scope | Access) -> None:
    route = f"{method} {path}"
    olga = site.stranger()
    status, document, text = site.ask(route, olga)
    if "{" in path and route not in OWN_NAMES:
        assert (status, document["code"].endswith("not-found")) == (404, True)
        others = site.ask(route, olga, made_up=True)
        told = text
        for parameter, value in site.parameters(path).items():
            if len(value) > 1:  # a single letter stands in other words too
                told = told.replace(value, site.parameters(path, made_up=True)[parameter])
        assert (others[0], others[2]) == (404, told)  # as if it were not there
    else:
        sent = json.dumps(site.parameters(path))
        assert not [value for value in site.things.values() if len(value) > 3 and value in text and value not in sent]
        assert CANARY not in text.replace(sent, "") or route in OWN_NAMES


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMED)
def test_it_keeps_what_is_somebody_elses_out_of_sight(site: Site, method: str, path: str, scope: Scope | Access) -> None:
    """Every role but the admin's, in the same organisation: what its scope would allow with things of its own."""
    route = f"{method} {path}"
    for role, held in ROLES.items():
        if scope is Access.PUBLIC or role == "admin" or (isinstance(scope, Scope) and scope not in held):
            continue
        status, document, text = site.ask(route, site.only(role))
        if route in OF_ALL:
            assert status == OF_ALL[route]
        elif "{" in path:
            assert (role, status, document["code"].endswith("not-found")) == (role, 404, True)
        else:
            assert not [name for name in ("workflow_id", "run_id", "gate_id", "key_id", "invitation_id") if site.things[name] in text]


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("GET /api/v1/workflows/runs", {"workflow_id": "workflow_id"}),
        ("GET /api/v1/gates", {"run_id": "run_id"}),
        ("GET /api/v1/costs", {"workflow_id": "workflow_id"}),
        ("GET /api/v1/costs", {"run_id": "run_id"}),
        ("GET /api/v1/workflows", {"name": "workflow"}),
    ],
    ids=["runs", "gates", "costs-of-workflow", "costs-of-run", "workflow-by-name"],
)
def test_it_finds_nothing_of_others_by_a_query(site: Site, route: str, query: dict[str, str]) -> None:
    wanted = {name: site.things[value] for name, value in query.items()}
    for headers in (site.only("editor"), site.stranger()):
        status, document, _ = site.ask(route, headers, query=wanted)
        empty = isinstance(document, dict) and not any(document.get(name) for name in ("runs", "gates", "workflows", "total"))
        assert (status == 404 and document["code"].endswith("not-found")) or (status == 200 and empty)


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("GET /api/v1/workflows", {"search": "workflow"}),
        ("GET /api/v1/workflows", {"owner": "=ann"}),
        ("GET /api/v1/workflows", {"published": "=true", "sort": "=-updated_at"}),
        ("GET /api/v1/workflows", {"sort": "=created_at"}),
        ("GET /api/v1/gates", {"workflow_id": "workflow_id", "sort": "=-opened_at"}),
        ("GET /api/v1/gates", {"sort": "=deadline_at"}),
        ("GET /api/v1/gates", {"run_id": "run_id", "sort": "=-opened_at"}),
        ("GET /api/v1/triggers", {"workflow_id": "workflow_id"}),
        ("GET /api/v1/triggers", {"kind": "=schedule", "enabled": "=false", "sort": "=-workflow"}),
        ("GET /api/v1/starters", {"search": "=canary", "sort": "=-use_count"}),
        ("GET /api/v1/workflows/{workflow_id}/versions", {"created_by": "=ann"}),
        ("GET /api/v1/workflows/{workflow_id}/triggers", {"kind": "=schedule"}),
    ],
    ids=lambda each: each if isinstance(each, str) else "&".join(each),
)
def test_it_finds_nothing_of_others_by_a_filter_or_an_order(site: Site, route: str, query: dict[str, str]) -> None:
    """A value is that of a thing of the owner's, or, behind `=`, itself. A starter is its organisation's: what the editor made of it bears its
    title."""
    wanted = {name: value[1:] if value.startswith("=") else site.things[value] for name, value in query.items()}
    hidden = [value for name, value in site.things.items() if name not in {"organisation_id", "number"} and len(value) > 3]
    asked = {**wanted, **site.parameters(route.partition(" ")[2])}.values()
    for headers, own in ((site.only("editor"), CANARY), (site.stranger(), None)):
        if own is not None and "starters" in route:
            continue
        status, document, text = site.ask(route, headers, query=wanted)
        assert (status == 404 and document["code"].endswith("not-found")) or status == 200
        assert not [value for value in hidden if value in text and value != own and not (status == 404 and value in asked)]
    status, _, text = site.ask(route, site.as_("ann"), query=wanted)
    assert status == 200  # the owner finds it, or the above would prove nothing
    assert [value for value in hidden if value in text]


def test_it_leaves_everything_as_it_was(site: Site) -> None:
    """After all of the above: nothing of the owner's was changed by anybody else."""
    ann = site.as_("ann")
    assert site.ask("GET /api/v1/workflows/{workflow_id}/access", ann)[1]["public"] is False
    assert site.ask("GET /api/v1/workflows/runs/{run_id}", ann)[1]["cancel_requested_by"] is None
    assert site.ask("GET /api/v1/budgets/workflows/{workflow_id}", ann)[1]["per_day"] == 7
    assert [gate["status"] for gate in site.ask("GET /api/v1/gates", ann)[1]["gates"]] == ["open"]
    assert CANARY in [key["name"] for key in site.ask("GET /api/v1/keys", ann)[1]["keys"]]
    assert CANARY in [each["note"] for each in site.ask("GET /api/v1/auth/invitations", ann)[1]["invitations"]]
    assert site.ask("GET /api/v1/tools/openapi/{name}", ann)[0] == 200


def test_it_lets_the_owner_do_with_it_what_the_role_allows(site: Site) -> None:
    """Or the refusals above would prove nothing."""
    ann = site.as_("ann")
    for route in NAMED:
        if route.startswith("GET /api/v1/") and "{" in route and "secrets" not in route and route not in QUERIES:
            assert site.ask(route, ann)[0] == 200, route
