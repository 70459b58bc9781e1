"""The asset `raw_corpus`: label files and clips as they lie on disk, one row a clip."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Set
from functools import partial

import dagster as dg

from mos_assets.assets.platform import Platform
from mos_assets.assets.reporting import OWNERS, preview, table_metadata, user_errors
from mos_assets.corpora import (
    UNUSABLE_CLIP,
    Catalogue,
    DownloadProgress,
    Known,
    load_corpus,
    table_names,
)
from mos_assets.downloading import corpus_request, fetch_clips, progress_line, summary_line
from mos_assets.extraction import BLOCKS, parse_blocks, require_blocks, required_parts
from mos_assets.media.probe import probe_version
from mos_assets.records import MOS_MAX, MOS_MIN, Corpus
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, download_rows, stamps

PROGRESS_EVERY_S = 10.0
"""Seconds between two lines on a download."""
REJECTED_SHOWN = 5
"""Rejected rows of a corpus that the log names one by one."""
ATTRITION_WARNING = 0.10
"""Warn where more than this share of the labels has no usable clip."""


@dg.asset(
    group_name="corpus",
    owners=OWNERS,
    kinds={"duckdb", "csv"},
    description=(
        "The corpora of MOS_CORPUS: one row a rated clip, with its label mapped to 1..5, its file "
        "and what the container says of it. Rows that could not be used are in `rejected_rows`, "
        "with the reason. Table `raw_corpus` of mos_assets.duckdb in MOS_STORE."
    ),
)
def raw_corpus(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        for name in settings.corpora:
            require_blocks(
                parse_blocks(settings.features), table_names(name, settings.corpus_folder)
            )
        fetched = _Fetched(context.log.info, settings)
        catalogue = Catalogue(settings.store_folder)
        distrusted = catalogue.distrusted()
        corpora = [
            load_corpus(
                corpus_request(settings, name),
                known=_known(database, name, distrusted),
                workers=settings.workers,
                progress=context.log.info,
                fetch=partial(fetched.take, name),
            )
            for name in settings.corpora
        ]
        for corpus in corpora:
            context.log.info(_headline(corpus))
            for row in corpus.rejected[:REJECTED_SHOWN]:
                place = row.source if row.line is None else f"{row.source}, line {row.line}"
                context.log.warning(f"{corpus.name}: {place}: {row.clip_name or ''}: {row.reason}")
            if len(corpus.rejected) > REJECTED_SHOWN:
                context.log.warning(
                    f"{corpus.name}: {len(corpus.rejected) - REJECTED_SHOWN} more in the table "
                    "rejected_rows and in the asset's metadata"
                )
        corpus_rows.write_corpora(database, corpora)
        catalogue.trust(distrusted & {str(file.path) for c in corpora for file in c.files})
        for name in settings.corpora:
            stamps.write_stamp(database, _probed(name), probe_version())
        rows = corpus_rows.corpus_table(database, settings.corpora)
        rejected = corpus_rows.rejected_table(database, settings.corpora)
    return dg.MaterializeResult(
        metadata={
            **table_metadata(rows),
            "corpora": ", ".join(settings.corpora),
            "label_origin": ", ".join(sorted({str(c.label_origin) for c in corpora})),
            "clips_with_video": sum(clip.path is not None for c in corpora for clip in c.clips),
            "downloaded": fetched.downloaded,
            "downloads_failed": fetched.failed,
            "downloads_failed_permanently": fetched.permanent,
            "clips_opened": sum(c.clips_opened for c in corpora),
            "rejected_rows": rejected.num_rows,
            "rejected_preview": preview(rejected.slice(0, 20)),
        }
    )


class _Fetched:
    """Downloads what manifests name, where the chosen features look at clips at all."""

    def __init__(self, say: Callable[[str], None], settings: Settings) -> None:
        self._say, self._settings = say, settings
        self.downloaded = self.failed = self.permanent = 0

    def take(self, corpus: str, urls: Mapping[str, str]) -> None:
        if not any(name in BLOCKS for name in parse_blocks(self._settings.features)):
            self._say(f"{corpus}: no clip is downloaded; MOS_FEATURES needs none")
            return
        last = time.monotonic()

        def progress(now: DownloadProgress) -> None:
            nonlocal last
            if time.monotonic() - last >= PROGRESS_EVERY_S:
                last = time.monotonic()
                self._say(progress_line(corpus, now))

        found = fetch_clips(self._settings, corpus, progress, urls=urls)
        self._say(summary_line(corpus, found))
        self.downloaded += found.downloaded
        self.failed += found.failed
        self.permanent += found.permanent


def _known(database: Database, corpus: str, distrusted: Set[str]) -> Known:
    """What earlier runs found in its files; nothing where another version had looked, and not of
    files that a sensor found written to although size and time say otherwise."""
    if stamps.stamp_of(database, _probed(corpus)) != probe_version():
        return {}
    known = corpus_rows.known_clips(database, corpus)
    return {at: clip for at, clip in known.items() if at[0] not in distrusted}


def _probed(corpus: str) -> str:
    return f"{stamps.PROBES}:{corpus}"


def _headline(corpus: Corpus) -> str:
    with_video = sum(clip.path is not None for clip in corpus.clips)
    return (
        f"{corpus.name} {corpus.version}: {len(corpus.clips)} rated clips, {with_video} with "
        f"video, {corpus.label_origin} labels, {len(corpus.rejected)} rows rejected"
    )


@dg.asset_check(
    asset=raw_corpus, blocking=True, description="Every MOS lies in 1..5 and there is at least one."
)
def labels_in_range(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        rows = corpus_rows.corpus_table(platform.database, platform.settings.corpora)
    outside = [
        f"{row['clip_id']} ({row['mos']})"
        for row in rows.select(["clip_id", "mos"]).to_pylist()
        if not MOS_MIN <= row["mos"] <= MOS_MAX
    ]
    return dg.AssetCheckResult(
        passed=rows.num_rows > 0 and not outside,
        metadata={
            "labels": rows.num_rows,
            "outside": len(outside),
            "first": ", ".join(outside[:5]),
        },
    )


@dg.asset_check(
    asset=raw_corpus,
    blocking=True,
    description="Every row of every label file stands behind a clip or is a rejected row.",
)
def rows_add_up(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        accounts = corpus_rows.account_table(platform.database, platform.settings.corpora)
    open_accounts = [
        f"{row['corpus']}/{row['source']}: {row['rows']} rows, {row['used']} used, "
        f"{row['rejected']} rejected"
        for row in accounts.to_pylist()
        if row["rows"] != row["used"] + row["rejected"]
    ]
    return dg.AssetCheckResult(
        passed=accounts.num_rows > 0 and not open_accounts,
        metadata={"accounts": preview(accounts), "open": ", ".join(open_accounts) or "none"},
    )


@dg.asset_check(
    asset=raw_corpus, blocking=True, description="No clip id and no file stands in the table twice."
)
def clips_unique(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        rows = corpus_rows.corpus_table(platform.database, platform.settings.corpora)
    ids = Counter(rows["clip_id"].to_pylist())
    paths = Counter(path for path in rows["path"].to_pylist() if path is not None)
    twice = [name for name, count in (ids + paths).items() if count > 1]
    return dg.AssetCheckResult(
        passed=not twice, metadata={"twice": len(twice), "first": ", ".join(twice[:5])}
    )


@dg.asset_check(
    asset=raw_corpus,
    description="At most a tenth of the labels lacks a usable clip; a warning, and normal where "
    "the features come from tables.",
)
def clips_present(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    with user_errors():
        needed = bool(required_parts(parse_blocks(settings.features)))
        rows = corpus_rows.corpus_table(platform.database, settings.corpora)
        rejected = corpus_rows.rejected_table(platform.database, settings.corpora)
        failed = download_rows.failed_downloads(platform.database, settings.corpora)
    unusable = sum(reason.startswith(UNUSABLE_CLIP) for reason in rejected["reason"].to_pylist())
    labels = rows.num_rows + unusable
    missing = rows["path"].null_count + unusable
    share = missing / labels if labels else 0.0
    # No clip at all is a corpus without clips, unless they were asked for and did not come.
    wanted = needed and (missing < labels or failed > 0)
    return dg.AssetCheckResult(
        passed=share <= ATTRITION_WARNING or not wanted,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "labels": labels,
            "without_usable_clip": missing,
            "share": round(share, 4),
            "downloads_failed": failed,
        },
    )
