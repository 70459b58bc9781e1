"""Commands about corpora: what a folder holds, before anything runs."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mos_assets.cli.terminal import printable
from mos_assets.errors import CorpusError, LabelsError
from mos_assets.records import MOS_MAX, MOS_MIN, Severity
from mos_assets.settings import Settings

if TYPE_CHECKING:
    from mos_assets.corpora import Inspection, TableFacts
    from mos_assets.downloads import DownloadProgress

NAMES_SHOWN = 3
"""Names of a long list that are shown."""
MISSING_SHOWN = 10
"""Clips that could not be downloaded and are named one by one."""
MIXED_EXIT = 2
"""Exit code where the corpus loads and some of it would be rejected."""


@click.group()
def corpus() -> None:
    """Look at corpora."""


@corpus.command()
@click.argument("folder", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Say what a run would find in the corpus FOLDER, and what it would reject.

    Reads labels and tables, probes and hashes every clip, writes nothing. Exits with 0 where
    everything would be used; 2 where labels, clips or tables could be read and some of them would
    be rejected, look wrong, or contradict what is declared of them, which stops a run before it
    trains; and 1 where they cannot be read.
    """
    from mos_assets.corpora import inspect_corpus, name_notes
    from mos_assets.pipeline.declared import require_declarations
    from mos_assets.pipeline.download import corpus_request

    place = folder.absolute()
    if not place.is_dir():
        # The demo would be rendered where it is not.
        raise CorpusError(f"There is no folder {place}. Name the folder of a corpus.")
    settings = Settings.from_env()
    require_declarations(place.name, place.parent)
    try:
        found = inspect_corpus(
            replace(corpus_request(settings.run, settings.paths, place.name), root=place.parent),
            workers=len(os.sched_getaffinity(0)),
            progress=lambda line: click.echo(printable(line), err=True),
        )
    except LabelsError as error:
        click.echo(printable(f"blocks: {error}"))
        sys.exit(MIXED_EXIT)
    warnings, lacking = _warnings(found), found.lacking
    for line in [
        *_facts(found),
        *name_notes(found.corpus, lacking=lacking),
        *_rejected(found),
        *_findings(found),
        *(f"warning: {text}" for text in warnings),
    ]:
        click.echo(printable(line))
    rejected = found.corpus.rejected or (found.shots is not None and found.shots.rejected)
    wrong = warnings or found.corpus.findings or rejected or lacking
    sys.exit(MIXED_EXIT if wrong else 0)


@corpus.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Try clips once more that were not to be had.")
def fetch(name: str, again: bool) -> None:
    """Download the clips that the manifest of corpus NAME lists and its folder lacks.

    What is interrupted is taken up by the next call, and by the asset raw_corpus, which
    downloads too. Exits with 2 where clips are missing in the end.
    """
    from mos_assets.corpora import manifest_places
    from mos_assets.downloads import manifest_urls
    from mos_assets.pipeline.download import (
        corpus_request,
        fetch_clips,
        progress_line,
        summary_line,
    )
    from mos_assets.store import Database, download_rows
    from mos_assets.store.opening import published

    settings = Settings.from_env()
    urls = manifest_urls(corpus_request(settings.run, settings.paths, name))
    if urls is None:
        places = manifest_places()
        raise CorpusError(
            f"Corpus {name!r} has no manifest, so there is nothing to download: only "
            f"{' and '.join(place.split('/')[0] for place in places)} has one, "
            f"{' or '.join(places)} or what MOS_MANIFEST names."
        )
    with click.progressbar(length=1, label=name, file=sys.stderr) as bar:

        def show(now: DownloadProgress) -> None:
            bar.length = now.total
            bar.label = printable(progress_line(name, now))
            bar.update(now.done + now.failed - bar.pos)

        with published(settings.paths.store_place, f"mos corpus download {name}"):
            found = fetch_clips(settings.run, settings.paths, name, show, urls=urls, again=again)
    click.echo(printable(summary_line(name, found)))
    rows = download_rows.read_downloads(Database(settings.paths.store_folder), name)
    missing = [row for row in rows if row.reason is not None and row.clip_name in urls]
    for row in missing[:MISSING_SHOWN]:
        click.echo(printable(f"missing     {row.clip_name}: {row.reason}"))
    if found.permanent and not again:
        click.echo("Those not to be had are tried once more with --again.")
    sys.exit(MIXED_EXIT if found.failed or found.permanent else 0)


@corpus.command()
@click.argument("folder", type=click.Path(path_type=Path))
def votes(folder: Path) -> None:
    """Say what the votes of the corpus FOLDER tell of its raters and clips.

    Reads the files of [votes] in its corpus.toml, and labels; looks at no clip, writes nothing.
    Exits with 2 where a vote or a label was rejected or contradicts what is declared.
    """
    from mos_assets.corpora import by_kind, votes_of_folder, votes_page

    labels, ratings = votes_of_folder(folder.absolute())
    for line in votes_page(labels, ratings):
        click.echo(printable(line))
    for count, row in by_kind(labels.rejected):
        place = row.source if row.line is None else f"{row.source}:{row.line}"
        more = f" (and {count - 1} like it)" if count > 1 else ""
        click.echo(printable(f"rejected    {place}: {row.clip_name or ''}: {row.reason}{more}"))
    for finding in labels.findings:
        click.echo(printable(f"{finding.severity}: {finding.with_examples}"))
    sys.exit(MIXED_EXIT if labels.rejected or labels.findings else 0)


def _facts(found: Inspection) -> list[str]:
    corpus = found.corpus
    scores = [clip.mos for clip in corpus.clips]
    with_clip = [clip for clip in corpus.clips if clip.path is not None]
    groups = len({clip.content_group for clip in corpus.clips})
    rated = sum(clip.n_ratings is not None for clip in corpus.clips)
    deviating = sum(clip.mos_std is not None for clip in corpus.clips)
    parts = sorted({clip.part for clip in corpus.clips if clip.part is not None})
    lines = [
        f"corpus      {corpus.name} {corpus.version}, {corpus.label_origin} labels",
        f"licence     {corpus.licence}",
        f"labels      {len(corpus.clips)} clips in {', '.join(corpus.label_files)}",
        *_scores(scores, corpus.scale),
        f"ratings     number known for {rated}, deviation for {deviating}",
        f"contents    {groups} groups",
        f"clips       {len(with_clip)} found and readable, "
        f"{len(corpus.clips) - len(with_clip)} labels without a clip",
    ]
    lines += [
        f"part {part}      {sum(clip.part == part for clip in corpus.clips)} clips"
        for part in parts
    ]
    references = sum(clip.reference_path is not None for clip in corpus.clips)
    if references:
        lines.append(f"references  found for {references} clips")
    for table in found.features:
        lines.append(
            _table(f"features    {table.name}, {len(table.columns)} columns", table, found)
        )
    if found.shots is not None:
        lines.append(_table("shots      ", found.shots, found))
    return lines


def _scores(scores: list[float], scale: tuple[float, float]) -> list[str]:
    if not scores:
        return []
    worst, best = scale
    declared = ""
    if (worst, best) != (MOS_MIN, MOS_MAX):
        lower = ", lower is better" if best < worst else ""
        declared = f" (declared {worst:g}..{best:g}{lower})"
    mean = sum(scores) / len(scores)
    return [
        f"MOS         {min(scores):.2f} to {max(scores):.2f} on 1..5, mean {mean:.2f}{declared}"
    ]


def _table(what: str, table: TableFacts, found: Inspection) -> str:
    missing = len(found.corpus.clips) - table.clips_matched
    line = f"{what}: {table.clips_matched} clips, {missing} clips without a row"
    if table.unmatched_rows:
        line += f", {len(table.unmatched_rows)} rows without a clip ({_some(table.unmatched_rows)})"
    if table.declared:
        line += f", declared as {table.declared}"
    if table.left_out:
        several = "columns" if len(table.left_out) > 1 else "column"
        line += f", {len(table.left_out)} {several} left out, no features ({_some(table.left_out)})"
    if table.rejected:
        line += f", {len(table.rejected)} rows rejected"
    return line


def _rejected(found: Inspection) -> list[str]:
    from mos_assets.corpora import by_kind

    lines = []
    shots = by_kind(found.shots.rejected) if found.shots is not None else ()
    for count, row in (*found.rejected_by_kind, *shots):
        place = row.source if row.line is None else f"{row.source}:{row.line}"
        more = f" (and {count - 1} like it)" if count > 1 else ""
        lines.append(f"rejected    {place}: {row.clip_name or ''}: {row.reason}{more}")
    return lines


def _findings(found: Inspection) -> list[str]:
    words = {Severity.BLOCKS: "blocks", Severity.WARNS: "warning"}
    ordered = sorted(found.corpus.findings, key=lambda finding: finding.severity)
    return [f"{words[finding.severity]}: {finding.with_examples}" for finding in ordered]


def _warnings(found: Inspection) -> list[str]:
    import numpy as np

    from mos_assets.evaluation import leaking_features

    mos = np.array([clip.mos for clip in found.corpus.clips])
    warnings = [
        f"table {table.name} has a column {name!r}, which is what the corpus calls its own labels: "
        "it is refused as a feature; remove it"
        for table in found.features
        for name in table.labels
    ]
    warnings += [
        f"table {table.name} has a column {name!r}, a name of ratings: a label is no feature"
        for table in found.features
        for name in table.label_columns
    ]
    warnings += [
        f"table {table.name}: {leak.sentence}"
        + ("; a run that uses it stops" if leak.is_certain else "; was it made from the ratings?")
        for table in found.joined
        for leak in leaking_features(table.columns, table.values, mos)
    ]
    warnings += [
        f"no row of {table.name} fits a clip: do the names agree?"
        for table in (*found.features, *([found.shots] if found.shots else []))
        if not table.clips_matched
    ]
    return warnings


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}, …"
