"""Commands about the service: run it, and remove what is old."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import click

from mos_assets.errors import SettingsError
from mos_assets.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the UI.")
@click.option("--port", default=3000, show_default=True, help="Port of the UI.")
def dev(host: str, port: int) -> None:
    """Run the Dagster UI and its daemon until INT or TERM, and leave no process behind.

    `dagster dev` ends cleanly on INT only, and never where one of its processes hangs. This ends
    it on TERM and HUP too, and in the end every process that came of it.
    """
    from mos_assets.media.tree import run_tree

    Settings.from_env()
    home = _claimed_home()
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster), "dev", "--host", host, "--port", str(port)]
    sys.exit(run_tree(command, inherited=() if home is None else (home,)))


def _claimed_home() -> int | None:
    """A lock of the kernel on DAGSTER_HOME, as an open file descriptor; None where it is not set.

    Its programs share it, so that it lasts until they have ended too. Two daemons on one home
    would launch everything twice. Raises SettingsError where another process holds it.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home or not Path(home).is_dir():
        return None
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(
            f"DAGSTER_HOME={home} is in use by another `mos dev`, which may still be ending. End "
            "that one, or set DAGSTER_HOME to another folder."
        ) from None
    return folder


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def prune(dry_run: bool) -> None:
    """Remove old candidates with their reports and predictions.

    What stays: the newest MOS_KEEP_CANDIDATES of each head, whatever is released or Accepted,
    and every measurement.
    """
    from mos_assets.cli.terminal import printable
    from mos_assets.release.pruning import prune_store

    pruned = prune_store(Settings.from_env(), holder=f"mos prune ({os.getpid()})", pretend=dry_run)
    for candidate in pruned.candidates:
        click.echo(
            printable(
                f"{candidate.head_id}\t{candidate.candidate_id}\t{candidate.created_at:%Y-%m-%d}"
            )
        )
    click.echo(f"{'would remove' if dry_run else 'removed'}: {pruned.told()}")
