"""Where the http tools may connect: a corpus of hostile URLs, none of which passes."""

import socket
from collections.abc import Sequence

import pytest

from chalicelib.tools.destination import MAX_URL_LENGTH, Destinations, system_resolver
from chalicelib.tools.failures import HostUnreachable, ToolFailure, UrlRefused

PUBLIC = "93.184.215.14"


def answers(*addresses: str) -> Destinations:
    return Destinations(resolver=lambda _host, _port: addresses)


HOSTILE_URLS = [
    # this machine
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.255.255.254/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[::1%25lo]/",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://127。0。0。1/",
    # metadata and link-local
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.43518/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.170.2/v2/credentials",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b:1::a9fe:a9fe]/",
    "https://[2002:a9fe:a9fe::]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:a9fe:a9fe::1]/",
    "https://192.88.99.1/",
    # private, shared, reserved, multicast
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[ff02::1]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[100::1]/",
    # other schemes, ports and odd texts
    "http://example.com/",
    "https://example.com:22/",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:port/",
    "https://example.com:-443/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:text/plain,hi",
    "javascript:alert(1)",
    "//example.com/",
    "example.com",
    "",
    "https://",
    "https:///etc/passwd",
    "https://?a=1",
    "https://user:pass@example.com/",
    "https://example.com@169.254.169.254/",
    "https://169.254.169.254@example.com/",
    "http://good.com\\@169.254.169.254/",
    "https://good.com\\.evil.com/",
    "https://example.com/\r\nX-Injected: 1",
    "https://example.com/a b",
    "https://exam\tple.com/",
    " https://example.com/",
    "https://example.com\x00.evil.com/",
    "https://example.com%00.evil.com/",
    "https://example%2ecom/",
    "https://exa mple.com/",
    "https://.example.com/",
    "https://example..com/",
    "https://-example.com/",
    f"https://{'a' * 64}.com/",
    f"https://{'ä' * 70}.com/",
    "https://[::1/",
    "https://[not-an-address]/",
    "https://[v1.fe80::a]/",
    f"https://example.com/{'a' * MAX_URL_LENGTH}",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_it_refuses_a_hostile_url(url: str) -> None:
    local = {"localhost": ("127.0.0.1",)}
    destinations = Destinations(resolver=lambda host, _port: local.get(host, (PUBLIC,)))
    with pytest.raises(UrlRefused):
        destinations.check(url)


def test_it_has_a_corpus_worth_its_name() -> None:
    assert len(set(HOSTILE_URLS)) >= 60


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("169.254.169.254",),
        (PUBLIC, "10.0.0.1"),
        (PUBLIC, "::1"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:169.254.169.254"),
        ("64:ff9b::7f00:1",),
        ("fe80::1%eth0",),
    ],
)
def test_it_refuses_a_public_name_with_an_inner_address(addresses: tuple[str, ...]) -> None:
    with pytest.raises(UrlRefused, match="not allowed"):
        answers(*addresses).check("https://example.com/")


def test_it_resolves_a_name_once_so_that_a_second_answer_changes_nothing() -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return (PUBLIC,) if len(asked) == 1 else ("169.254.169.254",)

    destinations = Destinations(resolver=rebinding)
    assert destinations.check("https://rebind.example/").addresses == (PUBLIC,)
    assert asked == ["rebind.example"]
    with pytest.raises(UrlRefused):
        destinations.check("https://rebind.example/")


def test_it_lets_public_https_pass() -> None:
    found = answers(PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c").check("https://Example.com./a%20b/ä?q=1&r=ü#part")
    assert (found.scheme, found.host, found.port) == ("https", "example.com", 443)
    assert found.target == "/a%20b/%C3%A4?q=1&r=%C3%BC"
    assert found.addresses == (PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert found.is_secure


def test_it_writes_a_foreign_name_in_ascii() -> None:
    assert answers(PUBLIC).check("https://müller.example/").host == "xn--mller-kva.example"


def test_it_lets_a_public_literal_pass() -> None:
    assert answers().check("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x").addresses == ("2606:2800:21f:cb07:6820:80da:af6b:8b2c",)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("localhost", "http://localhost:8080/"),
        ("localhost:8080", "http://localhost:8080/"),
        ("127.0.0.1", "http://127.0.0.1:9/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("::1", "http://[::1]/"),
        ("intranet.example", "https://intranet.example/"),
    ],
)
def test_it_lets_a_host_that_the_settings_name_be_inside(entry: str, url: str) -> None:
    inside = {"localhost": ("127.0.0.1", "::1"), "intranet.example": ("10.1.2.3",)}
    destinations = Destinations(allowed_hosts=frozenset({entry}), resolver=lambda host, _port: inside[host])
    assert destinations.check(url).addresses


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "224.0.0.1", "0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"])
def test_it_refuses_metadata_even_for_a_named_host(address: str) -> None:
    destinations = Destinations(allowed_hosts=frozenset({"intranet.example"}), resolver=lambda _host, _port: (address,))
    with pytest.raises(UrlRefused):
        destinations.check("http://intranet.example/")


@pytest.mark.parametrize(
    ("entries", "url"),
    [
        ({"api.example.com"}, "https://example.com/"),
        ({"api.example.com"}, "https://api.example.com.evil.test/"),
        ({"*.example.com"}, "https://example.com/"),
        ({"*.example.com"}, "https://evilexample.com/"),
        ({"*.example.com"}, "http://api.example.com/"),
        ({"*"}, "http://example.com/"),
        ({"localhost:8080"}, "http://localhost:9001/"),
    ],
)
def test_it_refuses_what_the_allowed_hosts_leave_out(entries: set[str], url: str) -> None:
    destinations = Destinations(allowed_hosts=frozenset(entries), resolver=lambda _host, _port: (PUBLIC,))
    with pytest.raises(UrlRefused):
        destinations.check(url)


@pytest.mark.parametrize(
    ("entries", "url"), [({"*"}, "https://example.com/"), ({"*.example.com"}, "https://api.example.com/"), (set(), "https://a.b/")]
)
def test_it_lets_wide_entries_pass_public_hosts(entries: set[str], url: str) -> None:
    assert Destinations(allowed_hosts=frozenset(entries), resolver=lambda _host, _port: (PUBLIC,)).check(url).addresses == (PUBLIC,)


def test_it_says_that_a_name_does_not_resolve() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(HostUnreachable):
        Destinations(resolver=unknown).check("https://nowhere.example/")
    with pytest.raises(HostUnreachable):
        answers().check("https://nowhere.example/")


def test_it_asks_the_system_for_addresses() -> None:
    assert "127.0.0.1" in system_resolver("localhost", 80)


def test_it_marks_what_may_succeed_later() -> None:
    assert HostUnreachable.retryable
    assert not UrlRefused.retryable
    assert issubclass(UrlRefused, ToolFailure)
