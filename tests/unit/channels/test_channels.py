"""The console channel, and what takes the place of a channel that is not there."""

import pytest

from chalicelib.channels.channel import Channel, InboundRequest, Outbound, Rendered
from chalicelib.channels.console import MAX_TEXT, ConsoleChannel
from chalicelib.channels.fallback import Routed, route


def test_it_sends_by_recording() -> None:
    kept: list[Rendered] = []
    channel: Channel = ConsoleChannel(kept.append)
    receipt = channel.send(channel.render(Outbound(text="Hi", to="role:buyer", key="run_1/tell//0", expects_reply=True)))
    assert receipt.vendor_id == "run_1/tell//0"
    assert kept == [Rendered(key="run_1/tell//0", to="role:buyer", body={"text": "Hi", "expects_reply": True})]
    assert channel.name == "console"


def test_it_renders_plain_text_that_a_screen_can_bear() -> None:
    channel = ConsoleChannel(lambda _: None)
    assert channel.render(Outbound("a\x1b[31mb\r\n\tü😀", None, "k")).body["text"] == "a[31mb\n\tü😀"
    assert channel.render(Outbound("x" * (MAX_TEXT + 1), None, "k")).body["text"] == "x" * MAX_TEXT + " …"


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
