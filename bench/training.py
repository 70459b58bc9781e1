"""What training costs at the size of KonViD-150k, beside a plain PyTorch loop.

150,000 rows of eleven features, generated. The reference trains one network of the usual shape (two
layers of 64, dropout, Adam) at a time, as most trainers do. Ours trains all of them together, in
arithmetic that gives the same bytes everywhere. CPU seconds of one thread each, taken one after the
other in one run; the whole of training runs in a process of its own, for its peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
from generated.tables import FOLDS, table_of

from mos_assets.head import Recipe, plan_for, train
from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts.adamw import Job, train_networks
from mos_assets.head.experts.networks import Networks
from mos_assets.head.standardise import Scaling
from mos_assets.records import SEED, TrainingTable

ROWS, FEATURES = 150_000, 11
SEEDS = 5
REFERENCE_BATCHES = (64, 256)


@dataclass(frozen=True)
class Whole:
    """All of training, in figures."""

    cpu_s: float
    peak_mb: float
    plcc: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the generated table")
    parser.add_argument("--whole", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.whole:
        print(json.dumps(vars(whole(options.rows))))
        return
    table = generated(options.rows)
    ours, members = stacked_epoch(table)
    print(f"{options.rows:,} rows x {FEATURES} features\n")
    print("| one epoch of one network | CPU s | of ours |")
    print("|---|---:|---:|")
    for batch in REFERENCE_BATCHES:
        reference = pytorch_epoch(table, batch)
        print(
            f"| PyTorch, one at a time, batches of {batch} | {reference:.2f} | "
            f"{reference / ours:.1f} |"
        )
    print(f"| stacked, exact arithmetic, {members} at once | {ours:.3f} | 1.0 |")
    answer = subprocess.run(  # a fresh process, so that the peak is its own
        [sys.executable, __file__, "--whole", "--rows", str(options.rows)],
        check=True,
        capture_output=True,
        text=True,
    )
    found = Whole(**json.loads(answer.stdout.splitlines()[-1]))
    settled = plan_for(table, Recipe()).params
    print(
        f"\nAll {FOLDS} folds x {SEEDS} seeds and the shipped head, {settled['members']} networks "
        f"each for {settled['epochs']} epochs: {found.cpu_s:.0f} CPU s, {found.peak_mb:.0f} MB at "
        f"peak, out-of-fold PLCC {found.plcc:.4f}."
    )


def generated(rows: int) -> TrainingTable:
    """Bent, noisy and in units of many sizes."""
    rng = np.random.default_rng(SEED)
    plain = rng.standard_normal((rows, FEATURES))
    mos = 3 + 0.5 * np.tanh(plain[:, 0]) + 0.3 * plain[:, 1] * plain[:, 2] - 0.2 * plain[:, 3]
    features = plain * 10.0 ** (np.arange(FEATURES) % 5 - 2)
    return table_of(features, np.clip(mos + rng.normal(0, 0.4, rows), 1, 5))


def standardised(table: TrainingTable) -> np.ndarray:
    """Plain z-scores."""
    return (table.features - table.features.mean(axis=0)) / table.features.std(axis=0)


def stacked_epoch(table: TrainingTable) -> tuple[float, int]:
    """CPU s a network and epoch of the stacked training, and how many networks a stack holds."""
    rows = len(table.mos)
    networks = Networks("network", Scaling.SOFT).for_table(rows, rows).with_params({"epochs": 1})
    inputs = to_grid(np.clip(standardised(table), -6, 6), INPUT_BITS)
    jobs = [Job(inputs, table.mos, np.random.default_rng(seed)) for seed in range(SEEDS)]
    at_once = len(jobs) * networks.members
    began = time.process_time()
    train_networks(jobs, networks, networks.members, lambda _done, _all: None)
    return (time.process_time() - began) / at_once, at_once


def pytorch_epoch(table: TrainingTable, batch: int) -> float:
    """CPU s of one epoch of one network of two layers of 64."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    x = torch.tensor(standardised(table), dtype=torch.float32)
    y = torch.tensor(table.mos, dtype=torch.float32)
    model = torch.nn.Sequential(
        torch.nn.Linear(FEATURES, 64),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(64, 1),
    )
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    began = time.process_time()
    order = torch.randperm(len(y))
    for start in range(0, len(y), batch):
        picked = order[start : start + batch]
        mos = 1 + 4 * torch.sigmoid(model(x[picked]).squeeze(1))
        loss = torch.nn.functional.mse_loss(mos, y[picked])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.process_time() - began


def whole(rows: int) -> Whole:
    """Everything that the asset trains."""
    table = generated(rows)
    began = time.process_time()
    result = train(
        table,
        Recipe(),
        [SEED + index for index in range(SEEDS)],
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    cpu_s = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plcc = np.corrcoef(result.out_of_fold.predictions[0], table.mos)[0, 1]
    return Whole(cpu_s, peak, float(plcc))


if __name__ == "__main__":
    main()
