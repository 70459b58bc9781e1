"""The gate report as one HTML file: what it shows beside the report is gathered here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from mos_assets.corpora.request import FEATURE_SUFFIXES, FEATURES_FOLDER, external_files
from mos_assets.errors import ClipError, CorpusError, MachineError, ReleaseError, ToolError
from mos_assets.evaluation import compare
from mos_assets.features import BLOCKS, parse_blocks
from mos_assets.io.digest import digest_of
from mos_assets.io.reading import read_plain
from mos_assets.io.writing import write_whole
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.scratch import scratch_folder
from mos_assets.media.thumbnail import thumbnail
from mos_assets.networks import NETWORK_TOML
from mos_assets.objects.fetching import fetched
from mos_assets.objects.stubs import remote_file
from mos_assets.pipeline.kept_sets import kept_sets
from mos_assets.pipeline.unchanged import inputs_digest, remember
from mos_assets.records import Clip, OutOfFold, PastPredictions, TrainingTable
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.clips import JudgedClip, Thumbnail, judged_clips, worst
from mos_assets.reporting.html import Block, FeatureSet, Surroundings, render_html
from mos_assets.reporting.report import GateReport
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, result_rows, verdict_rows

REPORT_HTML = "gate_report.html"
"""Beside the report; names clips and shows pictures of them, and goes nowhere else."""
SHOWN = "gate_report_page"


def write_page(
    run: RunSettings,
    paths: PathSettings,
    database: Database,
    table: TrainingTable,
    predictions: OutOfFold,
    stored: Sequence[Clip],
    report: GateReport,
    folder: Path,
) -> Path:
    """Write the page of this report into its folder, unless the one that lies there shows the very
    same.

    stored: the clips of these corpora. One that is not here, or of which no picture comes, is shown
    without one and with the reason; where one was missing, the next judging tries again.
    """
    page = folder / REPORT_HTML
    by_id = {clip.clip_id: clip for clip in stored}
    names = {clip.clip_id: clip.clip_name for clip in stored}
    clips = judged_clips(table, predictions, names)
    shown = [by_id[clip.clip_id] for clip in worst(clips)]
    blocks = _blocks(run, paths)
    with database.held():
        others = list(_same_folds(database, table, report))
        sets = kept_sets(run, paths, database, table)
        inputs = inputs_digest(
            SHOWN,
            report=report.to_json(),
            clips={one.name: [getattr(c, one.name) for c in clips] for one in fields(JudgedClip)},
            shown=[(clip.sha256, clip.path is not None and clip.path.is_file()) for clip in shown],
            others=[(past.candidate_id, found) for past, found in others],
            blocks=blocks,
            sets=None if sets is None else sets.model_dump_json(),
        )
        known = result_rows.find_result(database, SHOWN, inputs)
    if known is not None and known.outcome == _digest(page):
        return page
    thumbnails = _thumbnails(shown, paths)
    compared = [_compared(table, predictions, past, found) for past, found in others]
    around = Surroundings(clips, thumbnails, run.features, tuple(compared), blocks, sets)
    write_whole(page, render_html(report, around).encode())
    if all(each.jpeg or not by_id[at].path for at, each in thumbnails.items()):
        remember(database, SHOWN, report.candidate_id, inputs, _digest(page) or "")
    return page


def _digest(page: Path) -> str | None:
    try:
        return digest_of(read_plain(page))
    except OSError:
        return None


def _thumbnails(clips: Sequence[Clip], paths: PathSettings) -> Mapping[str, Thumbnail]:
    here = [clip for clip in clips if clip.path is not None]
    found = {clip.clip_id: Thumbnail(None, "the clip is not here") for clip in clips}
    if not here:
        return found
    try:
        ffmpeg = find_ffmpeg(paths.ffmpeg or None)
    except ToolError as error:
        return {**found, **{clip.clip_id: Thumbnail(None, str(error)) for clip in here}}
    for clip in here:
        if clip.path is None or not clip.path.is_file():
            found[clip.clip_id] = Thumbnail(None, "the file has gone since it was measured")
            continue
        duration = 0.0 if clip.probe is None else clip.probe.duration_s or 0.0
        stream = None if clip.probe is None else clip.probe.stream
        try:
            with _on_disk(clip.path) as path:
                jpeg = thumbnail(ffmpeg, path, at_s=duration / 2, stream=stream)
        except (ClipError, MachineError) as error:
            found[clip.clip_id] = Thumbnail(None, str(error))
        else:
            found[clip.clip_id] = Thumbnail(jpeg)
    return found


@contextmanager
def _on_disk(path: Path) -> Iterator[Path]:
    """The clip as a file; raises MachineError where it lies in a bucket and does not come."""
    remote = remote_file(path)
    if remote is None:
        yield path
        return
    with scratch_folder() as folder, fetched([remote], folder) as (here,):
        yield here


def _same_folds(
    database: Database, table: TrainingTable, report: GateReport
) -> Iterator[tuple[PastPredictions, FeatureSet]]:
    """The newest verdict on each other head of these corpora whose clips, ratings and folds are
    the same to the last."""
    rows = [table.clip_ids, table.folds.tolist(), table.mos.tolist()]
    for row in verdict_rows.latest_verdicts(database, ",".join(report.corpora)):
        if row.head_id == report.head_id:
            continue
        past = verdict_rows.read_past_predictions(database, row.candidate_id)
        candidate = verdict_rows.find_candidate(database, row.candidate_id)
        if past is None or candidate is None:
            continue
        if [past.clip_ids, past.folds.tolist(), past.mos.tolist()] != rows:
            continue
        try:
            manifest = Manifest.read(ReleaseFiles(candidate.folder, row.head_id).manifest)
            features, n_features = manifest.data.features, len(manifest.feature_order)
        except ReleaseError as error:
            # A damaged candidate of another head is no reason against the page on this one.
            features, n_features = f"{row.head_id} ({error})", None
        found = FeatureSet(
            features=features,
            head_id=row.head_id,
            n_features=n_features,
            figures={
                metric.name: row.figures.get(f"mean_{metric.name}") for metric in report.metrics
            },
        )
        yield past, found


def _compared(
    table: TrainingTable, predictions: OutOfFold, past: PastPredictions, found: FeatureSet
) -> FeatureSet:
    """With what this head has over it, clip by clip."""
    margins = compare(table, predictions, past)
    return replace(found, margin=margins.plcc_margin, interval=margins.plcc_interval)


def _blocks(run: RunSettings, paths: PathSettings) -> tuple[Block, ...]:
    """Built-in blocks, tables of the corpora, and networks that are here."""
    used = frozenset(parse_blocks(run.features))
    blocks = [
        Block(
            name, len(each.columns), (each.__doc__ or "").strip().partition("\n")[0], name in used
        )
        for name, each in BLOCKS.items()
    ]
    for corpus in run.corpora:
        try:
            files = external_files(corpus, paths.corpus_folder, FEATURES_FOLDER, FEATURE_SUFFIXES)
        except CorpusError as error:
            blocks.append(Block(f"{corpus}/{FEATURES_FOLDER}", None, str(error), used=False))
            continue
        blocks += [
            Block(path.stem, None, f"A table of {corpus}.", path.stem in used)
            for path in files
            if path.stem not in BLOCKS
        ]
    blocks += [
        Block(found.parent.name, None, "A network of this machine.", found.parent.name in used)
        for found in sorted(paths.networks_folder.glob(f"*/{NETWORK_TOML}"))
    ]
    return tuple(blocks)
