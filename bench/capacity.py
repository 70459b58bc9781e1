"""What many clips take, computed from what was measured: `python bench/capacity.py`.

Prints the tables of docs/capacity.md. The constants below are CPU seconds and bytes that other
benches measured (docs/benchmarks.md); what follows from them for a number of clips and of workers
is simulated where pieces are few, and the larger of two bounds where they are many.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from mos_assets.io.log_lines import pause_s
from mos_assets.pipeline.measure import GOOD_PIECES, LEAST_PIECE_S, MOST_PIECE_S

CLIP_S = 1.3
"""CPU s to measure a clip of 960 by 540, 240 frames, `konvid-v1`, by default settings."""
SPREAD = 0.4, 0.7, 0.9, 1.2, 1.8
"""Of a piece's cost around its estimate."""
CLIP_MB = 2.0
"""Of a clip of KonViD-1k."""
OPEN_S = 0.0053
"""CPU s to open and hash one (bench/corpora.py)."""
NOTED_S, HANDED_S = 0.0015, 0.004
"""CPU s of the caller a clip that comes back, and of Dask a piece (bench/cluster.py)."""
DISK_MB_S = 500.0
"""What one machine reads."""
CORES = 8
"""Of the machine where the run is."""
ROWS_S, ROWS_KB = 30e-6, 0.9
"""Of raw_corpus a clip that is known already (bench/corpora.py)."""
TASK_KB = 1.1
"""Of a clip that is to be measured, with its place in a piece."""
MERGE_S = 0.1 / 1172
"""CPU s a clip of a shard that is merged."""
IN_WORK_KB = 2.0 * 3 / 128
"""Of a clip that came back, as long as its shard is not whole: some three of 128 at a time."""
TRAIN_S, TRAIN_KB = 107 / 150_000, 2.1
"""A row of 11 columns, 5 folds × 5 seeds (bench/training.py)."""
JUDGE_S, JUDGE_START_S, JUDGE_KB = 0.00025, 5.5, 0.5
"""A row, 5 seeds."""
SHARD_BYTES = 160
STORE_BYTES = 370 + 200 + 90
"""A clip in mos_assets.duckdb: measurements, corpus with features and folds, five predictions."""
RUN_EVENTS = 180
"""Of a run, whatever its clips; progress comes on top."""
_FEW_PIECES = 50_000


@dataclass(frozen=True)
class Night:
    """Measuring so many clips on so many workers."""

    hours: float
    workers_busy: float
    caller_busy: float
    read_mb_s: float
    events: int


def night(clips: int, workers: int) -> Night:
    """What measuring takes, and how busy everybody is."""
    work = clips * CLIP_S
    piece_s = min(MOST_PIECE_S, max(LEAST_PIECE_S, work / GOOD_PIECES))
    pieces = math.ceil(work / piece_s)
    hand_s = HANDED_S + NOTED_S * clips / pieces
    if pieces <= _FEW_PIECES:
        seconds = simulated(pieces, work / pieces, hand_s, workers)
    else:
        seconds = max(work / workers, pieces * hand_s) + piece_s
    return Night(
        hours=seconds / 3600,
        workers_busy=work / (seconds * workers),
        caller_busy=min(1.0, pieces * hand_s / seconds),
        read_mb_s=clips * CLIP_MB / seconds,
        events=lines_of(seconds),
    )


def simulated(pieces: int, piece_s: float, hand_s: float, workers: int) -> float:
    """Seconds until the last piece is back. A worker has two pieces; the caller takes one back and
    hands out the next, one after the other."""
    costs = _costs(pieces, piece_s)
    free = [0.0] * workers
    ends: list[tuple[float, int, int]] = []
    caller, number = 0.0, count()

    def hand(worker: int) -> None:
        nonlocal caller
        cost = next(costs, None)
        if cost is not None:
            free[worker] = max(free[worker], caller) + cost
            heapq.heappush(ends, (free[worker], next(number), worker))

    for _ in range(2):
        for worker in range(workers):
            hand(worker)
    end = 0.0
    while ends:
        at, _, worker = heapq.heappop(ends)
        caller = max(caller, at) + hand_s
        end = caller
        hand(worker)
    return end


def _costs(pieces: int, piece_s: float) -> Iterator[float]:
    for number in range(pieces):
        yield piece_s * SPREAD[number % len(SPREAD)]


def lines_of(seconds: float) -> int:
    """Rows that progress makes in Dagster's storage."""
    at, lines = 0.0, 0
    while at < seconds:
        at += pause_s(at)
        lines += 1
    return lines


def nights(clips: int, counts: tuple[int, ...]) -> str:
    """Extraction, a row a number of workers."""
    lines = [
        "| workers | hours | workers busy | caller busy | MB/s read | events |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for workers in counts:
        told = night(clips, workers)
        lines.append(
            f"| {workers:,} | {told.hours:,.1f} | {told.workers_busy:.0%} | {told.caller_busy:.0%} "
            f"| {told.read_mb_s:,.0f} | {RUN_EVENTS + told.events} |"
        )
    return "\n".join(lines)


def stages(counts: tuple[int, ...]) -> str:
    """The other stages, on the one machine where the run is: hours and GB for each number."""
    head = "".join(f" {clips:,}: h | GB |" for clips in counts)
    lines = [f"| stage |{head}", "|---|" + "---:|" * (2 * len(counts))]

    def row(name: str, cpu_s: float, start_s: float, kb: float, wall_s: float = 0.0) -> None:
        cells = ""
        for clips in counts:
            hours = max(start_s + cpu_s * clips, wall_s * clips) / 3600
            cells += f" {hours:,.2f} | {kb * clips / 1e6:,.1f} |"
        lines.append(f"| {name} |{cells}")

    row("`raw_corpus`, every clip new", OPEN_S / CORES, 0.0, ROWS_KB, CLIP_MB / DISK_MB_S)
    row("`raw_corpus`, one clip changed", ROWS_S, 0.0, ROWS_KB)
    row("plan of `clip_measurements`, all missing", ROWS_S, 0.0, TASK_KB)
    row("taking back and merging", MERGE_S, 0.0, IN_WORK_KB)
    row("`trained_onnx`, 11 columns", TRAIN_S, 0.0, TRAIN_KB)
    row("`gate_report`", JUDGE_S, JUDGE_START_S, JUDGE_KB)
    lines += ["", f"| disk |{''.join(f' {clips:,}: GB |' for clips in counts)}"]
    lines += ["|---|" + "---:|" * len(counts)]
    for name, each in (("clips", CLIP_MB * 1e6), ("shards", SHARD_BYTES), ("store", STORE_BYTES)):
        lines.append(f"| {name} |{''.join(f' {each * clips / 1e9:,.1f} |' for clips in counts)}")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Heading → table, as they stand in docs/capacity.md."""
    return {
        "150,000 clips": nights(150_000, (2, 16, 64, 256, 1024)),
        "10 million clips": nights(10_000_000, (64, 256, 1024, 4096)),
        "The run's machine": stages((150_000, 10_000_000)),
    }


def main() -> int:
    for heading, table in tables().items():
        print(f"## {heading}\n\n{table}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
