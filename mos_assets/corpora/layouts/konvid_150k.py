"""KonViD-150k as its authors publish it: score and vote files of parts a and b, or a manifest."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mos_assets.corpora.labels import LabelSource, reject
from mos_assets.corpora.layouts import konvid_1k
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.layouts.konvid import (
    FAMILY,
    KONVID_1K,
    KONVID_150K,
    LICENCE,
    PARTS,
    require_floor,
)
from mos_assets.corpora.layouts.konvid_150k_manifest import (
    MANIFEST,
    load_manifest,
    manifest_files,
    manifest_path,
)
from mos_assets.corpora.layouts.konvid_150k_votes import add_votes
from mos_assets.corpora.layouts.published import read_published, usual_columns
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.names import stem
from mos_assets.corpora.request import (
    DOWNLOADS_FOLDER,
    ClipDir,
    CorpusRequest,
    LabelSet,
    is_folder,
)
from mos_assets.errors import CorpusError
from mos_assets.records import Finding, LabelOrigin, RejectedRow
from mos_assets.records.label_columns import NO_LABELS, Labels
from mos_assets.settings import KONVID_150K_FLOOR
from mos_assets.tables.columns import MOS_SCORE_FILE_ALIASES
from mos_assets.tables.delimited import read_table

_FLICKR = re.compile(r"(?:orig_)?(\d{6,})(?:_|$)", re.ASCII)


class Konvid150k(Layout):
    """Götz-Hahn et al., KonVid-150k: A dataset for no-reference video quality assessment, 2021."""

    name = KONVID_150K
    head_family = FAMILY
    test_part = "b"
    clips_optional = True
    manifest_file = MANIFEST

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        manifest = self.manifest(request)
        if manifest is not None:
            return manifest_files(request.folder, manifest)
        return _score_and_vote_files(request.folder)

    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        """Each part's own first; with a manifest, the one that clips are downloaded into."""
        downloads = request.folder / DOWNLOADS_FOLDER
        if self.manifest(request) is not None:
            return (ClipDir(downloads, recursive=True),) if downloads.is_dir() else ()
        dirs = [ClipDir(request.folder / f"k150k{part}_extracted", part) for part in PARTS]
        dirs.append(ClipDir(downloads))
        return tuple(entry for entry in dirs if is_folder(entry.path))

    def manifest(self, request: CorpusRequest) -> Path | None:
        return manifest_path(request.folder, request.manifest)

    def content_key(self, clip_name: str) -> str | None:
        """Both corpora take from one collection: `8536919744.mp4` of KonViD-1k is a crop of what
        `orig_8536919744_540_5s.mp4` is a part of."""
        found = flickr_id(clip_name)
        # The content is called as the clip of KonViD-1k that was cut from it would be.
        return f"{KONVID_1K}/{found}" if found else None

    def is_whole(self, request: CorpusRequest) -> bool:
        return request.min_rows_150k >= KONVID_150K_FLOOR

    def load(self, request: CorpusRequest) -> LabelSet:
        manifest = self.manifest(request)
        found = _load_scores(request) if manifest is None else load_manifest(request, manifest)
        return replace(found, clip_dirs=self.clip_dirs(request))


def flickr_id(name: str) -> str | None:
    """The id of the upload that a clip of either corpus was cut from."""
    found = _FLICKR.match(stem(name))
    return found[1] if found else None


def _score_and_vote_files(folder: Path) -> tuple[Path, ...]:
    names = [f"k150k{part}_{kind}.csv" for part in PARTS for kind in ("scores", "votes")]
    return tuple(folder / name for name in names if (folder / name).is_file())


def _load_scores(request: CorpusRequest) -> LabelSet:
    folder = request.folder
    tables = {
        part: read_table(folder / f"k150k{part}_scores.csv")
        for part in PARTS
        if (folder / f"k150k{part}_scores.csv").is_file()
    }
    if not tables:
        looks = f" It looks like {KONVID_1K}: set MOS_CORPUS={KONVID_1K}."
        hint = looks if konvid_1k.label_files(folder) else ""
        raise CorpusError(
            f"{folder} holds no label file of {KONVID_150K}: manifest.csv, k150ka_scores.csv or "
            f"k150kb_scores.csv is looked for.{hint}"
        )
    require_floor(request, sum(len(table.rows) for table in tables.values()))
    by_part: dict[str, Labels] = {}
    rejected: list[RejectedRow] = []
    findings: tuple[Finding, ...] = ()
    for part, table in tables.items():
        source = LabelSource(KONVID_150K, table.path.name, part=part)
        read, found = read_published(table, usual_columns(table, MOS_SCORE_FILE_ALIASES), source)
        findings += found
        kept, lost = one_label_a_clip(KONVID_150K, read.labels, average=False)
        rejected += read.rejected + lost
        del read
        votes = folder / f"k150k{part}_votes.csv"
        if votes.is_file():
            kept, lost = add_votes(KONVID_150K, kept, votes)
            rejected += lost
        by_part[part] = kept
    of_a, of_b = (by_part.get(part, NO_LABELS) for part in PARTS)
    in_b = set(map(stem, of_b.column("clip_name")))
    # Part b is the authors' test set and has many more votes a clip.
    names = of_a.column("clip_name") if in_b else ()
    both = [at for at, name in enumerate(names) if stem(name) in in_b]
    reason = "the clip is in part b too, whose label is used"
    for label in of_a.take(both):
        rejected += reject(KONVID_150K, label, reason)
    return LabelSet(
        name=KONVID_150K,
        version="2021",
        licence=LICENCE,
        origin=LabelOrigin.HUMAN,
        labels=of_a.plus(of_b).by_name(but=both),
        rejected=tuple(rejected),
        label_files=tuple(path.name for path in _score_and_vote_files(folder)),
        rows_read={table.path.name: len(table.rows) for table in tables.values()},
        findings=findings,
    )
