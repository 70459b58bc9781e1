"""Commands about the machine: what it lacks, and what it failed at."""

from __future__ import annotations

import sys

import click

from mos_assets.cli.terminal import EXIT_FAILED, printable, ui_address
from mos_assets.settings import Settings


@click.command()
@ui_address
def doctor(host: str, port: int) -> None:
    """What this machine lacks of what a run needs, a line each: grade, what, found, remedy.

    Looks at packages, ffmpeg, limits, folders, the store, fonts and the UI's port, and changes
    nothing. Of every project, where MOS_PROJECTS names several and none is chosen; its name stands
    before what differs among them. Exits with 1 when a run would end on one of them (`fail`), else
    with 0, also where some are `warn`.
    """
    from mos_assets.pipeline.health import Grade, examine

    found = [(one.project, list(examine(one, host, port))) for one in Settings.all_from_env()]
    told = set()
    for project, findings in found:
        for finding in findings:
            if finding in told:
                continue
            told.add(finding)
            of_all = all(finding in others for _, others in found)
            what = finding.what if of_all else f"{project}: {finding.what}"
            line = f"{finding.grade}\t{what}\t{printable(finding.found)}"
            click.echo(f"{line}\t{printable(finding.remedy)}" if finding.remedy else line)
    failed = any(finding.grade is Grade.FAIL for finding in told)
    sys.exit(EXIT_FAILED if failed else 0)


@click.command()
@click.option("--dry-run", is_flag=True, help="Show them, and leave their attempts counted.")
def retry(dry_run: bool) -> None:
    """Let clips be tried again that the machine failed at, those given up for now among them.

    One line a measurement: clip, part, attempts, last reason. Run it when the machine is mended;
    the next run measures them. Reasons that lie in a clip's bytes are not touched.
    """
    from mos_assets.store import Database, setback_rows
    from mos_assets.store.opening import published, refresh

    place = Settings.from_env().paths.store_place
    refresh(place)
    database = Database(place.folder)
    waiting = setback_rows.read_setbacks(database) if database.exists else ()
    for noted in waiting:
        told = f"{noted.clip_id}\t{noted.setback.part}\t{noted.attempts}\t{noted.setback.reason}"
        click.echo(printable_fields(told))
    if waiting and not dry_run:
        with published(place, "mos retry"):
            setback_rows.forget_setbacks(database)
    click.echo(f"{'would be' if dry_run else 'are'} tried again: {len(waiting)}")


def printable_fields(line: str) -> str:
    """As `printable`, keeping the tabs between fields."""
    return "\t".join(printable(field) for field in line.split("\t"))
