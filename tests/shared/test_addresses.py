"""Addresses from outside: which are allowed and which are refused, and the checked address is the one connected to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sra_shared.kit.http import ExchangeError, RefusedAddressError, load_certificates
from sra_shared.kit.http.addresses import AddressRules, check_url, find_host, is_public
from sra_shared.kit.http.public_download import PublicDownloads
from sra_testing.tls_web import ANY, Web, run_tls_web

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - checked, not bound
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "192.0.0.8",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "::7f00:1",
    "2001:0:7f00:1::",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize(
    ("address", "expected"), [*((one, False) for one in PRIVATE), *((one, True) for one in PUBLIC)]
)
def test_what_is_public(address: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is expected


@given(st.ip_addresses(v=4))
def test_an_address_in_another_form_is_the_same(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for inner in (f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::"):
        assert is_public(ipaddress.ip_address(inner)) is is_public(address)


def write_literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("host", [write_literal(one) for one in PRIVATE])
def test_a_literal_address_of_our_own_network_is_refused(host: str) -> None:
    with pytest.raises(RefusedAddressError, match="no public address"):
        check_url(f"https://{host}/latest/meta-data/", ANY)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://exports.example/x.csv", "not https"),
        ("ftp://exports.example/x.csv", "not https"),
        ("https://user@exports.example/", "user info"),
        ("https://user:pass@exports.example/", "user info"),
        ("https://localhost/", "this machine"),
        ("https://a.localhost./", "this machine"),
        ("https://127.1/", "no public address"),
        ("https://2130706433/", "no public address"),
        ("https://0x7f000001/", "no public address"),
        ("https://0177.0.0.1/", "(not an|no public) address"),
        ("https://169.254.169.254./", "no public address"),
        ("https://[::ffff:169.254.169.254]:443/", "no public address"),
        ("https://[fe80::1%25eth0]/", "(not an|no public) address"),
        ("https://exports.example:99999/", "not an address"),
        ("https://exports.example:0/", "not an address"),
        ("https://[::1", "not an address"),
        ("https:///x", "not an address"),
        ("https://a\x00b/", "not an address"),
        ("https://\ud800.example/", "not an address"),
        ("https://exa mple/", "not an address"),
        ("", "not an address"),
        ("https://" + "a" * 10_000, "not an address"),
        ("javascript:alert(1)", "not an address|not https"),
    ],
)
def test_an_odd_address_is_refused_with_a_short_reason(url: str, words: str) -> None:
    with pytest.raises(RefusedAddressError, match=words) as raised:
        check_url(url, ANY)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{1,30}(/.*)?", fullmatch=True))
def test_any_address_is_refused_or_public(text: str) -> None:
    with suppress(RefusedAddressError):
        url = check_url(text, ANY)
        assert (url.scheme, url.userinfo) == ("https", b"")
        assert find_host(url)


def test_hosts_that_are_listed_are_the_only_ones() -> None:
    rules = AddressRules(("exports.example", ".fundata.example", "*.other.example."), setting="FUNDATA_EXPORT_HOSTS")
    for host in ("exports.example", "EXPORTS.example.", "a.fundata.example", "b.a.fundata.example.", "x.other.example"):
        assert check_url(f"https://{host}/", rules).scheme == "https"
    for host in ("evil.example", "xexports.example", "fundata.example", "exports.example.evil.example", "8.8.8.8"):
        with pytest.raises(RefusedAddressError, match="FUNDATA_EXPORT_HOSTS"):
            check_url(f"https://{host}/", rules)


def test_only_the_stand_in_is_exempt() -> None:
    rules = AddressRules(own_url="http://127.0.0.1:8090/fundata-api")
    assert check_url("http://127.0.0.1:8090/x.csv", rules).port == 8090
    for url in (
        "http://127.0.0.1:8091/",
        "https://127.0.0.1:8090/",
        "http://localhost:8090/",
        "http://u@127.0.0.1:8090/",
    ):
        with pytest.raises(RefusedAddressError):
            check_url(url, rules)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with run_tls_web(tmp_path) as running:
        yield running


async def fetch(downloads: PublicDownloads, url: str) -> tuple[bytes, str]:
    async with downloads.open(url) as (response, final):
        return await response.aread(), str(final)


async def test_the_checked_address_is_used_and_the_certificate_must_match_the_name(web: Web) -> None:
    body, final = await fetch(web.open(), f"{web.base}/x.csv?signature=1")
    assert (body, final) == (b"data", f"{web.base}/x.csv?signature=1")
    assert web.requested == ["exports.example"]
    path, headers = web.handler.seen[0]
    assert (path, headers["host"]) == ("/x.csv?signature=1", web.base.removeprefix("https://"))
    assert not {"cookie", "authorization"} & set(headers)
    with pytest.raises(ExchangeError, match="ConnectError"):
        await fetch(web.open(), web.base.replace("exports", "others") + "/x.csv")
    assert len(web.handler.seen) == 1


async def test_a_name_with_an_internal_address_is_refused_before_anything_is_sent(web: Web) -> None:
    with pytest.raises(RefusedAddressError):
        await fetch(web.open(), web.base.replace("exports", "inside") + "/x.csv")
    with pytest.raises(RefusedAddressError, match=r"leads to 127\.0\.0\.1"):
        await fetch(web.open(is_checked=True), f"{web.base}/x.csv")
    assert web.handler.seen == []


@pytest.mark.parametrize(
    ("location", "error", "words"),
    [
        ("http://169.254.169.254/latest/meta-data/", RefusedAddressError, "not https"),
        ("https://169.254.169.254/latest/meta-data/", RefusedAddressError, "no public address"),
        ("https://inside.example/", RefusedAddressError, "refused"),
        ("//user@exports.example/", RefusedAddressError, "user info"),
        ("https://exports.example:99999/", ExchangeError, "not an address"),
        ("http://[::1", ExchangeError, "RemoteProtocolError"),
        ("/go", ExchangeError, "more than 3 times"),
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(
    web: Web, location: str, error: type[Exception], words: str
) -> None:
    web.handler.location = location
    with pytest.raises(error, match=words):
        await fetch(web.open(), f"{web.base}/go")
    assert {path for path, _ in web.handler.seen} == {"/go"}


async def test_a_good_redirect_is_followed_without_cookies(web: Web) -> None:
    web.handler.location = "/x.csv"
    assert (await fetch(web.open(), f"{web.base}/go"))[1] == f"{web.base}/x.csv"
    assert [path for path, _ in web.handler.seen] == ["/go", "/x.csv"]
    assert "cookie" not in web.handler.seen[1][1]


async def test_behind_a_proxy_only_literal_addresses_are_checked(web: Web) -> None:
    nobody = "http://127.0.0.1:9"
    downloads = PublicDownloads(ANY, load_certificates(), look_up=web.look_up, find_proxy=lambda _url: nobody)
    with pytest.raises(RefusedAddressError):
        await fetch(downloads, "https://0x7f.1/")
    with pytest.raises(ExchangeError, match="ConnectError"):
        await fetch(downloads, "https://inside.example/")
    assert web.requested == []


async def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ExchangeError, match="unknown"):
        await fetch(PublicDownloads(ANY, load_certificates(), find_proxy=lambda _url: None), "https://no.such.invalid/")


def test_a_trailing_dot_is_not_another_host() -> None:
    assert find_host(httpx.URL("https://EXPORTS.example./x")) == "exports.example"
