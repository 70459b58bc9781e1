"""Commands about heads: see what is released, read the latest verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mos_assets.cli.terminal import as_called, log_on_stderr, printable
from mos_assets.errors import MosAssetsError, ReleaseError
from mos_assets.settings import PathSettings, Settings


def _heads_here(paths: PathSettings) -> Path:
    """The model folder, or where none is made yet the heads that came with the package."""
    return paths.model_folder if paths.model_folder.is_dir() else paths.heads_folder


@click.command()
@click.argument("head", required=False)
def status(head: str | None) -> None:
    """What is released, why it has its status and since when, of HEAD or of every head.

    Of every project, where MOS_PROJECTS names several and none is chosen; its name then stands
    before the head's. Exits with 0 when all of them are Accepted, 2 when one is Proposed, 1 when
    one is damaged.
    """
    from mos_assets.release.status import head_ids, released_heads

    projects = Settings.all_from_env()
    folders = {one.project: _heads_here(one.paths) for one in projects}
    heads = [
        (project, found)
        for project, folder in folders.items()
        # One that is asked for by name need not be in each of several projects.
        if head is None or len(folders) == 1 or head in head_ids(folder)
        for found in released_heads(folder, head)
    ]
    if not heads:
        raise ReleaseError(
            f"No head is released in {', '.join(map(str, folders.values()))}; run "
            "dagster asset materialize --select '*' -m mos_assets.definitions."
        )
    for project, found in heads:
        name = f"{project}/{found.head_id}" if project else found.head_id
        click.echo(f"{printable(name)}\t{found.state}\t{printable(found.detail)}")
        for reason in found.why:
            click.echo(f"\twhy\t{printable(reason)}")
        if found.candidate_id is not None:
            since = "not released here: the files were put into the folder"
            if found.since is not None:
                since = f"{found.since:%Y-%m-%d %H:%M} UTC"
            click.echo(f"\tsince\t{since}, candidate {found.candidate_id}")
    sys.exit(max((found.exit_code for _, found in heads), key=[0, 2, 1].index))


@click.command()
@click.argument("head", required=False)
def report(head: str | None) -> None:
    """The latest verdict, of HEAD or of any, and where the report and the head are."""
    from mos_assets.evaluation.text import lowered
    from mos_assets.pipeline.judge import REPORT_PAGE
    from mos_assets.pipeline.report_page import REPORT_HTML
    from mos_assets.release.loading import current_files
    from mos_assets.release.manifest import Manifest
    from mos_assets.release.naming import ReleaseFiles
    from mos_assets.reporting.report import GateReport
    from mos_assets.store import Database, verdict_rows
    from mos_assets.store.opening import refresh

    settings = Settings.from_env()
    paths = settings.paths
    refresh(paths.store_place)
    database = Database(paths.store_folder)
    row = verdict_rows.latest_verdict(database, head) if database.exists else None
    if row is None:
        what = f"No head {head!r}" if head else "Nothing"
        raise MosAssetsError(f"{what} was judged yet in {paths.store_place}.")
    judged = GateReport.read(row.folder / "gate_report.json")
    verdict = judged.verdict
    checks = [(check.words, check) for check in verdict.checks]
    checks += [(f"Surrogate: {lowered(check.words)}", check) for check in verdict.surrogate]
    width = max(len(words) for words, _ in checks)
    click.echo(f"{'corpus':<{width}}  {row.corpora}")
    click.echo(f"{'clips':<{width}}  {row.n_clips}")
    click.echo(f"{'labels':<{width}}  {row.label_origin}")
    click.echo(f"{'judged':<{width}}  {row.judged_at:%Y-%m-%d %H:%M} UTC")
    for words, check in checks:
        figure = "none" if check.figure is None else f"{check.figure:.4f}"
        met = "met" if check.passed else "missed"
        click.echo(f"{words:<{width}}  {figure}  {check.comparison} {check.threshold:g}  {met}")
    if judged.shortcuts is not None:
        click.echo(f"{'shortcuts':<{width}}  {judged.shortcuts.sentence}")
    click.echo(f"{'status':<{width}}  {judged.verdict.sentence}")
    page = row.folder / REPORT_HTML
    # Reports of earlier versions have no such page.
    shown = page if page.is_file() else row.folder / REPORT_PAGE
    click.echo(f"{'report':<{width}}  {shown}")
    decided = verdict_rows.latest_release(database, row.head_id, row.candidate_id)
    if decided is not None:
        click.echo(f"{'release':<{width}}  {decided.reason}")
    if judged.comparison is not None:
        click.echo(f"{'compared':<{width}}  {judged.comparison.sentence}")
    candidate = verdict_rows.latest_candidate(database, row.head_id)
    files = current_files(paths.model_folder, row.head_id)
    if files.manifest.is_file() and Manifest.read(files.manifest).sha256 == candidate.sha256:
        click.echo(f"{'head':<{width}}  {files.onnx}")
        where = "" if paths.heads_folder == paths.model_folder else f" --model {paths.model_folder}"
        mos = as_called() + (f" --project {settings.project}" if settings.project else "")
        click.echo(f"{'use it':<{width}}  {mos} predict --head {row.head_id}{where} PATH")
    else:
        onnx = ReleaseFiles(candidate.folder, row.head_id).onnx
        click.echo(f"{'head':<{width}}  {onnx} (a candidate; another head is released)")


@click.command()
@click.option("--head", required=True, help="Id of a released head.")
@click.option(
    "--corpus",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a rated corpus.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the report as JSON to this file too."
)
def judge(head: str, corpus: Path, output: Path | None) -> None:
    """What a released head is worth on the rated clips of another corpus.

    Features come from the corpus's tables, or are measured and kept in MOS_STORE. Nothing is
    trained, released or changed.
    """
    from mos_assets.io.writing import write_whole
    from mos_assets.pipeline.appraise import appraise
    from mos_assets.reporting.transfer_report import transfer_page
    from mos_assets.scoring.output import require_place

    if output is not None:
        require_place(output, "--output")
    settings = Settings.from_env()
    report = appraise(head, corpus, settings.run, settings.paths, log_on_stderr("judge"))
    click.echo(transfer_page(report), nl=False)
    if output is not None:
        write_whole(output, report.to_json().encode())


@click.command()
@click.argument("head", required=False)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder; its parents are made.",
)
def export(head: str | None, to: Path) -> None:
    """Write a released HEAD, by default the only one or that of KonViD, into a folder that Hugging
    Face's hub and MLflow read: card, ONNX, manifest, licence, MLmodel."""
    from mos_assets.release import export as exporting
    from mos_assets.release.naming import KONVID_HEAD
    from mos_assets.release.status import head_ids

    folder = _heads_here(Settings.from_env().paths)
    found = head_ids(folder)
    if head is None:
        head = found[0] if len(found) == 1 else KONVID_HEAD
    if head not in found:
        raise ReleaseError(
            f"No head {head!r} is released in {folder}. There: {', '.join(found) or 'none'}."
        )
    for path in exporting.export(folder, head, to):
        click.echo(path)
    click.echo(f"{printable(head)} is in {to}", err=True)
