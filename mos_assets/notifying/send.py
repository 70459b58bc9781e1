"""Carries a message to the target of MOS_NOTIFY: an http(s) address, or a command."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from mos_assets.errors import NotificationError
from mos_assets.notifying.message import Message

TIMEOUT_S = 10.0
"""For an answer of a server, and for a command."""
PAUSES_S = (1.0, 4.0)
"""Between tries at a server that cannot be reached, or answers that it has trouble."""
_SERVER_TROUBLE = 500
_NO_SUCCESS = 300


def check_target(target: str) -> None:
    """Raise ValueError where this is neither an http(s) address nor a command found on PATH."""
    if _is_address(target):
        split = urlsplit(target)
        if not split.hostname:
            raise ValueError("is an address without a host")
        try:
            _ = split.port
        except ValueError:
            raise ValueError("is an address whose port is no number of 0 to 65535") from None
        return
    try:
        words = shlex.split(target)
    except ValueError as error:
        raise ValueError(f"cannot be split into words: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise ValueError(
            "is neither an address that begins with http:// or https:// nor a command on PATH"
        )


def send(target: str, message: Message, sleep: Callable[[float], None] = time.sleep) -> None:
    """Post the message to an address as JSON, or hand it to a command on its standard input.

    A server in trouble is asked three times; no redirect is followed, since the address may hold a
    secret. Raises NotificationError, which names the host or the program and nothing else of it.
    """
    if _is_address(target):
        _post(target, message, sleep)
    else:
        _run(target, message)


def _is_address(target: str) -> bool:
    return target.lower().startswith(("http://", "https://"))


def _post(address: str, message: Message, sleep: Callable[[float], None]) -> None:
    # Loaded by the first message: most services send none for days.
    import httpx

    host = urlsplit(address).netloc.rpartition("@")[2]
    said = ""
    for pause in (*PAUSES_S, None):
        try:
            answer = httpx.post(
                address,
                content=message.to_json(),
                headers={"content-type": "application/json"},
                timeout=TIMEOUT_S,
                follow_redirects=False,
            )
        # A host that no name can be is an InvalidURL or, by its IDNA form, a ValueError.
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            said = f"cannot be reached ({type(error).__name__})"
        else:
            if answer.status_code < _NO_SUCCESS:
                return
            said = f"answered {answer.status_code}"
            if answer.status_code < _SERVER_TROUBLE:
                break
        if pause is not None:
            sleep(pause)
    raise NotificationError(
        f"{host} {said}, so nobody was told: {message.text} Look at MOS_NOTIFY."
    )


def _run(command: str, message: Message) -> None:
    words = shlex.split(command)
    try:
        done = subprocess.run(
            words, input=message.to_json(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        said = (
            f"did not end within {TIMEOUT_S:g} s"
            if isinstance(error, subprocess.TimeoutExpired)
            else f"could not be started ({error.strerror})"
        )
    else:
        if done.returncode == 0:
            return
        said = f"ended with {done.returncode}"
    raise NotificationError(
        f"The command {words[0]} {said}, so nobody was told: {message.text} Look at MOS_NOTIFY."
    )
