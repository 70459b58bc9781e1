"""What estimating 769,200 votes of 153,841 clips costs, beside DuckDB averaging the same votes.

    python bench/votes.py [--clips 153841] [--votes 769200] [--raters 2000]

Every step runs in a process of its own on votes that are simulated from biases and inconsistencies
that are known, as the sizes of KonViD-150k's vote files. Prints CPU seconds, the largest resident
size, CPU as a multiple of DuckDB's, and how far the MOS lie from the truth.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from mos_assets.records import SEED, Estimator, Votes

BOUND_S, BOUND_MB = 20.0, 600.0
"""Of p913, CPU seconds and resident size."""


def simulate(clips: int, votes: int, raters: int) -> tuple[Votes, np.ndarray]:
    """Votes in no order, at least one a clip, and the true quality of each clip."""
    rng = np.random.default_rng(SEED)
    truth = np.clip(rng.normal(3.2, 0.8, clips), 1, 5)
    bias, deviation = rng.normal(0, 0.3, raters), rng.uniform(0.4, 1.2, raters)
    clip = rng.permutation(np.resize(np.arange(clips), votes))
    rater = rng.integers(raters, size=votes)
    vote = truth[clip] + bias[rater] + deviation[rater] * rng.normal(size=votes)
    return Votes(
        clips=tuple(f"orig_{10**9 + 7919 * i}_540_5s.mp4" for i in range(clips)),
        raters=tuple(f"worker{i}" for i in range(raters)),
        sessions=("",),
        clip=clip,
        rater=rater,
        session=np.zeros(votes, dtype=np.int64),
        vote=np.clip(np.round(vote), 1, 5),
    ), truth


def step(name: str, folder: Path) -> None:
    """One step, measured without what loading its input costs."""
    saved = np.load(folder / "votes.npz", allow_pickle=False)
    names = (folder / "clips.txt").read_text().split("\n")
    raters = tuple(f"worker{i}" for i in range(int(saved["raters"])))
    arrays = (saved["clip"], saved["rater"], np.zeros(len(saved["clip"]), np.int64), saved["vote"])
    votes = Votes(tuple(names), raters, ("",), *arrays)
    if name == "duckdb":
        import duckdb

        # An answer first, so that loading is not measured.
        connection = duckdb.connect(config={"threads": 1})
        before = _cpu()
        path = folder / "votes.csv"
        connection.sql(
            f"CREATE TABLE means AS SELECT clip, avg(vote), stddev_samp(vote), count(*) "
            f"FROM read_csv('{path}') GROUP BY clip"
        )
        figures = ""
    else:
        from mos_assets.ratings import estimate

        before = _cpu()
        found = estimate(votes, Estimator(name))
        gap = found.ratings.mos - saved["truth"][found.ratings.clip]
        figures = f"  rms from the truth {float(np.std(gap)):.4f}"
        if name == Estimator.P913:
            print(found.ways[0], file=sys.stderr)
    print(f"{name} {_cpu() - before} {_resident_mb()} {figures}")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_mb() -> float:
    # Not ru_maxrss, which a new program inherits from whoever started it.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=153_841)
    parser.add_argument("--votes", type=int, default=769_200)
    parser.add_argument("--raters", type=int, default=2_000)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step(given.step, given.folder)
        return
    with tempfile.TemporaryDirectory(prefix="mos-bench-") as name:
        folder = Path(name)
        votes, truth = simulate(given.clips, given.votes, given.raters)
        arrays = {"clip": votes.clip, "rater": votes.rater, "vote": votes.vote, "truth": truth}
        np.savez(folder / "votes.npz", raters=np.int64(given.raters), **arrays)
        (folder / "clips.txt").write_text("\n".join(votes.clips))
        rows = zip(votes.clip, votes.rater, votes.vote, strict=True)
        lines = (f"{votes.clips[c]},{votes.raters[r]},{v:g}\n" for c, r, v in rows)
        (folder / "votes.csv").write_text("clip,rater,vote\n" + "".join(lines))
        base = 0.0
        for what in ("duckdb", *Estimator):
            command = [sys.executable, __file__, "--step", str(what), "--folder", name]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            _, cpu, resident, *figures = told.split(maxsplit=3)
            base = base or float(cpu)
            print(
                f"{what:8} {float(cpu):7.2f} CPU s  {float(resident):6.0f} MB  "
                f"{float(cpu) / base:6.2f} x DuckDB  {''.join(figures).strip()}"
            )
            if what == Estimator.P913:
                assert float(cpu) <= BOUND_S, f"p913 takes {cpu} CPU s, over {BOUND_S:g}"
                assert float(resident) <= BOUND_MB, f"p913 takes {resident} MB"


if __name__ == "__main__":
    main()
