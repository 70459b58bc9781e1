"""What a scan of a sensor costs on 300,000 clips: the first, one where nothing changed, a night's.

    python bench/automation.py [--clips 300000] [--folders 1]

Makes folders of empty files, takes real scans through the doors that the sensors use, and prints
CPU milliseconds, wall milliseconds and the size of the cursor.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from generated.folders import TOML

from mos_assets.automation.decisions import Rules, decide
from mos_assets.automation.facts import SensorState
from mos_assets.automation.scans import scan_corpora
from mos_assets.settings import Settings

RULES = Rules(removal_share=0.1, quiet_s=90)
REPEATS = 9
CORPUS = "clips"
"""As TOML names it."""


def make(root: Path, clips: int, folders: int) -> Settings:
    """A corpus of empty clips, spread over folders, with a label each."""
    corpus = root / "corpora" / CORPUS
    names = []
    for folder in range(folders):
        place = corpus / "clips" / f"part{folder:05d}" if folders > 1 else corpus / "clips"
        place.mkdir(parents=True)
        for n in range(folder, clips, folders):
            name = f"orig_{10**9 + 7919 * n}_540_5s.mp4"
            os.close(os.open(place / name, os.O_CREAT | os.O_WRONLY))
            names.append(name)
        # Long settled: a folder changed within two seconds is read again.
        os.utime(place, (1_700_000_000, 1_700_000_000))
    os.utime(corpus / "clips", (1_700_000_000, 1_700_000_000))
    (corpus / "corpus.toml").write_text(TOML)
    (corpus / "labels.csv").write_text("clip,mos\n" + "".join(f"{name},3.21\n" for name in names))
    return Settings.of(corpus=CORPUS, corpus_root=str(root / "corpora"), store=str(root / "store"))


def cost(scan: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall milliseconds."""
    before, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    scan()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * cpu, 1000 * (time.perf_counter() - wall)


def measure(clips: int, folders: int) -> None:
    """Print one row a kind of scan."""
    with TemporaryDirectory(prefix="mos-bench-") as name:
        settings = make(Path(name), clips, folders)
        state: SensorState | None = None

        def tick(every_file: bool) -> None:
            nonlocal state
            turn = 0 if state is None else state.turn
            snapshot = scan_corpora(settings.run, settings.paths, every_file=every_file, turn=turn)
            state = decide(state, snapshot, [], time.time(), RULES).state

        rows = [("first scan", [cost(lambda: tick(True))])]
        rows.append(("every file (night, or unsettled)", [cost(lambda: tick(True))]))
        rows.append(("nothing changed", [cost(lambda: tick(False)) for _ in range(REPEATS)]))
        corpus = settings.paths.corpus_folder / CORPUS
        place = next(corpus.glob("**/*.mp4")).parent
        (place / "new.mp4").write_bytes(b"new")
        rows.append(("a clip came", [cost(lambda: tick(False))]))
        assert state is not None
        assert state.quiet == 0, "the change must be seen"
        cursor = len(state.to_cursor())
        catalogue = (settings.paths.store_folder / "watch.sqlite").stat().st_size / 1e6
        for what, costs in rows:
            cpu, wall = (statistics.median(c[i] for c in costs) for i in (0, 1))
            print(f"| {clips} in {folders} | {what} | {cpu:.0f} | {wall:.0f} |")
        print(f"| {clips} in {folders} | cursor {cursor} bytes, catalogue {catalogue:.1f} MB | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=300_000)
    parser.add_argument("--folders", type=int, nargs="*", default=[1, 300, 10_000])
    options = parser.parse_args()
    print("| clips in folders | scan | CPU ms | wall ms |\n|---|---|---:|---:|")
    for folders in options.folders:
        measure(options.clips, folders)


if __name__ == "__main__":
    main()
