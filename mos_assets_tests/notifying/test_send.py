"""Messages to a real server on loopback and to real commands."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mos_assets.errors import NotificationError, SettingsError
from mos_assets.notifying import Kind, Message, send
from mos_assets.settings import Settings

TOLD = Message(Kind.VERDICT, "own: Proposed before, Accepted now.", "3f2a")
HIDDEN = "abc123"


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers one after the other, and what it was sent."""
    got: list[bytes] = []
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(left.pop(0))
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing to the test's output."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook/{HIDDEN}", got
        finally:
            server.shutdown()


def test_json_arrives_and_a_server_in_trouble_is_asked_again() -> None:
    waited: list[float] = []
    with answering(503, 500, 204) as (address, got):
        send(address, TOLD, waited.append)
    assert len(set(got)) == 1
    assert len(got) == 3
    assert waited == [1.0, 4.0]
    assert json.loads(got[0]) == {"text": TOLD.text, "kind": "verdict", "where": "3f2a"}


@pytest.mark.parametrize(
    ("statuses", "said"),
    [((500,) * 3, "answered 500"), ((404,), "answered 404"), ((302,), "answered 302")],
)
def test_an_answer_that_is_no_success_is_one_message_without_the_secret(
    statuses: tuple[int, ...], said: str
) -> None:
    with (
        answering(*statuses) as (address, got),
        pytest.raises(NotificationError, match=said) as raised,
    ):
        send(address, TOLD, lambda _: None)
    assert len(got) == len(statuses)
    assert HIDDEN not in str(raised.value)
    assert TOLD.text in str(raised.value)


def test_nobody_listens() -> None:
    with answering() as (address, _):
        pass
    with pytest.raises(NotificationError, match="cannot be reached"):
        send(address, TOLD, lambda _: None)
    with pytest.raises(NotificationError, match="cannot be reached") as raised:
        send(f"https://{'a' * 70}.example/{HIDDEN}", TOLD, lambda _: None)
    assert HIDDEN not in str(raised.value)


def test_a_command_reads_it_without_a_shell(tmp_path: Path) -> None:
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    kept = tmp_path / "a b;c"
    send(f"{sys.executable} -c '{code}' '{kept}'", TOLD)
    assert json.loads(kept.read_bytes())["where"] == "3f2a"
    with pytest.raises(NotificationError, match="ended with 3"):
        send(f"{sys.executable} -c 'raise SystemExit(3)'", TOLD)


def test_a_host_that_cannot_be_is_one_message_without_the_secret() -> None:
    with pytest.raises(NotificationError, match="cannot be reached") as raised:
        send(f"http://{'a' * 80}.example/secret", TOLD, lambda _: None)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    ["http://", "http://h:x/", "http://h/\x01", "no-such-program", "'open", "ftp://a.example/b"],
)
def test_a_target_that_cannot_be_is_refused_with_the_settings(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_NOTIFY", wrong)
    with pytest.raises(SettingsError, match="MOS_NOTIFY"):
        Settings.from_env()
