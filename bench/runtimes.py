"""How far runtimes agree on released heads, and what each makes of NaN; a Markdown table.

    python bench/runtimes.py [--model FOLDER]... [--others FOLDER] [--rows 4000]

Other runtimes are no dependencies: with `--others`, OpenVINO, and where there is npm ONNX Runtime's
Node and web builds, are installed into that folder (700 MB) unless they are there. Rows lie around
each head's training rows, up to 100 deviations away; beside them rows of which one feature is NaN
or infinite.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import load_from_string
from onnx.reference import ReferenceEvaluator

from mos_assets.release.loading import Release, read_current
from mos_assets.release.status import head_ids
from mos_assets.settings.paths import OWN_MODEL_FOLDER

OPENVINO, NODE = "2026.4.1", "1.30.0"
SCRIPT = Path(__file__).with_name("runtimes.mjs")
Answer = Callable[[dict[str, np.ndarray]], np.ndarray]


def onnxruntime_with(onnx: bytes, threads: int) -> Answer:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return lambda fed: session.run(["mos"], fed)[0]


def reference(onnx: bytes) -> Answer:
    evaluator = ReferenceEvaluator(load_from_string(onnx))
    return lambda fed: evaluator.run(["mos"], fed)[0]


def openvino_with(onnx: bytes, hints: dict[str, str]) -> Answer:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(onnx), "CPU", hints)
    return lambda fed: compiled(fed)[0]


def node_with(others: Path, package: str, onnx: bytes, order: tuple[str, ...]) -> Answer:
    def answer(fed: dict[str, np.ndarray]) -> np.ndarray:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "onnx").write_bytes(onnx)
            for key in fed:
                (folder / key).write_bytes(fed[key].tobytes())
            paths = [str(folder / key) for key in ("onnx", "features", "encoder_onehot", "mos")]
            env = {**os.environ, "FEATURE_ORDER": json.dumps(order)}
            command = ["node", str(SCRIPT), str(others), package, *paths]
            subprocess.run(command, check=True, env=env, capture_output=True)
            return np.frombuffer((folder / "mos").read_bytes(), np.float32)

    return answer


def install(others: Path) -> bool:
    """Fetch what is not there; whether there is a node."""
    if not (others / "openvino").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*command, str(others), f"openvino=={OPENVINO}"], check=True)
    sys.path.append(str(others))
    npm = shutil.which("npm")
    if npm and not (others / "node_modules").is_dir():
        packages = [f"onnxruntime-{kind}@{NODE}" for kind in ("node", "web")]
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--prefix", str(others)]
        subprocess.run([*command, *packages], check=True, stdout=subprocess.DEVNULL)
    return npm is not None


def runtimes(release: Release, others: Path | None) -> dict[str, Answer]:
    """Every runtime at hand, by the name that it has in the table."""
    onnx, order = release.onnx, release.manifest.feature_order
    found = {
        f"onnxruntime {onnxruntime.__version__}, CPU, 2 threads": onnxruntime_with(onnx, 2),
        "onnx.reference": reference(onnx),
    }
    if others is None:
        return found
    if install(others):
        for package in ("onnxruntime-node", "onnxruntime-web"):
            found[f"{package} {NODE}"] = node_with(others, package, onnx, order)
    name, exact = f"OpenVINO {OPENVINO}, CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    found[f"{name}, INFERENCE_PRECISION_HINT=f32"] = openvino_with(onnx, exact)
    found[f"{name}, as it comes"] = openvino_with(onnx, {})
    return found


def fed_with(release: Release, features: np.ndarray) -> dict[str, np.ndarray]:
    onehot = np.zeros((len(features), len(release.manifest.encoder_vocab)), np.float32)
    onehot[:, 0] = 1.0
    return {"features": features.astype(np.float32), "encoder_onehot": onehot}


def rows_for(release: Release, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of numbers, and rows of which each has one feature that is none."""
    manifest = release.manifest
    mean, std = np.array(manifest.feature_mean), np.array(manifest.feature_std)
    draw = np.random.default_rng(1)
    far = 10.0 ** draw.uniform(0, 2, (count, 1)) * (draw.random((count, 1)) < 0.25)
    rows = mean + np.maximum(far, 1.0) * draw.standard_normal((count, len(mean))) * std
    strange = np.repeat(rows[:1], 3 * len(mean), axis=0)
    for at, value in enumerate((np.nan, np.inf, -np.inf)):
        for column in range(len(mean)):
            strange[at * len(mean) + column, column] = value
    return rows, strange


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append")
    parser.add_argument("--others", type=Path)
    parser.add_argument("--rows", type=int, default=4000)
    given = parser.parse_args()
    print("| head | runtime | largest difference, MOS | mean difference | NaN or infinity in |")
    print("|---|---|---|---|---|")
    for folder in given.model or [OWN_MODEL_FOLDER]:
        for head in head_ids(folder):
            release = read_current(folder, head)
            rows, strange = rows_for(release, given.rows)
            expected = onnxruntime_with(release.onnx, 1)(fed_with(release, rows))
            for name, answer in runtimes(release, given.others).items():
                with np.errstate(all="ignore"):
                    apart = np.abs(answer(fed_with(release, rows)) - expected)
                    none = np.isnan(answer(fed_with(release, strange))).mean()
                out = "NaN out" if none == 1.0 else f"a number in {1 - none:.0%}"
                print(f"| `{head}` | {name} | {apart.max():.2g} | {apart.mean():.2g} | {out} |")


if __name__ == "__main__":
    main()
