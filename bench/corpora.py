"""What loading a corpus costs at full size: CPU seconds, wall seconds and peak memory.

Two folders are made. `labels` is KonViD-150k as its owners publish it, 153,841 labels of part A
and 1,576 of part B with irregular rows among them, first without clips and then with a small
file a clip that an earlier run has seen. `clips` holds 3,000 real clips of which no two have
the same bytes. Each row of a table is one fresh process; its CPU seconds hold its children's.
The package is imported by those processes only: on Linux a process starts with the peak memory
of the one that started it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from generated.folders import (
    CLIPS,
    VOTES,
    made_up,
    write_clips,
    write_labels,
    write_seen,
    write_votes,
)

if TYPE_CHECKING:
    from mos_assets.records import Corpus
    from mos_assets.records.corpus_columns import FileColumns
    from mos_assets.settings import Settings

WORKERS = 2
ROUNDS = 3
"""Times that the two ways to look at clips take turns; the table shows the middle one."""


@dataclass(frozen=True)
class Cost:
    """What one fresh process used for its work, imports left out."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    child_mb: float
    """The largest of its children."""
    found: str


def main() -> int:
    """Print the tables, or be one of the fresh processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help="make the folders here and keep them")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(asdict(CASES[options.case](options.root))))
        return 0
    with TemporaryDirectory(prefix="mos-bench-") as name:
        root = options.root or Path(name)
        root.mkdir(parents=True, exist_ok=True)
        write_labels(root / "labels" / "konvid-150k")
        write_votes(root / "votes" / "konvid-150k")
        rows = [
            ("153,841 labels, no clip: load_corpus", cost("labels", root)),
            (f"part A with {VOTES} votes a label: load_corpus", cost("votes", root)),
            ("the labels, with reading and writing the store", cost("store", root)),
            ("the same, the asset and its checks in Dagster", cost("asset", root)),
            ("its rows as clips, for the next asset: read_clips", cost("read", root)),
        ]
        print(table(rows), flush=True)
        write_clips(root / "clips" / "clips")
        compared = [(cost("bare", root), cost("new", root)) for _ in range(ROUNDS)]
        bare, new = sorted(compared, key=lambda pair: pair[1].cpu_s / pair[0].cpu_s)[ROUNDS // 2]
        rows = [
            (f"{CLIPS:,} clips: bare PyAV open and sha256", bare),
            ("the same: load_corpus", new),
            ("the same again, all known: load_corpus", cost("known", root)),
        ]
        print(table(rows))
        ratios = ", ".join(f"{new.cpu_s / bare.cpu_s:.2f}" for bare, new in compared)
        print(f"\nCPU of load_corpus over bare, pair by pair: {ratios}\n", flush=True)
        write_seen(root / "labels" / "konvid-150k")
        cost("remember", root)
        rows = [
            ("153,841 clips, all known: load_corpus", cost("seen", root)),
            (
                "the same with the store, as where a label has changed: ingest",
                cost("changed", root),
            ),
            ("a re-run that changes nothing: ingest", cost("again", root)),
            ("the same, the asset and its checks in Dagster", cost("asset", root)),
        ]
        print(table(rows))
    return 0


def table(rows: list[tuple[str, Cost]]) -> str:
    """Markdown, one line a process."""
    lines = ["| | CPU s | wall s | peak MB | of a child | found |", "|---|---:|---:|---:|---:|---|"]
    lines += [
        f"| {what} | {c.cpu_s:.2f} | {c.wall_s:.2f} | {c.peak_mb:.0f} "
        f"| {c.child_mb:.0f} | {c.found} |"
        for what, c in rows
    ]
    return "\n".join(lines)


def cost(case: str, root: Path) -> Cost:
    """Run one case in a fresh process."""
    command = [sys.executable, __file__, "--case", case, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return Cost(**json.loads(done.stdout))


@contextmanager
def measured(found: list[str], costs: list[Cost]) -> Iterator[None]:
    """Append what the block costs; `found` says what came of it."""
    from mos_assets.media.probe import end_readers

    def spent() -> float:
        usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    end_readers()
    before, start = spent(), time.perf_counter()
    yield
    wall = time.perf_counter() - start
    end_readers()  # a child counts once it has ended
    peak, child = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    costs.append(Cost(spent() - before, wall, peak, child, "; ".join(found)))


def case(work: Callable[[Path], Callable[[], str]], root: Path) -> Cost:
    """Prepare, then measure."""
    costs: list[Cost] = []
    found: list[str] = []
    do = work(root)
    with measured(found, costs):
        found.append(do())
    return costs[0]


def load(root: Path, name: str, known: FileColumns | None = None) -> Callable[[], str]:
    from mos_assets.corpora import CorpusRequest, load_corpus
    from mos_assets.records.corpus_columns import NO_FILES

    def do() -> str:
        corpus = load_corpus(
            CorpusRequest(name, root),
            known=lambda: known or NO_FILES,
            workers=WORKERS,
            progress=quiet,
        )
        return said(corpus)

    return do


def said(corpus: Corpus) -> str:
    return (
        f"{len(corpus.clips):,} rows, {len(corpus.rejected)} rejected, "
        f"{corpus.clips_opened:,} files opened"
    )


def quiet(_: str) -> None:
    """Say nothing."""


def work_labels(root: Path) -> Callable[[], str]:
    return load(root / "labels", "konvid-150k")


def work_store(root: Path, name: str = "konvid-150k") -> Callable[[], str]:
    """Read, load and write as where something has changed, however little."""
    from mos_assets.corpora import CorpusRequest, load_corpus
    from mos_assets.store import Database, corpus_rows

    database = Database(root / "store")

    def do() -> str:
        corpus = load_corpus(
            CorpusRequest(name, root / "labels"),
            known=lambda: corpus_rows.seen_files(database, name),
            workers=WORKERS,
            progress=quiet,
        )
        corpus_rows.write_corpora(database, [corpus])
        corpus_rows.corpus_table(database, [name])
        corpus_rows.rejected_table(database, [name])
        return said(corpus)

    return do


def settings_of(root: Path) -> Settings:
    from mos_assets.settings import Settings

    return Settings.of(
        corpus="konvid-150k", corpus_root=str(root / "labels"), store=str(root / "store")
    )


def work_again(root: Path) -> Callable[[], str]:
    """What the asset does, without Dagster around it, where nothing has changed."""
    from mos_assets.pipeline.ingest import ingest
    from mos_assets.store import Database

    settings = settings_of(root)

    def do() -> str:
        done = ingest(settings.run, settings.paths, Database(root / "store"), quiet)
        return f"unchanged: {', '.join(done.unchanged) or 'none'}; {done.opened} files opened"

    return do


def work_changed(root: Path) -> Callable[[], str]:
    """As `work_again`, with nothing to say that it is as it was: every row is made and compared."""
    from mos_assets.store import Database, provenance

    provenance.write(Database(root / "store"), f"{provenance.CORPUS}:konvid-150k", "another")
    return work_again(root)


def work_asset(root: Path) -> Callable[[], str]:
    import dagster as dg

    from mos_assets.definitions import build_defs

    job = build_defs(settings_of(root)).resolve_implicit_global_asset_job_def()

    def do() -> str:
        with dg.instance_for_test() as instance:
            result = job.execute_in_process(
                instance=instance, asset_selection=[dg.AssetKey("raw_corpus")]
            )
        checks = result.get_asset_check_evaluations()
        return f"{sum(check.passed for check in checks)} of {len(checks)} checks passed"

    return do


def work_read(root: Path) -> Callable[[], str]:
    from mos_assets.store import Database, corpus_rows

    database = Database(root / "store")
    return lambda: f"{len(corpus_rows.read_clips(database, ['konvid-150k'])):,} clips"


def open_and_hash(path: str) -> tuple[int, str]:
    import av

    with av.open(path) as container:
        width = container.streams.video[0].codec_context.width
    return width, sha256(Path(path).read_bytes()).hexdigest()


def work_bare(root: Path) -> Callable[[], str]:
    """The least that can be done, on as many cores, each process with PyAV loaded."""
    import av  # noqa: F401

    paths = sorted(map(str, (root / "clips" / "clips").iterdir()))

    def do() -> str:
        with ProcessPoolExecutor(WORKERS) as pool:
            return f"{len(list(pool.map(open_and_hash, paths, chunksize=25))):,} files opened"

    return do


def work_known(root: Path) -> Callable[[], str]:
    from mos_assets.corpora import CorpusRequest, load_corpus

    corpus = load_corpus(CorpusRequest("clips", root), workers=WORKERS, progress=quiet)
    return load(root, "clips", corpus.files)


def work_remember(root: Path) -> Callable[[], str]:
    """Bring the store to where an earlier run would have left it."""
    from mos_assets.corpora import CorpusRequest, load_corpus
    from mos_assets.media.probe import probe_version
    from mos_assets.pipeline.ingest import ingest
    from mos_assets.store import Database, corpus_rows, provenance

    database = Database(root / "store")
    request = CorpusRequest("konvid-150k", root / "labels")
    corpus = load_corpus(request, known=lambda: made_up(root), workers=WORKERS, progress=quiet)
    made: dict[str, str | None] = {f"{provenance.PROBES}:konvid-150k": probe_version()}
    corpus_rows.write_corpora(database, [corpus], made=made)
    # Once more as a run does it, which leaves its signature.
    settings = settings_of(root)
    done = ingest(settings.run, settings.paths, database, quiet)
    return lambda: f"{said(corpus)}; {done.opened} files opened then"


def work_seen(root: Path) -> Callable[[], str]:
    from mos_assets.store import Database, corpus_rows

    known = corpus_rows.seen_files(Database(root / "store"), "konvid-150k")
    return load(root / "labels", "konvid-150k", known)


CASES: dict[str, Callable[[Path], Cost]] = {
    "labels": partial(case, work_labels),
    "votes": partial(case, lambda root: load(root / "votes", "konvid-150k")),
    "store": partial(case, work_store),
    "asset": partial(case, work_asset),
    "read": partial(case, work_read),
    "bare": partial(case, work_bare),
    "new": partial(case, lambda root: load(root, "clips")),
    "known": partial(case, work_known),
    "remember": partial(case, work_remember),
    "seen": partial(case, work_seen),
    "changed": partial(case, work_changed),
    "again": partial(case, work_again),
}


if __name__ == "__main__":
    sys.exit(main())
