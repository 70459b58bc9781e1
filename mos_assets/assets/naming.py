"""What a project's things are called in Dagster.

The project without a name has the plain names; those of a project `mine` begin with `mine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import dagster as dg

PREFIX = "mos_assets/"
"""How the name of every run tag of ours begins."""
CHAIN = (
    *("raw_corpus", "clip_measurements", "shot_metadata", "extracted_features"),
    *("folds", "trained_onnx", "gate_report", "model_card"),
)
"""Only a run of all of these has read the files and carried what it read to the end."""
COMPARE_OP = "compare_feature_sets"
_RESOURCE = "platform"


class Group(StrEnum):
    """Groups of assets in the UI."""

    CORPUS = "corpus"
    FEATURES = "features"
    HEAD = "head"
    VERDICT = "verdict"
    SCORING = "scoring"
    """What scores clips that come in, which no retrain runs."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one project's things. project: empty for the one that has no name."""

    project: str = ""

    def key(self, asset: str) -> dg.AssetKey:
        """`mine/raw_corpus`."""
        return dg.AssetKey([self.project, asset] if self.project else [asset])

    def of(self, name: str) -> str:
        """`mine_retrain`: of a job, an op, a sensor, a schedule, a group of assets."""
        # A plain text also of a Group: Dagster takes an Enum, and fails where it tells the UI.
        return f"{self.project}_{name}" if self.project else str(name)

    def run_tag(self, fact: str) -> str:
        """`mos_assets/mine.corpus`: of a run, which may hold several projects."""
        return PREFIX + (f"{self.project}.{fact}" if self.project else fact)

    def has_failed(self, steps: Sequence[str | None]) -> bool:
        """Whether one of these steps is of this project, or none is there: then the run itself has
        failed. Steps are named after keys, and ops of other jobs after the project."""
        begins = f"{self.project}__" if self.project else ""
        # Whole names: there may be a project `mine_prune`.
        ops = {self.of("prune_store"), self.of("prune_runs"), self.of(COMPARE_OP)}
        return not steps or any((step or "").startswith(begins) or step in ops for step in steps)

    @property
    def resource_key(self) -> str:
        """By which the steps of this project, and no others, find its settings."""
        return self.of(_RESOURCE)

    @property
    def chain(self) -> frozenset[dg.AssetKey]:
        """Keys of the assets that a retrain makes and carries to the end."""
        return frozenset(map(self.key, CHAIN))


UNNAMED = Naming()


def is_chain(key: dg.AssetKey) -> bool:
    """Whether this is an asset of `CHAIN` of whatever project, also of one that is not loaded."""
    return len(key.path) <= 2 and key.path[-1] in CHAIN
