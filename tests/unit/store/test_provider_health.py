"""The shared record of providers' health: one writer per transition, sums of many containers, what expires."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from chalicelib.providers.breaker import Standing, closed, opened, probing
from chalicelib.providers.candidates import Candidate, Route, Strategy
from chalicelib.providers.counts import failed_call, good_call
from chalicelib.providers.failures import FailureKind, ModelOverloaded
from chalicelib.providers.health import Health, Passage, Shared
from chalicelib.store import keys, provider_health, table
from chalicelib.store.clients import client
from chalicelib.store.provider_health import QUARTER_SECONDS, ProviderHealth
from tests.factories.arena import together
from tests.factories.cloud import Cloud

NAME = Candidate("anthropic", "claude-x", key="spare").id
NOW = 1_795_000_000.25


def store(now: float = NOW) -> ProviderHealth:
    return ProviderHealth(lambda: now)


def test_a_candidate_that_nobody_called_is_closed_and_without_counts(aws: Cloud) -> None:
    assert store().read([NAME]) == {NAME: Shared()}
    assert aws.calls == ["dynamodb:BatchGetItem"]


def test_a_transition_is_read_as_it_was_written(aws: Cloud) -> None:
    before = Standing()
    for after in (opened(before, ModelOverloaded("x"), now=NOW, chance=0.3), Standing(2, NOW, NOW, 1, FailureKind.AUTH, "me", NOW + 5), Standing(3)):
        assert store().change(NAME, before, after)
        assert store().read([NAME])[NAME].standing == after
        before = after


def test_a_transition_upon_an_older_revision_is_refused(aws: Cloud) -> None:
    first = opened(Standing(), ModelOverloaded("x"), now=NOW, chance=0)
    assert store().change(NAME, Standing(), first)
    assert not store().change(NAME, Standing(), replace(first, openings=9))
    assert not store().change(NAME, Standing(7), Standing(8))
    assert store().read([NAME])[NAME].standing == first


def test_one_of_many_containers_gets_the_probe(aws: Cloud) -> None:
    open_ = opened(Standing(), ModelOverloaded("x"), now=NOW, chance=0)
    assert store().change(NAME, Standing(), open_)
    now = NOW + 3600
    containers = [Health(store(now), owner=f"c{number}", now=lambda: now) for number in range(6)]
    for each in containers:
        each.look([NAME])

    def asks(container: Health) -> Passage | None:
        return container.admit(NAME, seconds=lambda: 30)

    with ThreadPoolExecutor(6) as pool:
        got = together(pool, [lambda container=each: asks(container) for each in containers])  # type: ignore[misc]
    assert sorted(str(passage) for passage in got) == ["None"] * 5 + ["probe"]


def test_one_of_many_that_open_and_close_at_once_is_written(aws: Cloud) -> None:
    afters = [opened(Standing(), ModelOverloaded("x"), now=NOW + number, chance=0) for number in range(4)] + [closed(Standing())]
    with ThreadPoolExecutor(5) as pool:
        won = together(pool, [lambda after=after: store().change(NAME, Standing(), after) for after in afters])  # type: ignore[misc]
    assert won.count(True) == 1
    assert store().read([NAME])[NAME].standing == afters[won.index(True)]


def test_a_lease_that_nobody_gave_back_is_taken_over(aws: Cloud) -> None:
    open_ = opened(Standing(), ModelOverloaded("x"), now=NOW, chance=0)
    leased = probing(open_, owner="died", until=NOW + 60)
    assert store().change(NAME, Standing(), open_)
    assert store().change(NAME, open_, leased)
    for now, passage in ((NOW + 59, None), (NOW + 60, Passage.PROBE)):
        health = Health(store(now), owner="me", now=lambda now=now: now)  # type: ignore[misc]
        health.look([NAME])
        assert health.admit(NAME, seconds=lambda: 30) is passage


def test_counts_of_many_containers_add_up(aws: Cloud) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store().add({NAME: good_call(0.5, 0.1)}, now=NOW), range(8)))
    store().add({NAME: failed_call(FailureKind.TIMEOUT, is_fault=True), "openai:x": good_call(1, None)}, now=NOW + QUARTER_SECONDS)
    found = store(NOW + QUARTER_SECONDS).read([NAME, "openai:x"])
    assert (found[NAME].counts.calls, found[NAME].counts.good, found[NAME].counts.kinds) == (9, 8, {"timeout": 1})
    assert found["openai:x"].counts.calls == 1
    assert store(NOW + 2 * QUARTER_SECONDS).read([NAME])[NAME].counts.calls == 1


def test_the_last_day_is_counted_and_no_more(aws: Cloud) -> None:
    for quarters in (0, 1, 95, 96, 97):
        store().add({NAME: good_call(0.5, None)}, now=NOW - quarters * QUARTER_SECONDS)
    found = provider_health.read_known(NAME, now=NOW)
    assert (found.day.calls, found.recent.calls, found.standing) == (3, 2, Standing())


def test_what_nobody_needs_any_more_expires(aws: Cloud) -> None:
    store().change(NAME, Standing(), Standing(1))
    store().add({NAME: good_call(0.5, None)}, now=NOW)
    items = client("dynamodb").query(
        TableName="sluice-test", KeyConditionExpression="PK = :pk", ExpressionAttributeValues={":pk": {"S": keys.breaker(NAME).pk}}
    )["Items"]
    assert sorted(int(item["expires_at"]["N"]) - int(NOW) for item in items) == [2 * 86_400, 30 * 86_400]


def test_routes_and_candidates_are_told_and_gathered(aws: Cloud) -> None:
    assert provider_health.read_providers() == provider_health.Providers()
    route = Route("smart", (Candidate("openai", "x", "spare", 2, 1000), Candidate("gemini", "y")), Strategy.FASTEST, "", ("bedrock:z",))
    provider_health.announce([], ["b", "a"])
    provider_health.announce([route], ["c"])
    found = provider_health.read_providers()
    assert (found.routes, found.candidates) == ((route,), ("a", "b", "c"))


def test_a_container_whose_record_expired_begins_anew(aws: Cloud) -> None:
    shared = store()
    health = Health(shared, owner="me", now=lambda: NOW, chance=random.Random(1).random)
    health.look([NAME])
    health.failed(NAME, Passage.FREE, ModelOverloaded("x"))
    shared.change(NAME, Standing(), Standing(4))
    table.write(table.delete(keys.breaker(NAME)))
    for _ in range(2):
        health.failed(NAME, Passage.FREE, ModelOverloaded("x"))
    assert shared.read([NAME])[NAME].standing.openings == 1
