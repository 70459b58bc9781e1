"""Only ordinary addresses of the internet are asked, and none but the one that was checked."""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.downloads import addresses, transport
from mos_assets.downloads.addresses import is_public, parse_url, resolve
from mos_assets.downloads.plan import FetchError
from mos_assets_tests.downloads.serving import QUICK, Site, body, fetch, to

PUBLIC = ("8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:806::200e")
SPECIAL = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),  # noqa: S104
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.0.0.8"),
    *("::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "100::1"),
    *("::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("2002:7f00:1::", "2001:0:1234::1", "2001:db8::1", "3fff::1"),
)


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", SPECIAL)
def test_special_addresses(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_no_ipv4_gets_in_by_way_of_ipv6(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for outer in (0xFFFF << 32, 0, 0x64FF9B << 96):
        assert not is_public(ipaddress.IPv6Address(outer | number))
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://2130706433/"),
        *("http://0x7f.1/", "http://127.1/", "http://0/", "http://[::ffff:7f00:1]/"),
        *("https://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/"),
    ],
)
def test_a_manifest_cannot_make_the_machine_ask_itself(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="not a public address") as caught:
        fetch(url, tmp_path, replace(QUICK, private=False))
    assert (caught.value.permanent, caught.value.by_setting) == (False, True)
    assert list(tmp_path.iterdir()) == []


def test_the_server_of_these_tests_is_refused_unless_allowed(site: Site, tmp_path: Path) -> None:
    url = site.has("/a", body(b"clip"))
    with pytest.raises(FetchError, match="MOS_DOWNLOAD_PRIVATE"):
        fetch(url, tmp_path, replace(QUICK, private=False))
    assert site.asked == []
    assert fetch(url, tmp_path) == 4


def two_faced(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server that answers differently each time, which no real one does on demand.

    Returns the names that were looked up; numeric addresses go to the real function.
    """
    asked: list[str] = []
    real = addresses.socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: int, **more: int) -> object:
        if host.replace(".", "").isdigit():
            return real(host, port, *rest, **more)
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    return asked


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    two_faced(monkeypatch, ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(FetchError, match=r"is 127.0.0.1, which is not a public address"):
        resolve("rebinding.test", 80, private=False)


def test_a_name_is_looked_up_once_and_that_address_is_asked(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second answer would lead elsewhere: who looks up twice can be sent anywhere."""
    asked = two_faced(monkeypatch, ["127.0.0.1"], ["127.255.255.254"])
    site.has("/a", body(b"clip"))
    assert fetch(site.url("/a", "name.test"), tmp_path) == 4
    assert asked == ["name.test"]
    assert site.asked[0][1]["host"] == f"name.test:{site.port}"


def test_each_hop_is_checked_again(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host counts as public here, so that the redirect is what is refused."""
    monkeypatch.setattr(
        addresses, "is_public", lambda address: address == ipaddress.ip_address("127.0.0.1")
    )
    url = site.has("/a", to(site.url("/b", "127.0.0.2")))
    site.has("/b", body(b"clip"))
    with pytest.raises(FetchError, match=r"127.0.0.2 is 127.0.0.2") as caught:
        fetch(url, tmp_path, replace(QUICK, private=False))
    assert (caught.value.permanent, caught.value.by_setting) == (False, True)
    assert [path for path, _ in site.asked] == ["/a"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.mp4", "//host/a", "file:///etc/passwd", "ftp://h/a", "data:,x", "javascript:0"),
        *("http://", "http:///a", "http://u:p@host/a", "http://host:99999/", "http://[::1/"),
        *("http://host/\x00", "gopher://host/", "http://\u2028/", "https://"),
    ],
)
def test_what_is_no_address_of_a_clip(text: str) -> None:
    with pytest.raises(FetchError, match="refused") as caught:
        parse_url(text)
    assert caught.value.permanent


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://host/{text}"):
        try:
            assert parse_url(candidate).scheme in ("http", "https")
        except FetchError as error:
            assert error.permanent


def test_a_name_without_an_address_may_have_one_tomorrow(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be resolved") as caught:
        fetch("http://no-such-host.invalid/a", tmp_path)
    assert not caught.value.permanent


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
def test_tls_is_held_against_the_name_and_not_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to a number; certificate and SNI are those of the host all the same."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=clips.test"),
            *("-addext", "subjectAltName=DNS:clips.test"),
        ],
        check=True,
        capture_output=True,
    )
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    listener = addresses.socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    over = Event()

    def answer() -> None:
        while not over.is_set():
            try:
                raw, _ = listener.accept()
                with context.wrap_socket(raw, server_side=True) as peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nclip")
            except (ssl.SSLError, OSError):
                continue

    Thread(target=answer, daemon=True).start()
    two_faced(monkeypatch, ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport._tls.cache_clear()
    try:
        assert fetch(f"https://clips.test:{port}/a", tmp_path) == 4
        with pytest.raises(FetchError, match="certificate"):
            fetch(f"https://other.test:{port}/a", tmp_path, name="b.mp4")
    finally:
        over.set()
        transport._tls.cache_clear()
        listener.close()
    assert names == ["clips.test", "other.test"]
