"""What the predictor costs beside the bare runtime on the same file, side by side in one run.

    python bench/predictor.py [--model FOLDER] [--head ID] [--rows 100000] [--clip FILE]

Ratios of CPU seconds (user and system): `from mos_assets import Predictor` beside `import numpy`;
`predict_mos` of one clip and `predict_many` of many rows, given as each kind of table, beside
`session.run`; room above the session, each in a process of its own. With a clip, the CPU time of
`mos predict` on it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mos_assets.predictor import Predictor
from mos_assets.release.naming import KONVID_HEAD
from mos_assets.settings.paths import OWN_MODEL_FOLDER

STARTS, ROUNDS, CALLS = 20, 7, 2000
KINDS = ("array float32", "array float64", "mapping", "arrow", "pandas", "bare")


def children_s(arguments: list[str], times: int) -> float:
    """Median CPU seconds of a program."""
    spent = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(arguments, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spent)


def side_by_side(ways: dict[str, Callable[[], object]], calls: int) -> dict[str, float]:
    """Least CPU seconds of a call of each, in turns, so that a busy machine meets all of them."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.process_time()
            for _ in range(calls):
                way()
            best[name] = min(best[name], (time.process_time() - began) / calls)
    return best


def made_rows(predictor: Predictor, rows: int) -> np.ndarray:
    """[rows, F] float32 around the head's training rows."""
    assert predictor.manifest is not None, predictor.fallback_reason
    draw = np.random.default_rng(1).standard_normal((rows, len(predictor.manifest.feature_order)))
    mean, std = predictor.manifest.feature_mean, predictor.manifest.feature_std
    return (np.array(mean) + draw * np.array(std)).astype(np.float32)


def bare(predictor: Predictor, rows: np.ndarray) -> Callable[[], np.ndarray]:
    assert predictor._head is not None
    assert predictor.manifest is not None
    session = predictor._head.session
    onehot = np.zeros((len(rows), len(predictor.manifest.encoder_vocab)), np.float32)
    onehot[:, 0] = 1.0
    fed = {"features": rows, "encoder_onehot": onehot}
    return lambda: session.run(["mos"], fed)[0]


def as_kind(kind: str, rows: np.ndarray, order: tuple[str, ...]) -> Any:
    columns = {name: rows[:, at].astype(np.float64) for at, name in enumerate(order)}
    if kind == "mapping":
        return columns
    if kind == "arrow":
        import pyarrow as pa

        return pa.table(columns)
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame(columns)
    return rows.astype(np.float64) if kind == "array float64" else rows


def peak_mb() -> float:
    """Largest room that this program had (Linux); ru_maxrss would be that of whoever started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def room(kind: str, folder: Path, head: str, count: int) -> None:
    """Print the MB that one call takes above the session and the rows."""
    predictor = Predictor(folder, head)
    rows = made_rows(predictor, count)
    assert predictor.manifest is not None
    given = as_kind(kind, rows, predictor.manifest.feature_order)
    call = bare(predictor, rows) if kind == "bare" else lambda: predictor.predict_many(given)
    before = peak_mb()
    call()
    print(f"{peak_mb() - before:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=OWN_MODEL_FOLDER)
    parser.add_argument("--head", default=KONVID_HEAD)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--room", choices=KINDS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.room:
        room(given.room, given.model, given.head, given.rows)
        return
    python = [sys.executable, "-c"]
    for code in ("pass", "import numpy", "from mos_assets import Predictor"):
        print(f"{code:35} {children_s([*python, code], STARTS):.3f} s")

    predictor = Predictor(given.model, given.head)
    rows = made_rows(predictor, given.rows)
    assert predictor.manifest is not None
    order = predictor.manifest.feature_order
    clip = dict(zip(order, map(float, rows[0]), strict=True))
    one = side_by_side(
        {
            "session.run": bare(predictor, rows[:1]),
            "predict_mos": lambda: predictor.predict_mos(clip, "libx264"),
        },
        CALLS,
    )
    print(f"one clip: session.run {one['session.run'] * 1e6:.1f} µs, predict_mos ", end="")
    print(f"{one['predict_mos'] / one['session.run']:.3f} ×")

    ways: dict[str, Callable[[], object]] = {"session.run": bare(predictor, rows)}
    for kind in KINDS[:-1]:
        table = as_kind(kind, rows, order)
        ways[kind] = lambda table=table: predictor.predict_many(table)
    many = side_by_side(ways, 1)
    print(f"{given.rows} rows: session.run {many['session.run']:.3f} s", end="")
    print("; predict_many " + ", ".join(
        f"{kind} {many[kind] / many['session.run']:.3f} ×" for kind in KINDS[:-1]
    ))  # fmt: skip
    same = np.array_equal(predictor.predict_many(rows).mos, bare(predictor, rows)())
    print(f"the same numbers to the last bit: {same}")
    for kind in KINDS:
        arguments = ["--model", str(given.model), "--head", given.head, "--rows", str(given.rows)]
        found = subprocess.run(
            [sys.executable, __file__, *arguments, "--room", kind],
            check=True,
            capture_output=True,
            text=True,
        )
        print(f"{given.rows} rows, {kind}: {found.stdout.strip()} MB above the session")
    if given.clip:
        code = "from mos_assets.cli import main; main()"
        seconds = children_s([*python, code, "predict", "--head", given.head, str(given.clip)], 5)
        print(f"mos predict {given.clip.name}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
