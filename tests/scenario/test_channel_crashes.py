"""Every fault at every call to AWS, from a vendor's webhook to the run: nothing is lost, nothing is done twice."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import pytest

from chalicelib.channels.inbound import Address
from chalicelib.runs.query import get_input, list_runs
from chalicelib.store import conversations
from tests.factories.channel_stories import a_channel, a_text, a_word, channel_cloud, deliver_once, post
from tests.factories.cloud import ANN, published
from tests.factories.faults import Crash, Faults, Plan, injected, troubles
from tests.factories.trigger_stories import greeting

pytestmark = [pytest.mark.scenario, pytest.mark.no_cover]

IDA: Final = Address("phone", "49151999")
CAME: Final = (a_text("1", "1"), a_text("a", "2", (IDA,)), a_text("2", "3"), a_text("ours", "4", echo=True), a_word("read", "4"))
ROUNDS: Final = 12


def lived(plan: Plan) -> tuple[Faults, list[str]]:
    """The vendor calls until it is answered; the queue delivers until it is empty. Then: what is wrong."""
    with channel_cloud():
        workflow_id = published(greeting()).workflow_id
        channel = a_channel(workflow_id=workflow_id)
        with injected(Faults(plan), lambda operation, request: None) as faults:
            answered = any(tried(lambda: post(channel, *CAME)) == len(CAME) for _ in range(ROUNDS))
            is_idle = any(tried(deliver_once) is False for _ in range(ROUNDS))
        return faults, [*([] if answered and is_idle else ["it never came to rest"]), *wrong()]


def tried(act: Callable[[], int]) -> int | None:
    """What it gives; None where somebody died or was refused, who comes back."""
    with suppress(Crash, Exception):
        return act()
    return None


def wrong() -> Iterable[str]:
    """What there is too much or too little of."""
    found = conversations.list_page("org_local", limit=100, cursor=None).conversations
    messages = [message for each in found for message in reversed(conversations.list_messages("org_local", each.id, limit=100).messages)]
    kept = sorted([message.text for message in messages if message.conversation_id == each.id] for each in found)
    if kept != [["1", "2", "ours"], ["a"]]:
        yield f"kept: {kept}"
    if [each.message_count for each in found if each.message_count not in {1, 3}]:
        yield "a conversation counts wrong"
    started = list_runs(ANN).runs
    texts = sorted(str(given["text"]) for run in started if isinstance(given := get_input(ANN, run.id), dict))
    if texts != ["1", "2", "a"]:
        yield f"runs of: {texts}"
    if {message.run_id for message in messages if message.workflow_id} != {run.id for run in started}:
        yield "a message does not know its run"
    if [message.status for message in messages if message.echo] != ["read"]:
        yield "a word was lost"


def test_it_loses_nothing_and_does_nothing_twice_whatever_fails_once() -> None:
    faults, found = lived({})
    assert found == []
    plans = list(troubles(faults.calls))
    assert len(plans) > 100
    outcomes = [lived(plan) for plan in plans]
    assert [after.plan for after, _ in outcomes if not after.met] == []
    assert {str(after.met): harm for after, harm in outcomes if harm} == {}
