"""The block of YAML at the head of a card, by which hubs list, filter and compare models.

Keys are those of Hugging Face's model cards; other readers of Markdown show or skip the block.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric
from mos_assets.records import LabelOrigin
from mos_assets.release.manifest import Manifest
from mos_assets.reporting.transfer_report import TransferReport

TASK = "tabular-regression"
"""What the graph does, among the tasks that hubs know: figures in, a number out."""
FENCE = "---\n"
HUB_METRICS: dict[Metric, tuple[str, str]] = {
    PLCC: ("pearsonr", "PLCC"),
    SROCC: ("spearmanr", "SROCC"),
    RMSE: ("rmse", "RMSE"),
}
"""Type and name of a metric on hubs."""
_DIGITS = 4
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9.-]+")


def front_matter(manifest: Manifest, transfer: TransferReport | None) -> str:
    """The block, fences included.

    Results are means over folds and seeds of clips held out, by corpora that train together, and
    after them those on corpora that only test. Weights carry no licence of their own.
    """
    told: dict[str, Any] = {
        "license": "other",
        "license_name": "see-training-data",
        "license_link": "LICENSE",
        "library_name": "onnx",
        "pipeline_tag": TASK,
        "tags": [
            *("video-quality-assessment", "mean-opinion-score", "onnx"),
            str(manifest.status).lower(),
            *(["simulated-labels"] if _simulated(manifest) else []),
        ],
        "model-index": [{"name": manifest.id, "results": _results(manifest, transfer)}],
    }
    body = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)
    return f"{FENCE}{body}{FENCE}"


def without_front_matter(card: str) -> str:
    """The card as people read it."""
    if not card.startswith(FENCE):
        return card
    return card[len(FENCE) :].partition(f"\n{FENCE}")[2].lstrip("\n")


def _simulated(manifest: Manifest) -> bool:
    return manifest.data.label_origin is LabelOrigin.SIMULATED


def _results(manifest: Manifest, transfer: TransferReport | None) -> list[dict[str, Any]]:
    gate = manifest.gate
    names = [corpus.name for corpus in manifest.data.corpora]
    found: list[dict[str, Any]] = []
    if gate is not None:
        held_out = {metric: gate.figures.get(f"mean_{metric.name}") for metric in HUB_METRICS}
        found.append(_result("_and_".join(names), "clips held out", held_out))
    for tested in transfer.corpora if transfer is not None else ():
        figures = {PLCC: tested.plcc, SROCC: tested.srocc, RMSE: tested.rmse}
        found.append(_result(tested.corpus, "a corpus that never trained", figures))
    return [result for result in found if result["metrics"]]


def _result(corpus: str, split: str, figures: dict[Metric, float | None]) -> dict[str, Any]:
    # Names come from strangers, and a reader that knows no front matter shows them as Markdown.
    corpus = _NOT_PLAIN.sub("-", corpus).strip("-")
    metrics = [
        {
            "type": HUB_METRICS[metric][0],
            "value": round(figure, _DIGITS),
            "name": HUB_METRICS[metric][1],
        }
        for metric, figure in figures.items()
        if figure is not None
    ]
    return {
        "task": {"type": TASK, "name": "mean opinion score of video clips"},
        "dataset": {"type": corpus, "name": f"{corpus}: {split}"},
        "metrics": metrics,
    }
