"""The router: who is asked, in which order, and what happens when one fails."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.providers.breaker import Standing
from chalicelib.providers.candidates import Route, Strategy
from chalicelib.providers.counts import Counts, good_call, together
from chalicelib.providers.failures import (
    FAILURES,
    MEANING,
    ContentFiltered,
    ContextTooLong,
    FailureKind,
    Fallback,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelCancelled,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.model import Attachment, ModelMessage, ModelRequest, Role, ToolResult, ToolUse, Usage, user
from chalicelib.providers.prices import Tokens
from chalicelib.providers.trail import Outcome, plain
from tests.factories.candidates import REQUEST, Does, SharedRecord, World, fails, route

OK = Does()
BY_KIND = {kind: {failure.kind: failure for failure in FAILURES}[kind] for kind in FailureKind}


def world(**scripts: list[Does]) -> World:
    return World(scripts)


def test_it_asks_the_first_and_says_why() -> None:
    here = world(a=[OK], b=[OK])
    routed = here.call(here.router(), route("a", "b"))
    assert (routed.response.text, here.calls) == ("Hello.", ["a"])
    assert plain(routed.trail) == [
        {"candidate": "fake:a", "outcome": "answered", "why": "priority 1", "milliseconds": 1000, "cost_micro_dollars": 7},
    ]


def test_it_meets_a_healthy_path_without_a_call_to_the_outside() -> None:
    here = world(a=[OK])
    router = here.router()
    for _ in range(9):
        here.call(router, route("a"))
    assert (len(here.shared.reads), here.shared.changes, here.shared.adds) == (1, [], [])
    here.call(router, route("a"))
    here.call(router, route("a"))
    assert len(here.shared.reads) == 2


def test_it_tells_the_counts_once_per_invocation() -> None:
    here = world(a=[OK, fails(ModelRequestInvalid)], b=[OK])
    router = here.router()
    here.call(router, route("a"))
    with pytest.raises(ModelRequestInvalid):
        here.call(router, route("a"))
    router.flush()
    router.flush()
    (told,) = here.shared.adds
    assert {name: (each.calls, each.good, each.faults, each.kinds) for name, each in told.items()} == {"fake:a": (2, 1, 0, {"invalid_request": 1})}


@pytest.mark.parametrize("kind", FailureKind)
def test_it_falls_back_as_the_table_of_meanings_says(kind: FailureKind) -> None:
    here = world(a=[fails(BY_KIND[kind])], b=[OK])
    to_next = route("a", "b", windows={"a": 1000, "b": 2000})
    if MEANING[kind].fallback is Fallback.NEVER:
        with pytest.raises(BY_KIND[kind]) as failed:
            here.call(here.router(), to_next)
        assert [step.outcome for step in failed.value.trail] == [Outcome.FAILED]
        return
    routed = here.call(here.router(), to_next)
    assert routed.response.text == "Hello."
    assert here.calls == (["a", "a", "b"] if MEANING[kind].retry else ["a", "b"])
    assert [(step.outcome, step.kind) for step in routed.trail][-2:] == [(Outcome.FAILED, kind), (Outcome.ANSWERED, None)]


def test_it_retries_a_hiccup_once_in_a_call_and_briefly() -> None:
    here = world(a=[fails(ModelUnavailable), OK], b=[OK])
    routed = here.call(here.router(), route("a", "b"))
    assert here.calls == ["a", "a"]
    assert [step.outcome for step in routed.trail] == [Outcome.FAILED, Outcome.ANSWERED]
    assert 0 <= here.pauses[0] <= 0.25
    here = world(a=[fails(ModelUnavailable)], b=[fails(ModelOverloaded)], c=[OK])
    here.call(here.router(), route("a", "b", "c"))
    assert (here.calls, len(here.pauses)) == (["a", "a", "b", "c"], 1)


def test_it_leaves_waiting_to_the_state_machine() -> None:
    here = world(a=[fails(ModelRateLimited, retry_after=2)])
    with pytest.raises(ModelRateLimited):
        here.call(here.router(), route("a"))
    assert (here.calls, here.pauses) == (["a"], [])


def test_it_does_not_retry_when_no_time_is_left() -> None:
    here = world(a=[fails(ModelUnavailable, seconds=0.9)])
    with pytest.raises(ModelUnavailable):
        here.call(here.router(), route("a"), seconds=1)
    assert here.calls == ["a"]
    here = world(a=[fails(ModelTimedOut, seconds=100)], b=[OK])
    with pytest.raises(ModelTimedOut):
        here.call(here.router(), route("a"), seconds=5)
    with pytest.raises(ModelTimedOut, match="no time is left") as failed:
        here.call(here.router(), route("b"), seconds=0)
    assert (here.calls, failed.value.trail) == (["a"], ())


def test_it_leaves_time_to_ask_another_one() -> None:
    here = world(a=[fails(ModelTimedOut, seconds=900)], b=[OK])
    here.call(here.router(), route("a", "b"), seconds=100)
    assert here.given == [60, pytest.approx(40)]


def test_it_goes_to_larger_windows_only_when_a_request_has_outgrown_one() -> None:
    here = world(a=[fails(ContextTooLong)], b=[OK], c=[OK], d=[OK])
    routed = here.call(here.router(), route("a", "b", "c", "d", windows={"a": 1000, "b": 900, "d": 2000}))
    assert here.calls == ["a", "d"]
    assert [step.outcome for step in routed.trail] == [Outcome.FAILED, Outcome.SKIPPED, Outcome.SKIPPED, Outcome.ANSWERED]
    here = world(a=[fails(ContextTooLong)], b=[OK])
    with pytest.raises(ContextTooLong) as failed:
        here.call(here.router(), route("a", "b"))
    assert (here.calls, [step.outcome for step in failed.value.trail]) == (["a"], [Outcome.FAILED, Outcome.SKIPPED])


def test_it_says_what_all_calls_took() -> None:
    cut = Usage("fake", "a", 100, 50, cost=30)
    here = world(a=[fails(ModelTruncated, usage=cut)], b=[OK])
    routed = here.call(here.router(), route("a", "b"))
    assert (routed.usage.cost, routed.usage.input_tokens, routed.response.usage.cost) == (37, 110, 7)
    here = world(a=[fails(ModelTruncated, usage=cut)], b=[fails(ModelTruncated, usage=cut)])
    with pytest.raises(ModelTruncated) as failed:
        here.call(here.router(), route("a", "b"))
    assert failed.value.usage is not None
    assert failed.value.usage.cost == 60


def test_it_falls_back_freely_before_the_first_piece() -> None:
    here, said = world(a=[fails(ModelTruncated)], b=[Does(("Hel", "lo."), seconds=3)]), list[str]()
    routed = here.call(here.router(), route("a", "b"), on_text=said.append)
    assert said == ["Hel", "lo."]
    assert routed.trail[-1].first_token_seconds == 1.5
    assert plain(routed.trail)[-1]["first_token_milliseconds"] == 1500


@pytest.mark.parametrize("kind", [ModelUnavailable, ModelOverloaded, ModelTimedOut, ModelTruncated])
def test_it_never_puts_a_second_answer_behind_the_beginning_of_a_first(kind: type[ModelFailure]) -> None:
    here, said = world(a=[fails(kind, "Hel", usage=Usage("fake", "a", cost=5))], b=[OK]), list[str]()
    with pytest.raises(ModelTruncated, match="broke off") as failed:
        here.call(here.router(), route("a", "b"), on_text=said.append)
    assert (said, here.calls) == (["Hel"], ["a"])
    assert failed.value.usage is not None
    assert [step.kind for step in failed.value.trail] == [kind.kind]
    assert not failed.value.retryable


def test_it_keeps_the_name_of_what_is_final_anyway() -> None:
    here, said = world(a=[fails(ContentFiltered, "Hel")]), list[str]()
    with pytest.raises(ContentFiltered):
        here.call(here.router(), route("a"), on_text=said.append)


def test_it_falls_back_freely_when_buffered_and_hands_out_one_whole_answer() -> None:
    here, said = world(a=[fails(ModelUnavailable, "Hel")], b=[Does(("Good ", "day."))]), list[str]()
    routed = here.call(here.router(), route("a", "b"), on_text=said.append, buffered=True)
    assert (said, here.calls) == (["Good day."], ["a", "a", "b"])
    assert routed.trail[-1].first_token_seconds is not None


def test_it_stops_calling_a_dead_candidate_after_three_faults() -> None:
    here = world(a=[fails(ModelUnavailable)], b=[OK])
    router = here.router()
    for _ in range(10):
        assert here.call(router, route("a", "b")).response.text == "Hello."
    assert here.calls.count("a") == 3
    ((name, standing),) = here.shared.changes
    assert (name, standing.kind, standing.openings) == ("fake:a", FailureKind.UNAVAILABLE, 1)
    skipped = plain(here.call(router, route("a", "b")).trail)[0]
    assert skipped == {"candidate": "fake:a", "outcome": "skipped", "why": "breaker open after unavailable"}


def test_it_probes_once_per_open_period_and_waits_longer_each_time() -> None:
    here = world(a=[fails(ModelUnavailable)], b=[replace(OK, seconds=0.5)])
    router = here.router()
    periods = []
    for _ in range(400):
        here.call(router, route("a", "b"))
    calls = here.calls.count("a")
    periods = [standing for _, standing in here.shared.changes if standing.openings and not standing.probe_owner]
    probes = [standing for _, standing in here.shared.changes if standing.probe_owner]
    assert calls == 3 + len(probes)
    assert len(periods) == len(probes) + 1
    lengths = [round(each.open_until - each.opened_at) for each in periods if each.open_until and each.opened_at]
    assert lengths == [10, 20, 40, 80, 160][: len(lengths)]
    assert len(lengths) > 3


def test_a_probe_that_is_answered_closes_the_breaker_for_all() -> None:
    here = world(a=[fails(ModelUnavailable)] * 3 + [OK], b=[OK])
    one, other = here.router("one"), here.router("other")
    other.health.look(["fake:a", "fake:b"])
    for _ in range(2):
        here.call(one, route("a", "b"))
    here.at += 10
    assert here.call(one, route("a", "b")).trail[0].why == "priority 1; the probe of a half-open breaker"
    assert here.shared.standings["fake:a"].open_until is None
    here.at += 10
    assert here.call(other, route("a", "b")).trail[0].why == "priority 1"


def test_only_one_container_probes() -> None:
    here = world(a=[fails(ModelUnavailable)], b=[OK])
    containers = [here.router(f"c{number}") for number in range(5)]
    for _ in range(3):
        for each in containers:
            here.call(each, route("a", "b"))
    opened = here.calls.count("a")
    here.at = 1 + max(standing.open_until or 0 for standing in here.shared.standings.values())
    moment = here.at
    for each in containers:
        here.at = moment
        here.call(each, route("a", "b"))
    assert here.calls.count("a") == opened + 1


def test_a_container_that_meets_a_fault_hears_at_once_what_others_know() -> None:
    here = world(a=[fails(ModelUnavailable)], b=[OK])
    one, other = here.router("one"), here.router("other")
    other.health.look(["fake:a", "fake:b"])
    for _ in range(2):
        here.call(one, route("a", "b"))
    touched = here.calls.count("a")
    for _ in range(3):
        here.call(other, route("a", "b"))
    assert here.calls.count("a") == touched + 1


def test_a_lease_lasts_as_long_as_its_probe_may() -> None:
    here = world(a=[fails(ModelRateLimited), fails(ModelTimedOut, seconds=9999)])
    router = here.router()
    with pytest.raises(ModelRateLimited):
        here.call(router, route("a"))
    here.at += 60
    began = here.at
    with pytest.raises(ModelTimedOut):
        here.call(router, route("a"), seconds=500)
    (lease,) = [standing.probe_until for _, standing in here.shared.changes if standing.probe_owner]
    assert (lease, here.given[-1]) == (began + 500, 500)


def test_a_probe_gets_no_more_time_than_answers_take() -> None:
    here = world(a=[fails(ModelTimedOut, seconds=9999)], b=[OK])
    router = here.router()
    for _ in range(3):
        here.call(router, route("a", "b"), seconds=1000)
    here.at += 30
    here.call(router, route("a", "b"), seconds=1000)
    assert here.given[-2] == 30


@pytest.mark.parametrize("kind", [ModelRateLimited, ModelAuthFailed, ModelBillingStopped])
def test_some_failures_open_at_once(kind: type[ModelFailure]) -> None:
    here = world(a=[fails(kind)], b=[OK])
    router = here.router()
    for _ in range(3):
        here.call(router, route("a", "b"))
    assert here.calls == ["a", "b", "b", "b"]


def test_one_fault_in_three_opens_once_there_are_enough_calls() -> None:
    here = world(a=[OK, OK, fails(ModelTimedOut)] * 9, b=[OK])
    router = here.router()
    for _ in range(24):
        here.call(router, route("a", "b"), seconds=1e6)
    assert here.calls.count("a") == 21
    assert here.shared.standings["fake:a"].kind is FailureKind.TIMEOUT


def test_a_fault_now_and_then_does_not_open() -> None:
    here = world(a=([OK] * 9 + [fails(ModelTimedOut)]) * 20, b=[OK])
    router = here.router()
    for _ in range(200):
        here.call(router, route("a", "b"), seconds=1e6)
    assert here.shared.changes == []


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, *FAILURES]), st.sampled_from([0, 1, 12, 700])), max_size=40)


@settings(max_examples=40)
@given(EVENTS)
def test_a_candidate_that_is_well_again_is_found_whatever_came_before(events: list[tuple[int, type[ModelFailure] | None, int]]) -> None:
    here = world(a=[OK], b=[OK])
    containers = [here.router(f"c{number}") for number in range(3)]
    for number, kind, seconds in events:
        here.scripts["a"] = [OK if kind is None else fails(kind, retry_after=seconds)]
        here.at += seconds
        with suppress(ModelFailure):
            here.call(containers[number], route("a", "b", windows={"a": 1, "b": 2}))
    here.scripts["a"] = [OK]
    here.at += 3700
    here.call(containers[0], route("a", "b"))
    assert here.calls[-1] == "a"
    assert here.shared.standings.get("fake:a", Standing()).open_until is None


@settings(max_examples=40)
@given(EVENTS)
def test_a_breaker_lets_one_call_through_per_open_period(events: list[tuple[int, type[ModelFailure] | None, int]]) -> None:
    here = world(a=[fails(ModelUnavailable)], b=[OK])
    router = here.router()
    for _, _, seconds in events:
        here.at += seconds
        here.call(router, route("a", "b"))
    probes = sum(bool(standing.probe_owner) for _, standing in here.shared.changes)
    periods = sum(not standing.probe_owner for _, standing in here.shared.changes)
    assert here.calls.count("a") <= 3 + probes
    assert probes <= periods


def test_whichever_call_of_the_shared_record_fails_the_model_calls_do_not() -> None:
    for fails_at in range(1, 20):
        here = world(a=[fails(ModelUnavailable)] * 4 + [OK], b=[OK])
        here.shared.fails_at = fails_at
        router = here.router()
        for seconds in (0, 0, 0, 15, 15, 30, 30, 60):
            here.at += seconds
            assert here.call(router, route("a", "b")).response.text == "Hello."
            router.flush()
        assert here.calls[-1] == "a"


def test_a_breaker_that_others_keep_changing_is_left_to_them() -> None:
    class Contended(SharedRecord):
        def change(self, candidate: str, before: Standing, after: Standing) -> bool:
            self.standings[candidate] = Standing(before.revision + 5)
            return False

    here = World({"a": [fails(ModelRateLimited)], "b": [OK]}, shared=Contended())
    assert here.call(here.router(), route("a", "b")).response.text == "Hello."
    assert here.shared.standings["fake:a"].revision == 15


def test_a_vendor_that_asks_for_patience_gets_it() -> None:
    here = world(a=[fails(ModelRateLimited, retry_after=90), OK], b=[OK])
    router = here.router()
    here.call(router, route("a", "b"))
    here.at += 85
    here.call(router, route("a", "b"))
    here.at += 90
    here.call(router, route("a", "b"))
    assert here.calls == ["a", "b", "b", "a"]


@pytest.mark.parametrize("kind", [ContextTooLong, ModelRequestInvalid, ContentFiltered, ModelCancelled, ModelTruncated])
def test_what_the_candidate_is_not_to_blame_for_never_opens_its_breaker(kind: type[ModelFailure]) -> None:
    here = world(a=[fails(kind)])
    router = here.router()
    for _ in range(30):
        with pytest.raises(kind):
            here.call(router, route("a"))
    assert here.shared.changes == []


def test_a_call_that_had_too_little_time_says_nothing_of_the_candidate() -> None:
    here = world(a=[fails(ModelTimedOut, seconds=1)])
    here.shared.counts["fake:a"] = together([good_call(20, None)] * 5)
    router = here.router()
    for _ in range(5):
        with pytest.raises(ModelTimedOut):
            here.call(router, route("a"), seconds=1)
    assert here.shared.changes == []


def test_when_all_are_open_the_soonest_to_open_up_is_asked_once() -> None:
    here = world(a=[fails(ModelRateLimited, retry_after=300)], b=[fails(ModelRateLimited, retry_after=60), OK])
    router = here.router()
    with pytest.raises(ModelRateLimited):
        here.call(router, route("a", "b"))
    routed = here.call(router, route("a", "b"))
    assert here.calls == ["a", "b", "b"]
    assert "opens up soonest" in routed.trail[-1].why
    assert here.shared.standings["fake:b"].open_until is None


def test_a_last_resort_that_fails_does_not_lengthen_the_wait_unless_asked() -> None:
    here = world(a=[fails(ModelUnavailable)] * 5 + [fails(ModelRateLimited, retry_after=500)])
    router = here.router()
    for _ in range(4):
        with pytest.raises(ModelFailure):
            here.call(router, route("a"))
    assert len(here.shared.changes) == 1
    with pytest.raises(ModelRateLimited):
        here.call(router, route("a"))
    assert [standing.openings for _, standing in here.shared.changes] == [1, 1]
    assert (here.shared.standings["fake:a"].open_until or 0) == here.at + 500


def test_a_route_without_candidates_or_keys_says_so() -> None:
    here = world(a=[OK])
    with pytest.raises(ModelUnavailable, match="no candidate"):
        here.call(here.router(), Route("empty", ()))
    routed = here.call(here.router(), replace(route("a"), keyless=("openai:x",)))
    assert (routed.trail[0].candidate, routed.trail[0].why) == ("openai:x", "it has no key here")


def test_cheapest_goes_by_the_price_of_the_expected_tokens() -> None:
    here = world(a=[OK], b=[OK], c=[OK])
    router = here.router()
    router.price = lambda provider, model, tokens: {"a": 900, "b": None, "c": 20}[model]
    routed = here.call(router, route("a", "b", "c", strategy=Strategy.CHEAPEST))
    assert (here.calls, routed.trail[0].why) == (["c"], "about 20 micro-dollars")
    assert [choice.candidate.model for choice in router.order(route("b", "a", strategy=Strategy.CHEAPEST), REQUEST)] == ["a", "b"]


def test_cheapest_expects_what_the_request_holds() -> None:
    here, asked = world(a=[OK]), list[Tokens]()
    router = here.router()
    router.price = lambda provider, model, tokens: asked.append(tokens)
    turns = (
        user("x" * 400, Attachment("image/png", "AAAA")),
        ModelMessage(Role.ASSISTANT, (ToolUse("1", "look", {"at": "y" * 80}),)),
        ModelMessage(Role.USER, (ToolResult("1", "look", "z" * 40),)),
    )
    cheapest = route("a", strategy=Strategy.CHEAPEST)
    router.order(cheapest, ModelRequest(messages=turns, system="s" * 40, max_output_tokens=200))
    router.order(cheapest, REQUEST)
    assert asked == [Tokens(fresh=1500 + 100 + 22 + 10 + 10, output=200), Tokens(fresh=1, output=1000)]


def test_fastest_goes_by_the_shared_record() -> None:
    here = world(a=[OK], b=[OK])
    here.shared.counts = {"fake:a": together([good_call(4, 0.1)] * 9), "fake:b": together([good_call(2, 0.9)] * 9)}
    router = here.router()
    fastest = route("a", "b", strategy=Strategy.FASTEST)
    assert here.call(router, fastest).trail[0].why.startswith("half within 1.")
    here.call(router, fastest, on_text=lambda _: None)
    assert here.calls == ["b", "a"]


def test_fastest_gets_to_know_whom_it_does_not_know() -> None:
    here = world(a=[OK], b=[OK])
    here.shared.counts = {"fake:a": together([good_call(0.1, None)] * 9)}
    routed = here.call(here.router(), route("a", "b", strategy=Strategy.FASTEST))
    assert (here.calls, routed.trail[0].why) == (["b"], "speed not known yet")


def test_it_goes_by_itself_when_the_shared_record_is_away(caplog: pytest.LogCaptureFixture) -> None:
    here = world(a=[fails(ModelUnavailable)], b=[OK])
    here.shared.down = True
    router = here.router()
    for _ in range(6):
        here.call(router, route("a", "b"))
    assert here.calls.count("a") == 3
    here.at += 60
    assert "probe" in here.call(router, route("a", "b")).trail[0].why
    router.flush()
    assert {"read", "written", "told"} <= {record.getMessage().rpartition(" ")[2] for record in caplog.records}


def test_a_later_end_stands_when_two_containers_open_at_once() -> None:
    here = world(a=[fails(ModelRateLimited, retry_after=30), fails(ModelRateLimited, retry_after=300)], b=[OK])
    one, other = here.router("one"), here.router("other")
    for router in (one, other):
        router.health.look(["fake:a", "fake:b"])
    here.call(one, route("a", "b"))
    first = here.shared.standings["fake:a"].open_until or 0
    here.call(other, route("a", "b"))
    assert (here.shared.standings["fake:a"].open_until or 0) > first + 200


def test_a_write_whose_answer_was_lost_counts_as_written() -> None:
    here = world(a=[fails(ModelRateLimited), OK], b=[OK])
    here.shared.loses_answers = True
    router = here.router()
    here.call(router, route("a", "b"))
    here.at += 60
    assert here.call(router, route("a", "b")).trail[0].candidate == "fake:a"


def test_a_late_answer_does_not_close_a_breaker() -> None:
    here = world(a=[OK])
    router = here.router()
    router.health.look(["fake:a"])
    passage = router.health.admit("fake:a", seconds=lambda: 1)
    assert passage is not None
    router.health.failed("fake:a", passage, ModelRateLimited("x"))
    router.health.succeeded("fake:a", passage, seconds=1)
    assert not router.health.is_closed("fake:a")


def test_it_may_be_called_by_many_threads_at_once() -> None:
    here = World({"a": [fails(ModelUnavailable)], "b": [OK]}, shared=SharedRecord())
    router = here.router()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: here.call(router, route("a", "b"), seconds=1e9).response.text, range(200)))
    router.flush()
    assert answers == ["Hello."] * 200
    assert here.shared.counts["fake:b"].good == 200
    assert here.shared.counts["fake:a"].calls == here.calls.count("a")


def test_what_a_record_says_of_a_day() -> None:
    assert Counts().budget_left(0.99) is None
    assert (Counts().success_ratio, Counts().availability, Counts().latency(0.5)) == (None, None, None)
    counts = Counts({"calls": 1000, "good": 990, "faults": 5})
    assert (counts.success_ratio, counts.availability) == (0.99, 0.995)
    assert counts.budget_left(0.99) == pytest.approx(0.5)
    assert Counts({"calls": 100, "faults": 3}).budget_left(0.99) == pytest.approx(-2)


def test_percentiles_are_right_to_an_eighth() -> None:
    counts = together(good_call(number / 100, None) for number in range(1, 1001))
    for share in (0.05, 0.5, 0.95):
        assert counts.latency(share) == pytest.approx(share * 10, rel=0.13)
    assert (good_call(0.001, None).latency(0.5) or 1) < 0.01
    assert (good_call(1e9, None).latency(0.5) or 0) > 9_000
