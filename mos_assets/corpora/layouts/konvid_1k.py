"""KonViD-1k as its authors publish it: two label files that describe the same clips."""

from __future__ import annotations

from pathlib import Path

from mos_assets.corpora.labels import SAME_MOS, LabelSource
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.layouts.konvid import FAMILY, KONVID_1K, KONVID_150K, LICENCE
from mos_assets.corpora.layouts.published import read_published, usual_columns
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.names import join_key, safe_name
from mos_assets.corpora.request import ClipDir, CorpusRequest, LabelSet, is_folder
from mos_assets.errors import CorpusError
from mos_assets.records import Finding, LabelOrigin, RejectedRow
from mos_assets.records.label_columns import NO_LABELS
from mos_assets.tables.columns import MOS_ALIASES
from mos_assets.tables.delimited import read_table

CEILING = 1_500
SAME_ROUNDED_MOS = 5e-5 + SAME_MOS
"""The two label files round differently; this close, they say the same.

5e-5 as it is written: the difference of two floats may be a little more."""
_LABELS = ("konvid_1k_attributes.csv", "konvid_1k_mos.csv")
_METADATA = ("KoNViD_1k_metadata", "metadata", ".")
_CLIPS = ("KoNViD_1k_videos", "videos", ".")


class Konvid1k(Layout):
    """Hosu et al., The Konstanz natural video database (KoNViD-1k), QoMEX 2017."""

    name = KONVID_1K
    head_family = FAMILY

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        return label_files(request.folder)

    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        folders = [request.folder / name for name in _CLIPS]
        return tuple(ClipDir(folder) for folder in folders if is_folder(folder))

    def load(self, request: CorpusRequest) -> LabelSet:
        folder = request.folder
        files = label_files(folder)
        if not files:
            raise CorpusError(
                f"{folder} holds no label file of {KONVID_1K}: KoNViD_1k_attributes.csv or "
                f"KoNViD_1k_mos.csv is looked for in {folder / _METADATA[0]}, "
                f"{folder / 'metadata'} and {folder}."
            )
        tables = [read_table(path) for path in files]
        most = max(len(table.rows) for table in tables)
        if most > CEILING:
            raise CorpusError(_too_many(folder, most))
        labels = NO_LABELS
        rejected: list[RejectedRow] = []
        findings: tuple[Finding, ...] = ()
        for table in tables:
            source = LabelSource(KONVID_1K, _relative(table.path, folder), clip_name=_clip_name)
            read, found = read_published(table, usual_columns(table, MOS_ALIASES), source)
            findings += found
            labels = labels.plus(read.labels)
            rejected += read.rejected
        kept, lost = one_label_a_clip(KONVID_1K, labels, average=False, tolerance=SAME_ROUNDED_MOS)
        if len(kept) > CEILING:
            raise CorpusError(_too_many(folder, len(kept)))
        return LabelSet(
            name=KONVID_1K,
            version="2017",
            licence=LICENCE,
            origin=LabelOrigin.HUMAN,
            labels=kept,
            rejected=tuple(rejected + lost),
            label_files=tuple(_relative(path, folder) for path in files),
            rows_read={_relative(table.path, folder): len(table.rows) for table in tables},
            clip_dirs=self.clip_dirs(request),
            findings=findings,
        )


def label_files(folder: Path) -> tuple[Path, ...]:
    """The two official label files, else every CSV beside them, sorted."""
    for name in _METADATA:
        found = sorted(path for path in (folder / name).glob("*.csv") if path.is_file())
        official = [path for path in found if path.name.lower() in _LABELS]
        if found:
            return tuple(official or found)
    return ()


def _clip_name(cell: str) -> str:
    """`<id>.mp4` whichever of its names a label file uses, so that the clip's id never changes."""
    name = safe_name(cell)
    return f"{join_key(name)}.mp4"


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _too_many(folder: Path, rows: int) -> str:
    return (
        f"{folder} holds {rows} label rows; {KONVID_1K} has at most {CEILING}. This "
        "looks like KonViD-150k: put it into a folder "
        f"{KONVID_150K} and set MOS_CORPUS={KONVID_150K}."
    )
