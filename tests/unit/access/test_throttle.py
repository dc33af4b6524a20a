"""Token buckets: what a caller and an organisation may do at once and in the long run, at the price of few calls to the table."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.access.principal import NOBODY, Principal
from chalicelib.access.scopes import Access, Scope
from chalicelib.access.throttle import Held, Throttle, buckets_of, kind_of
from chalicelib.errors import RateLimited
from chalicelib.store import keys, table
from chalicelib.store.buckets import SECOND, Bucket, take
from tests.factories.cloud import ANN, DAN, Cloud, cloud

START = 1_790_000_000 * SECOND
SMALL = Bucket("caller", "org_local", "read", "person:ann", per_second=1, burst=5)
WIDE = Bucket("organisation", "org_local", "read", "", per_second=100, burst=1_000)


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def spent(throttle: Throttle, count: int, *buckets: Bucket, at: float = 0) -> int:
    """How many of so many calls are let through."""
    return sum(_is_let(throttle, buckets, START + round(at * SECOND)) for _ in range(count))


def _is_let(throttle: Throttle, buckets: tuple[Bucket, ...], now: int) -> bool:
    try:
        throttle.spend(buckets, now)
    except RateLimited:
        return False
    return True


def test_it_lets_a_burst_through_and_then_as_many_as_come_back(aws: Cloud) -> None:
    throttle = Throttle()
    assert spent(throttle, 9, SMALL) == 5
    assert spent(throttle, 9, SMALL, at=2) == 2
    assert spent(throttle, 9, SMALL, at=60) == 5


def test_it_says_when_to_come_back_and_what_the_limit_is(aws: Cloud) -> None:
    throttle = Throttle()
    spent(throttle, 5, SMALL, WIDE)
    with pytest.raises(RateLimited) as refused:
        throttle.spend((SMALL, WIDE), START + SECOND // 4)
    assert (refused.value.status, refused.value.detail) == (429, {"retry_after_seconds": 1})
    assert refused.value.headers == {
        "Retry-After": "1",
        "RateLimit-Policy": '"caller";q=5;w=5, "organisation";q=1000;w=10',
        "RateLimit": '"caller";r=0;t=5',
    }


def test_it_tells_what_is_left_of_the_nearest_limit(aws: Cloud) -> None:
    assert Throttle().spend((SMALL, WIDE), START).headers["RateLimit"] == '"caller";r=4;t=1'


def test_it_counts_containers_together(aws: Cloud) -> None:
    one, other = Throttle(), Throttle()
    assert spent(one, 3, SMALL) + spent(other, 9, SMALL) + spent(one, 9, SMALL) == 5


def test_it_takes_a_handful_of_a_large_bucket_and_then_asks_nothing(aws: Cloud) -> None:
    throttle, before = Throttle(), len(aws.calls)
    assert spent(throttle, 20, WIDE) == 20
    assert len(aws.calls) - before == 1
    assert spent(throttle, 20, WIDE, at=0.1) == 20
    assert len(aws.calls) - before == 2


def test_it_asks_once_for_both_buckets(aws: Cloud) -> None:
    before = len(aws.calls)
    Throttle().spend((SMALL, WIDE), START)
    assert aws.calls[before:] == ["dynamodb:TransactWriteItems"]


def test_it_asks_nothing_while_it_knows_that_a_bucket_is_empty(aws: Cloud) -> None:
    throttle = Throttle()
    spent(throttle, 6, SMALL)
    before = len(aws.calls)
    assert spent(throttle, 50, SMALL, at=0.5) == 0
    assert len(aws.calls) == before


def test_it_lets_the_organisation_s_other_callers_be_where_one_is_at_their_limit(aws: Cloud) -> None:
    throttle, dan = Throttle(), replace(SMALL, caller="person:dan")
    spent(throttle, 9, SMALL, WIDE)
    assert spent(throttle, 2, dan, WIDE) == 2


def test_it_never_gives_more_than_a_bucket_holds_to_sixteen_who_take_at_once(aws: Cloud) -> None:
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: take({SMALL: 1}, {}, now=START), range(16)))
    assert sum(each[SMALL].tokens for each in taken if each) <= 5


def test_it_lets_calls_through_while_the_table_does_not_answer(aws: Cloud) -> None:
    aws.refuse("dynamodb:UpdateItem", "InternalServerError", status=500, times=50)
    assert spent(Throttle(), 3, SMALL) == 3


def test_it_forgets_buckets_that_are_full_again(aws: Cloud) -> None:
    throttle = Throttle()
    throttle.held.update({replace(SMALL, caller=str(number)): Held() for number in range(2_001)})
    throttle.spend((SMALL,), START)
    assert list(throttle.held) == [SMALL]


def test_it_leaves_the_item_to_the_table_once_it_is_full(aws: Cloud) -> None:
    now = time.time_ns() // 1000
    take({SMALL: 2}, {}, now=now)
    item = table.get(keys.bucket("org_local", "read", "person:ann"))
    assert item is not None
    assert (item["full_at"], item["expires_at"]) == (now + 2 * SECOND, (now + 2 * SECOND) // SECOND + 3600)


@pytest.mark.parametrize(
    ("who", "scope", "method", "kind"),
    [
        (ANN, Scope.RUN_READ, "GET", "read"),
        (ANN, Scope.WORKFLOW_EXECUTE, "GET", "read"),
        (ANN, Scope.WORKFLOW_EXECUTE, "POST", "start"),
        (ANN, Scope.GATE_DECIDE, "POST", "write"),
        (ANN, Access.SIGNED_IN, "GET", "read"),
        (NOBODY, Access.PUBLIC, "POST", "auth"),
        (NOBODY, Scope.RUN_READ, "GET", "auth"),
    ],
)
def test_it_knows_what_kind_of_call_a_route_s_is(who: Principal, scope: Scope | Access, method: str, kind: str) -> None:
    assert kind_of(who, scope, method) == kind


def test_it_counts_callers_apart_and_who_shows_no_credentials_by_address(aws: Cloud) -> None:
    mine, dans = buckets_of(ANN, "read", "192.0.2.1"), buckets_of(DAN, "read", "192.0.2.1")
    assert mine[0].key != dans[0].key
    assert mine[1].key == dans[1].key
    (alone,) = buckets_of(NOBODY, "auth", "192.0.2.1")
    assert alone.key.pk == "ORG#_#BUCKET#auth#address:192.0.2.1"


def test_it_takes_from_the_settings_what_differs() -> None:
    with cloud(SLUICE_RATES='{"read": {"caller": {"per_second": 2, "burst": 7}}}'):
        caller, organisation = buckets_of(ANN, "read", "")
    assert (caller.per_second, caller.burst, organisation.burst) == (2, 7, 10_000)
