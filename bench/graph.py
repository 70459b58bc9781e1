"""The whole graph on 150,000 rated rows with eleven features: its first run, and again unchanged.

`dagster asset materialize --select '*'` in folders of its own, as whole processes: CPU seconds with
those of children, and the most memory of one process. The labels are shaped as KonViD-150k's, and
the features, which follow them, come in a table, so that nothing is extracted. The first run
trains seeds × folds networks and closed forms; what each step of it takes is in Dagster's log.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from generated.folders import write_labels

COLUMNS = 11
NOISE = np.linspace(0.6, 3.0, COLUMNS)
"""Deviation of each feature from the rating that it follows."""

_MADE = re.compile(r"orig_\d{10}_540_5s\.mp4")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--again", type=int, default=2, help="runs after the first")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="mos-bench-") as name:
        root = Path(name)
        folder = root / "corpora" / "konvid-150k"
        write_labels(folder)
        write_features(folder)
        print("| | CPU s | peak MB |\n|---|---:|---:|", flush=True)
        for at in range(1 + options.again):
            cpu_s, peak_mb = run(root, options.seeds)
            what = f"{options.seeds} × 5" if at == 0 else "again, nothing changed"
            print(f"| {what} | {cpu_s:.1f} | {peak_mb:.0f} |", flush=True)
    return 0


def write_features(folder: Path) -> None:
    """A table for every clip of part A that has a plain label."""
    lines = (folder / "k150ka_scores.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    rated = {
        name: float(mos)
        for name, comma, mos in (line.partition(",") for line in lines)
        if comma and _MADE.fullmatch(name)
    }
    draw = np.random.default_rng(1)
    mos = np.array(list(rated.values()))
    columns = {f"f{at}": mos + draw.normal(0, noise, len(mos)) for at, noise in enumerate(NOISE)}
    (folder / "features").mkdir()
    table = pa.table({"clip_name": list(rated), **columns})
    pq.write_table(table, folder / "features" / "own.parquet")


def run(root: Path, seeds: int) -> tuple[float, float]:
    """(CPU s, peak MB) of one materialisation of everything, as a process."""
    settings = {
        "DAGSTER_HOME": root / "home",
        "MOS_CORPUS": "konvid-150k",
        "MOS_CORPUS_ROOT": root / "corpora",
        "MOS_STORE": root / "store",
        "MOS_MODEL_DIR": root / "model",
        "MOS_FEATURES": "own",
        "MOS_SEEDS": seeds,
        "DAGSTER_DISABLE_TELEMETRY": 1,
    }
    (root / "home").mkdir(exist_ok=True)
    command = ["asset", "materialize", "--select", "*", "-m", "mos_assets.definitions"]
    log = root / "log"
    with log.open("w") as into:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("dagster")), *command],
            stdout=into,
            stderr=into,
            env={**os.environ, **{name: str(value) for name, value in settings.items()}},
            cwd=root,
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log.read_text()[-4000:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
