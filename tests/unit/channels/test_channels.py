"""The console channel, and what takes the place of a channel that is not there."""

import pytest

from chalicelib.channels.channel import Channel, InboundRequest
from chalicelib.channels.console import MAX_TEXT, ConsoleChannel, shown, text_for
from chalicelib.channels.failures import SendFailure, each_sent
from chalicelib.channels.fallback import Routed, route
from chalicelib.channels.inbound import Address
from chalicelib.channels.outbound import Cut, Location, Message, Rendered, Sent
from chalicelib.spec.model import JsonObject


def test_it_sends_by_recording() -> None:
    kept: list[Rendered] = []
    channel: Channel = ConsoleChannel(kept.append)
    sent = channel.send(channel.render(text_for("role:buyer", "Hi", "run_1/tell//0", expects_reply=True)))
    assert sent == (Sent("run_1/tell//0"),)
    assert kept == [Rendered((Address("watcher", "role:buyer"),), "run_1/tell//0", ({"text": "Hi", "expects_reply": True},))]
    assert shown(kept[0]) == ("Hi", "role:buyer")
    assert channel.name == "console"


def test_it_renders_plain_text_that_a_screen_can_bear() -> None:
    channel = ConsoleChannel(lambda _: None)
    assert shown(channel.render(text_for(None, "a\x1b[31mb\r\n\tü😀", "k"))) == ("a[31mb\n\tü😀", None)
    long = channel.render(text_for(None, "x" * (MAX_TEXT + 7), "k"))
    assert (shown(long)[0], long.cuts) == ("x" * MAX_TEXT + " …", (Cut("shortened", "text", 7),))


@pytest.mark.parametrize("taken", range(4))
def test_a_failure_tells_what_was_sent_before_it(taken: int) -> None:
    def post(body: JsonObject) -> Sent:
        if body["number"] == taken:
            raise SendFailure("retry", "not now")
        return Sent(str(body["number"]))

    bodies: list[JsonObject] = [{"number": number} for number in range(3)]
    if taken == len(bodies):
        assert each_sent(bodies, post) == (Sent("0"), Sent("1"), Sent("2"))
        return
    with pytest.raises(SendFailure) as failed:
        each_sent(bodies, post)
    assert failed.value.sent == tuple(Sent(str(number)) for number in range(taken))


def test_it_shows_texts_alone() -> None:
    with pytest.raises(TypeError, match="Location"):
        ConsoleChannel(lambda _: None).render(Message((), Location(1.0, 2.0), "k"))


def test_it_takes_nothing_in() -> None:
    channel = ConsoleChannel(lambda _: None)
    request = InboundRequest({}, b"{}")
    assert not channel.verify(request)
    assert channel.parse(request) == ()


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ([], Routed(("console",))),
        (["console"], Routed(("console",))),
        (["email"], Routed(("email",))),
        (["email", "email"], Routed(("email",))),
        (["whatsapp"], Routed(("console",), ("the channel whatsapp is not set up; the console takes its place",))),
        (["email", "whatsapp"], Routed(("email", "console"), ("the channel whatsapp is not set up; the console takes its place",))),
    ],
)
def test_it_routes_around_channels_that_are_not_there(named: list[str], expected: Routed) -> None:
    assert route(named, configured={"email", "console"}) == expected


def test_it_knows_the_console_alone() -> None:
    assert route(["email"]).channels == ("console",)
