"""Webhooks: who may call, what is read of a call, one run for one call, and secrets that are shown once."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app import app
from chalicelib.access.sealing import forget_master_key, seal, unseal
from chalicelib.clock import epoch_seconds
from chalicelib.errors import InputInvalid, SealBroken, SignatureInvalid, TriggerInvalid
from chalicelib.runs.query import get_input, get_run
from chalicelib.store import acts, keys, table, triggers
from chalicelib.store.clients import client
from chalicelib.triggers import query, save, webhooks
from chalicelib.triggers.save import Wanted, WantedWebhook
from chalicelib.triggers.signatures import Delivery, Proof, verify
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.credentials import bearer
from tests.factories.trigger_stories import a_trigger, trigger_cloud

SECRET = "correct-horse-battery-staple"
OTHER = "another-secret-that-is-not-it"
NOW = 1_790_000_000
BODIES = [b"", b"{}", "grüß\r\n\u2028".encode(), b"\r\n", b"\x00\xff", b" " * 10, b'{"a": 1}\n']
STANDARD = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PROOFS = {
    "token": Proof("token", "authorization", "Bearer "),
    "sha256": Proof("sha256", "x-hub-signature-256", "sha256="),
    "standard": Proof("standard", "webhook-signature"),
    "stripe": Proof("stripe", "stripe-signature"),
}


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


def hexed(key: bytes, text: bytes) -> str:
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def signed(scheme: str, body: bytes, *, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    """The headers that an honest caller sends."""
    match scheme:
        case "token":
            return {"authorization": f"Bearer {secret}"}
        case "sha256":
            return {"x-hub-signature-256": f"sha256={hexed(secret.encode(), body)}"}
        case "stripe":
            return {"stripe-signature": f"t={at},v1={hexed(secret.encode(), str(at).encode() + b'.' + body)},v0=ignored"}
        case _:
            key = base64.b64decode(STANDARD.removeprefix("whsec_"))
            mac = base64.b64encode(hmac.new(key, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()).decode()
            return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1a,other v1,{mac}"}


def secret_of(scheme: str) -> str:
    return STANDARD if scheme == "standard" else SECRET


@pytest.mark.parametrize("scheme", PROOFS)
@pytest.mark.parametrize("body", BODIES)
def test_it_takes_what_is_signed_whatever_bytes_it_holds(scheme: str, body: bytes) -> None:
    verify(PROOFS[scheme], [OTHER, secret_of(scheme)] if scheme != "standard" else [STANDARD], Delivery(signed(scheme, body), body), now=NOW)


ATTACKS = [
    *((scheme, "no header", {}) for scheme in PROOFS),
    *((scheme, "empty header", {PROOFS[scheme].header: ""}) for scheme in PROOFS),
    ("token", "the prefix alone", {"authorization": "Bearer "}),
    ("token", "another case", {"authorization": f"Bearer {SECRET.upper()}"}),
    ("token", "no prefix", {"authorization": SECRET}),
    ("token", "one letter more", {"authorization": f"Bearer {SECRET}x"}),
    ("token", "not ASCII", {"authorization": "Bearer ✓✓✓"}),
    ("sha256", "another secret", signed("sha256", b"body", secret=OTHER)),
    ("sha256", "no prefix", {"x-hub-signature-256": hexed(SECRET.encode(), b"body")}),
    ("sha256", "a plain hash", {"x-hub-signature-256": f"sha256={hashlib.sha256(SECRET.encode() + b'body').hexdigest()}"}),
    ("sha256", "no secret", {"x-hub-signature-256": f"sha256={hexed(b'', b'body')}"}),
    ("standard", "old", signed("standard", b"body", at=NOW - 301)),
    ("standard", "of the future", signed("standard", b"body", at=NOW + 301)),
    ("standard", "another time", {**signed("standard", b"body"), "webhook-timestamp": str(NOW + 1)}),
    ("standard", "another id", {**signed("standard", b"body"), "webhook-id": "msg_2"}),
    ("standard", "no version", {**signed("standard", b"body"), "webhook-signature": signed("standard", b"body")["webhook-signature"].split(",")[-1]}),
    (
        "standard",
        "another version",
        {**signed("standard", b"body"), "webhook-signature": signed("standard", b"body")["webhook-signature"].replace("v1,", "v2,")},
    ),
    ("standard", "a time that is none", {**signed("standard", b"body"), "webhook-timestamp": "١٧٩٠٠٠٠٠٠٠"}),
    ("stripe", "old", signed("stripe", b"body", at=NOW - 301)),
    ("stripe", "another secret", signed("stripe", b"body", secret=OTHER)),
    ("stripe", "a second time", {"stripe-signature": signed("stripe", b"body", at=NOW - 301)["stripe-signature"] + f",t={NOW}"}),
    ("stripe", "an older version", {"stripe-signature": signed("stripe", b"body")["stripe-signature"].replace("v1=", "v0=")}),
    ("stripe", "very many", {"stripe-signature": f"t={NOW}," + "v1=0," * 5000 + signed("stripe", b"body")["stripe-signature"].split(",")[1]}),
]


@pytest.mark.parametrize(
    ("scheme", "headers"), [(scheme, headers) for scheme, _, headers in ATTACKS], ids=[f"{scheme}: {what}" for scheme, what, _ in ATTACKS]
)
def test_it_refuses_an_attack(scheme: str, headers: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(PROOFS[scheme], [secret_of(scheme)], Delivery(headers, b"body"), now=NOW)


@pytest.mark.parametrize("scheme", ["sha256", "standard", "stripe"])
@pytest.mark.parametrize("changed", [b"", b"body ", b"Body", b"body\r\n", b"body\x80" + b"\x00" * 50 + b"more", b"\xef\xbb\xbfbody"])
def test_it_refuses_a_body_that_is_not_the_one_that_was_signed(scheme: str, changed: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(PROOFS[scheme], [secret_of(scheme)], Delivery(signed(scheme, b"body"), changed), now=NOW)


def test_it_knows_nobody_where_no_secret_is_live() -> None:
    with pytest.raises(SignatureInvalid):
        verify(PROOFS["token"], [], Delivery({"authorization": "Bearer "}, b""), now=NOW)


def test_it_opens_what_it_sealed_for_the_same_organisation_and_purpose_alone() -> None:
    sealed = seal("org_a", "webhook/t", SECRET)
    assert SECRET not in sealed
    assert seal("org_a", "webhook/t", SECRET) != sealed
    forget_master_key()
    assert unseal("org_a", "webhook/t", sealed) == SECRET
    for organisation_id, purpose, text in (
        ("org_b", "webhook/t", sealed),
        ("org_a", "webhook/u", sealed),
        ("org_a", "webhook/t", sealed[:-6] + "AAAA=="),
        ("org_a", "webhook/t", sealed.replace("v1", "v0")),
        ("org_a", "webhook/t", "v1.x"),
    ):
        with pytest.raises(SealBroken):
            unseal(organisation_id, purpose, text)


def test_it_makes_one_master_key_though_two_begin_at_once(aws: Cloud) -> None:
    def first() -> None:
        aws.before.clear()
        client("secretsmanager").create_secret(Name="seal.sluice/master", SecretString=base64.b64encode(b"k" * 32).decode())

    aws.before.append(lambda operation: first() if operation == "secretsmanager:CreateSecret" else None)
    sealed = seal("org_a", "p", SECRET)
    forget_master_key()
    assert unseal("org_a", "p", sealed) == SECRET


def call(trigger_id: str, body: object = None, **headers: str) -> tuple[int, Any]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    sent = {"Authorization": f"Bearer {SECRET}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = app(
        rest_event("POST", "/api/v1/hooks/{trigger_id}", path={"trigger_id": trigger_id}, headers=sent, body=text, query={"q": "1"}), context()
    )
    return answer["statusCode"], json.loads(answer["body"])


def a_hook(**fields: Any) -> str:
    given = {"input": {"city": "$body.city"}, **fields}
    return a_trigger(WantedWebhook("token", secret=SECRET), name="hook", **given).id


def test_it_starts_a_run_in_its_own_name_and_one_for_each_key() -> None:
    trigger_id = a_hook()
    status, document = call(trigger_id, {"city": "Bonn"}, Idempotency_Key="k")
    assert status == 202
    run = get_run(ANN, document["run_id"])
    assert (run.started_by, run.trigger.type, get_input(ANN, run.id)) == ("webhook:hook", "webhook", {"city": "Bonn", "max_price": 200})
    assert call(trigger_id, {"city": "Kiel"}, idempotency_key="k")[1] == document
    assert len({call(trigger_id, {"city": "Bonn"})[1]["run_id"] for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("body", "kind", "template", "expected"),
    [
        ({"a": [{"b": "Bonn"}]}, "application/json", "$body.a[0].b", "Bonn"),
        ({"x": 1}, "application/vnd.x+json; charset=utf-8", "{{ $body }}", '{"x":1}'),
        ("city=Bonn&city=Kiel&n=", "application/x-www-form-urlencoded", "{{ $body.city[1] }}{{ $body.n }}", "Kiel"),
        ("plain {{ $body }}", "text/plain", "$body", "plain {{ $body }}"),
        ("", "application/json", "{{ $body.none }}-{{ $query.q }}", "-1"),
        ({}, "application/json", "{{ $headers.authorization }}{{ $headers.user_agent }}|", "|"),
    ],
)
def test_it_reads_json_forms_and_texts(body: object, kind: str, template: str, expected: str) -> None:
    status, document = call(a_hook(input={"city": template}), body, Content_Type=kind)
    assert status == 202, document
    given = get_input(ANN, document["run_id"])
    assert isinstance(given, dict)
    assert given["city"] == expected


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"city": NaN}', '"\\ud800'])
def test_it_refuses_a_body_that_is_no_json_and_records_it(body: str) -> None:
    trigger_id = a_hook()
    assert call(trigger_id, body)[0] == 422
    assert query.get_trigger(ANN, trigger_id).tally.failed_count == 1


def test_it_refuses_bytes_that_are_no_text_and_forms_without_end() -> None:
    for kind, body in (("application/json", b"\xff\xfe"), ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 2000))):
        with pytest.raises(InputInvalid):
            webhooks.read_body(Delivery({"content-type": kind}, body))


def test_it_says_what_the_workflow_does_not_take_and_records_it() -> None:
    trigger_id = a_hook()
    assert call(trigger_id, {"city": 3})[:1] == (422,)
    tally = query.get_trigger(ANN, trigger_id).tally
    assert tally.last_error is not None
    assert tally.last_error.code == "input-invalid"


def test_it_answers_by_what_is_the_matter_and_records_nothing_of_strangers() -> None:
    trigger_id = a_hook()
    assert call("trg_unknown")[1]["code"] == "trigger-not-found"
    assert call(a_trigger(name="timed").id)[1]["code"] == "trigger-not-found"
    assert call(trigger_id, {"city": "Bonn"}, Authorization="Bearer x")[1]["code"] == "signature-invalid"
    assert call(trigger_id, "x" * (webhooks.MAX_BODY_BYTES + 1))[1]["code"] == "body-too-large"
    save.pause(ANN, trigger_id)
    assert call(trigger_id, Authorization="Bearer x")[0] == 401
    assert call(trigger_id)[1]["code"] == "trigger-paused"
    assert query.get_trigger(ANN, trigger_id).tally.fired_count == 0
    save.remove(ANN, trigger_id)
    assert call(trigger_id)[0] == 404


def test_it_answers_409_where_nothing_is_published() -> None:
    from tests.factories.cloud import unpublished

    trigger = a_trigger(WantedWebhook("token", secret=SECRET), workflow_id=unpublished("org_local", "draft").id, input={})
    assert call(trigger.id)[0] == 409


def test_it_takes_both_secrets_while_one_takes_the_place_of_the_other() -> None:
    trigger_id = a_hook()
    _, made = webhooks.rotate(ANN, trigger_id, secret=None, overlap=timedelta(hours=1))
    assert [call(trigger_id, {"city": "Bonn"}, Authorization=f"Bearer {secret}")[0] for secret in (SECRET, made, OTHER)] == [202, 202, 401]
    _, newest = webhooks.rotate(ANN, trigger_id, secret=OTHER, overlap=timedelta(0))
    assert [call(trigger_id, {"city": "Bonn"}, Authorization=f"Bearer {secret}")[0] for secret in (SECRET, made, newest)] == [401, 401, 202]
    with pytest.raises(TriggerInvalid, match="only webhooks"):
        webhooks.rotate(ANN, a_trigger(name="timed").id, secret=None, overlap=timedelta(0))


def test_it_finds_a_stripe_event_again_by_its_id() -> None:
    trigger = a_trigger(WantedWebhook("stripe", secret=SECRET), name="stripe", input={"city": "$body.type"})
    at, body = epoch_seconds(), json.dumps({"id": "evt_1", "type": "paid"})
    found = {
        call(trigger.id, body, Stripe_Signature=signed("stripe", body.encode(), at=at - seconds)["stripe-signature"])[1]["run_id"]
        for seconds in (0, 9)
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (WantedWebhook("token", secret="short"), "16 to 512"),
        (WantedWebhook("token", secret="with spaces in it, many"), "16 to 512"),
        (WantedWebhook("standard", secret="whsec_not base64 at all"), "16 to 512"),
        (WantedWebhook("standard", secret="whsec_AAAAAAAAAAAA"), "at least 16 bytes"),
        (WantedWebhook("standard", secret="whsec_!!!!!!!!!!!!!!!!"), "at least 16 bytes"),
        (WantedWebhook("token", header="a b"), "a header is named"),
    ],
)
def test_it_refuses_secrets_and_headers_that_are_none(source: WantedWebhook, told: str) -> None:
    with pytest.raises(TriggerInvalid, match=told):
        a_trigger(source)


def test_it_makes_a_secret_of_each_schemes_form_shows_it_once_and_keeps_it_sealed() -> None:
    workflow_id = published().workflow_id
    for scheme in ("token", "sha256", "standard", "stripe"):
        wanted = Wanted(scheme, WantedWebhook(scheme), input={"city": "$body"})
        trigger, secret = save.create(ANN, workflow_id, wanted)
        assert secret is not None
        assert secret.startswith("whsec_") is (scheme == "standard")
        assert secret not in str(triggers.get("org_local", trigger.id))
    changed = save.change(ANN, trigger.id, Wanted("stripe", WantedWebhook("stripe", header="X-Own"), input={"city": "$body"}))
    assert changed.webhook is not None
    assert trigger.webhook is not None
    assert (changed.webhook.secrets, changed.webhook.header) == (trigger.webhook.secrets, "x-own")
    for source in (WantedWebhook("token"), WantedWebhook("stripe", secret=SECRET)):
        with pytest.raises(TriggerInvalid):
            save.change(ANN, trigger.id, Wanted("stripe", source, input={"city": "$body"}))


def test_it_tells_a_secret_to_who_makes_it_and_to_nobody_after() -> None:
    path = {"workflow_id": published().workflow_id}
    body = {"name": "hook", "input": {"city": "$body.city"}, "webhook": {"scheme": "token", "secret": SECRET}}
    made = app(rest_event("POST", "/api/v1/workflows/{workflow_id}/triggers", path=path, body=body, headers=bearer()), context())
    trigger = json.loads(made["body"])
    assert trigger["secret"] == SECRET
    rotated = app(
        rest_event("POST", "/api/v1/triggers/{trigger_id}/rotate", path={"trigger_id": trigger["id"]}, body={"secret": OTHER}, headers=bearer()),
        context(),
    )
    assert json.loads(rotated["body"])["secret"] == OTHER
    shown = app(rest_event("GET", "/api/v1/triggers/{trigger_id}", path={"trigger_id": trigger["id"]}, headers=bearer()), context())["body"]
    assert SECRET not in shown
    assert "sealed" not in shown
    noted = str(list(table.query_all(keys.act("org_local").pk)))
    assert acts.HIDDEN in noted
    assert SECRET not in noted
    assert "v1." not in noted
