"""Commands about the service: run it, and remove what is old."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mos_assets.cli.terminal import ui_address
from mos_assets.errors import SettingsError
from mos_assets.io.locks import try_lock
from mos_assets.settings import Settings
from mos_assets.settings.environment import variable

SCAN_TIMEOUT_S = 900
"""How long a scan of a sensor may take."""


@click.command()
@ui_address
def dev(host: str, port: int) -> None:
    """Run the Dagster UI and its daemon until INT or TERM, and leave no process behind.

    `dagster dev` ends cleanly on INT only, and never where one of its processes hangs. This ends
    it on TERM and HUP too, and in the end every process that came of it. Where DAGSTER_HOME is not
    set, a folder with a dagster.yaml in it is one. The webserver refuses requests of other origins,
    GraphQL by GET, and host names that are not of this machine, those of MOS_UI_HOST excepted.
    """
    from mos_assets.processes.tree import run_tree

    # The host names are one setting for all projects.
    service = Settings.all_from_env()[0].service
    if not os.environ.get("DAGSTER_HOME") and Path("dagster.yaml").is_file():
        os.environ["DAGSTER_HOME"] = str(Path.cwd())
    # A first scan of 300,000 clips on a slow disk takes longer than Dagster's minute.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", str(SCAN_TIMEOUT_S))
    # The guarded webserver reads them, as a process of its own.
    os.environ[variable("ui_host")] = ",".join((*service.ui_hosts, host))
    command = [
        sys.executable,
        "-m",
        "mos_assets.webserver.dev",
        "--host",
        host,
        "--port",
        str(port),
    ]
    with _locked_home() as home:
        _require_free(host, port)
        code = run_tree(command, inherited=home)
    if code == 0:
        # `dagster dev` ends with 0 also where one of its processes was killed.
        click.echo(
            "Error: the service ended by itself, since the UI or the daemon did; the lines above "
            "say which. Start it again: what runs had measured is kept.",
            err=True,
        )
    sys.exit(code or 1)


@contextmanager
def _locked_home() -> Iterator[tuple[int, ...]]:
    """A lock of the kernel on DAGSTER_HOME, as an open file descriptor; none where it is not set.

    `dagster dev` shares it, so that it lasts until that has ended too, and with it the daemon. Two
    daemons on one home would launch everything twice. Raises SettingsError where another process
    holds it.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home or not Path(home).is_dir():
        yield ()
        return
    folder = os.open(home, os.O_RDONLY)
    try:
        if not try_lock(folder):
            raise SettingsError(
                f"DAGSTER_HOME={home} is in use by another `mos dev`, which may still be ending. "
                "End that one, or set DAGSTER_HOME to another folder."
            )
        yield (folder,)
    finally:
        os.close(folder)


def _require_free(host: str, port: int) -> None:
    """Raise SettingsError where the UI could not listen there.

    Dagster would go on without it.
    """
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            socket.create_server(address[:2], family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} of {host} is in use by another program. End that one, or take "
                f"another port: mos dev --port {port + 1 if port < 65_535 else port - 1}."
            ) from None
        raise SettingsError(
            f"The UI cannot listen on port {port} of {host}: {error.strerror}. Take another with "
            "--port and --host."
        ) from None


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def prune(dry_run: bool) -> None:
    """Remove old candidates with their reports and predictions.

    What stays: the newest MOS_KEEP_CANDIDATES of each head and as many Accepted ones, whatever is
    released, and every measurement.
    """
    from mos_assets.cli.terminal import printable
    from mos_assets.pipeline.prune import prune_store

    settings = Settings.from_env()
    pruned = prune_store(
        settings.paths,
        settings.service.keep_candidates,
        holder=f"mos prune ({os.getpid()})",
        pretend=dry_run,
    )
    for candidate in pruned.candidates:
        click.echo(
            printable(
                f"{candidate.head_id}\t{candidate.candidate_id}\t{candidate.created_at:%Y-%m-%d}"
            )
        )
    click.echo(f"{'would remove' if dry_run else 'removed'}: {pruned.told()}")
