"""KonViD-150k by manifest: labels and the addresses of the clips in one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from mos_assets.corpora.labels import LabelSource
from mos_assets.corpora.layouts.konvid import KONVID_150K, LICENCE, PARTS, require_floor
from mos_assets.corpora.layouts.published import read_published, usual_columns
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.names import safe_name, stem
from mos_assets.corpora.request import CorpusRequest, LabelSet
from mos_assets.errors import CorpusError
from mos_assets.records import LabelOrigin, RejectedRow
from mos_assets.tables.cells import CellError
from mos_assets.tables.columns import CLIP_ALIASES, MOS_ALIASES, URL_ALIASES
from mos_assets.tables.delimited import read_table

MANIFEST = "manifest.csv"
PART_B = "k150kb_scores.csv"
PART_ALIASES = ("part",)


def manifest_path(folder: Path, named: str = "") -> Path | None:
    """The manifest of the corpus in `folder`, or None where it has none.

    Raises CorpusError where one is named (MOS_MANIFEST) that is not there, and for one that
    lies outside the corpus folder.
    """
    path = folder / (named or MANIFEST)
    outside = f"{path} leads outside the corpus folder; the manifest must lie in {folder}."
    if PurePosixPath(named).is_absolute() or ".." in PurePosixPath(named).parts or "\0" in named:
        raise CorpusError(f"MOS_MANIFEST={named!r}: {outside}")
    if not path.is_file():
        if named:
            raise CorpusError(
                f"MOS_MANIFEST={named!r}: there is no file {path}. Put the manifest there, or "
                f"unset MOS_MANIFEST: then {MANIFEST}, or the score files, are read."
            )
        return None
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CorpusError(outside)
    return path


def load_manifest(request: CorpusRequest, path: Path) -> LabelSet:
    """Labels of the manifest, and where to download each of their clips.

    Of several rows that give a clip the same label, the first that has an address says it.
    Raises CorpusError for a file without the columns, or too short to be KonViD-150k's.
    """
    folder = request.folder
    table = read_table(path)
    columns = replace(usual_columns(table, MOS_ALIASES), part=table.columns.find(PART_ALIASES))
    url = table.columns.require(URL_ALIASES, "address of the clip", path)
    require_floor(request, len(table.rows))
    source = LabelSource(KONVID_150K, path.relative_to(folder).as_posix(), parts=PARTS)
    read, findings = read_published(table, columns, source)
    labels, rejected = read.labels, read.rejected
    tested, unread = _part_b(folder)
    rejected += unread
    if tested:
        in_b = {
            at: label._replace(part=PARTS[-1])
            for at, label in enumerate(labels)
            if stem(label.clip_name) in tested
        }
        labels = labels.replaced(in_b)
    kept, lost = one_label_a_clip(KONVID_150K, labels, average=False, test_part=PARTS[-1])
    url_of_line = {row.line: row.first(url) for row in table.rows if not row.damage}
    url_of_clip: dict[str, str] = {}
    for line, name in zip(labels.column("line"), labels.column("clip_name"), strict=True):
        found, clip = url_of_line[line], stem(name)
        if found or clip not in url_of_clip:
            url_of_clip[clip] = url_of_clip.get(clip) or found
    return LabelSet(
        name=KONVID_150K,
        version="2021",
        licence=LICENCE,
        origin=LabelOrigin.HUMAN,
        labels=kept,
        rejected=tuple(rejected + lost),
        label_files=tuple(
            file.relative_to(folder).as_posix() for file in manifest_files(folder, path)
        ),
        rows_read={source.file: len(table.rows)},
        findings=findings,
        urls={name: url_of_clip[stem(name)] for name in kept.column("clip_name")},
    )


def manifest_files(folder: Path, manifest: Path) -> tuple[Path, ...]:
    """The manifest, and the score file of part b beside it where there is one."""
    scores = folder / PART_B
    return (manifest, scores) if scores.is_file() else (manifest,)


def _part_b(folder: Path) -> tuple[frozenset[str], list[RejectedRow]]:
    """Stems of the clips that the score file of part b names, and its rows that name none.

    The manifest has the labels; this file says only which clips must never train.
    """
    if not (folder / PART_B).is_file():
        return frozenset(), []
    table = read_table(folder / PART_B)
    clip = table.columns.require(CLIP_ALIASES, "clip name", table.path)
    names: set[str] = set()
    rejected: list[RejectedRow] = []
    for row in table.rows:
        try:
            if row.damage:
                raise CellError(row.damage)
            names.add(stem(safe_name(row.first(clip))))
        except CellError as error:
            reason = f"a clip of part b cannot be told: {error}"
            rejected.append(RejectedRow(KONVID_150K, PART_B, row.line, None, reason))
    return frozenset(names), rejected
