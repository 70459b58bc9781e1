"""What commands share: exit codes, options, and text that the terminal must not obey."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

EXIT_FAILED = 1
PROGRAM = "mos"
Command = TypeVar("Command", bound=Callable[..., object])


def ui_address(command: Command) -> Command:
    """The options `--host` and `--port` of the UI."""
    port = click.option(
        "--port",
        type=click.IntRange(1, 65_535),
        default=3000,
        show_default=True,
        help="Port of the UI.",
    )
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Address of the UI.")
    return host(port(command))


def log_on_stderr(name: str) -> logging.Logger:
    """What a use case says while it works, for who reads the command's answer from its output."""
    log = logging.getLogger(f"mos_assets.{name}")
    log.addHandler(logging.StreamHandler(sys.stderr))
    log.setLevel(logging.INFO)
    return log


def printable(value: object) -> str:
    """Text without control characters: clip names come from strangers, terminals obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def as_called() -> str:
    """The program as its reader can type it again: `mos` where a shell finds it by that name."""
    program = Path(sys.argv[0])
    found = shutil.which(PROGRAM)
    if program.name != PROGRAM or (found and Path(found).samefile(program)):
        return PROGRAM
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)
