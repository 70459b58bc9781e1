"""The report's shape, which is also the schema of `gate_report.json`.

Figures beside the verdict are rounded to six places, so that they do not depend on the processor
or the number of threads; the verdict's own are never rounded, lest rounding lift one over a
threshold, and may differ in the last bit between vector units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, model_validator

from mos_assets.errors import StoreError
from mos_assets.evaluation.beats import ShortcutVerdict
from mos_assets.evaluation.comparison import Comparison
from mos_assets.evaluation.conformal import PredictionInterval
from mos_assets.evaluation.criteria import GATE
from mos_assets.evaluation.gate import Verdict
from mos_assets.evaluation.importance import FeatureImportance
from mos_assets.evaluation.metrics import Metric
from mos_assets.evaluation.paired import PairedInterval
from mos_assets.evaluation.resampling import Interval, Method
from mos_assets.evaluation.sample_size import Decision
from mos_assets.evaluation.slices import Slice
from mos_assets.evaluation.splits import SplitRanges
from mos_assets.evaluation.text import and_list, plain
from mos_assets.io.reading import read_plain
from mos_assets.records import (
    CorpusAlignment,
    DeclaredFeatures,
    FigureRow,
    LabelOrigin,
    Named,
    Reported,
)
from mos_assets.reporting.ratings import Ratings

BaselineName = Literal["predict the mean", "ridge", "SVR"]

SCHEMA: Literal["mos-assets gate report 2"] = "mos-assets gate report 2"
"""Names the shape of the report; raised whenever a field changes its meaning or goes."""
_MOST_NAMED = 3
_BEFORE = "mos-assets gate report 1"
"""Is read as well."""


class MetricName(Reported):
    """A metric that the gate is made of, in the order of its tables."""

    name: str
    """Its key in the rows of folds, slices and baselines."""
    label: str
    """What people call it."""


class Baseline(FigureRow[float]):
    """A simple predictor on the same folds, and what the head has over it.

    Of each metric the baseline's figure, and under the same name with `margin_` before it the
    head's minus the baseline's.
    """

    name: BaselineName
    margin_plcc_interval: Interval | None
    """Of the difference, on the same clips."""

    def margin(self, metric: Named) -> float | None:
        """Head minus baseline; None where one of the two has no figure."""
        return self.figures.get(margin_name(metric))


def margin_name(metric: Named) -> str:
    """What the head's figure minus a baseline's is called."""
    return f"margin_{metric.name}"


class Intervals(FigureRow[Interval]):
    """Where other clips of the same kind would put each figure of the gate.

    That of a spread is of these seeds on other clips; other seeds are not part of it.
    """

    level: float
    method: Method
    """`bootstrap`: contents drawn with replacement within each fold. `jackknife`: each content
    left out once, with Student's t."""
    unit: Literal["clips", "contents"]
    """What is drawn or left out."""
    resamples: int


class LabelCeiling(Reported):
    """The highest correlation that any predictor can expect with ratings as noisy as these."""

    figure: float | None
    interval: Interval | None
    """Where other contents would put it; None where that cannot be told."""
    n: int
    """Clips the noise of whose rating is known."""
    sentence: str
    within: float | None = None
    """Against the noise that votes show within a test alone; None where it is unknown."""
    between: float | None = None
    """Against what lies between tests beyond that alone; None where repeats do not tell it of all
    clips. `figure` counts both then, and else the first only."""


class Calibration(Reported):
    """The line that maps predictions to ratings, over all seeds' mean predictions."""

    slope: float
    intercept: float


class ReportPlot(Reported):
    """A picture beside the report, and what it says."""

    file: str
    """PNG in the report's folder."""
    title: str
    sentence: str


class GateReport(Reported):
    """One candidate's verdict with everything that helps to read it."""

    schema_name: Literal["mos-assets gate report 2"] = SCHEMA
    head_id: str
    candidate_id: str
    corpora: tuple[str, ...]
    label_origin: LabelOrigin
    n_clips: int
    """Clips in the folds."""
    n_held_out: int
    """Clips that never train and take no part in the gate."""
    n_groups: int
    n_features: int
    metrics: tuple[MetricName, ...]
    verdict: Verdict
    intervals: Intervals
    decisions: tuple[Decision, ...]
    """One of each gate figure that exists and has an interval."""
    plcc_after_logistic: float | None
    """Mean over seeds and folds, fitted to each; flatters a little, as it is in the literature."""
    chance_of_fold_spread: float | None
    """That folds of this size spread no more than the seed bound by sampling alone."""
    ceiling: LabelCeiling
    calibration: Calibration | None
    baselines: tuple[Baseline, ...]
    shortcuts: ShortcutVerdict | None = None
    """What predictors reach that look at one column, the container or the picture size only, and
    metrics of others; None in reports of earlier versions."""
    splits: SplitRanges | None = None
    """What the closed forms reach where the folds are cut elsewhere; None where nobody asked."""
    slices: tuple[Slice, ...]
    prediction_interval: PredictionInterval
    paired_interval: PairedInterval | None = None
    """Of the difference of two clips of one content; None in reports that are older than it."""
    importance: tuple[FeatureImportance, ...]
    """The most important feature first, by its loss alone or together, whichever is less;
    empty where training did not measure it."""
    label_findings: tuple[str, ...] = ()
    """What may be wrong with labels and features, a sentence each; what cannot be right does not
    train."""
    ratings: Ratings | None = None
    """How the ratings came about; None where they are of one test, in label files, from 1 to 5."""
    declared: tuple[DeclaredFeatures, ...] = ()
    """Feature tables of these corpora whose origin is declared, and how that was proved."""
    comparison: Comparison | None
    """With the head of this id that was released when this one was judged; None without one."""
    alignment: CorpusAlignment | None = None
    """Corpora that were mapped onto one scale in training; None: they trained as they are."""
    weighed: int | None = None
    """Rows whose rating's precision was known, where rows counted by it in training; None: all
    counted the same."""
    figures: tuple[ReportPlot, ...] = ()
    """Empty until they are drawn."""

    @model_validator(mode="before")
    @classmethod
    def _of_report_1(cls, data: Any) -> Any:
        """A report of schema 1, which had the metrics of the table and did not say so."""
        if isinstance(data, Mapping) and data.get("schema_name") == _BEFORE:
            return {**data, "schema_name": SCHEMA, "metrics": metric_names(GATE.metrics)}
        return data

    def costlier_alone(self, most: int) -> str:
        """A sentence on those of the first `most` features that cost visibly more alone than with
        what they correlate with; empty without any."""
        names = [
            row.feature
            for row in self.importance[:most]
            if row.alone_misleads and plain(row.plcc_drop) != plain(row.worth)
        ]
        if not names:
            return ""
        listed = and_list(names if len(names) <= _MOST_NAMED else [*names[:_MOST_NAMED], "others"])
        return (
            f"Shuffled alone, {listed} {'costs' if len(names) == 1 else 'cost'} more than with "
            "correlated features, because values that contradict their near-copies make clips that "
            "cannot exist: the figure with them is the one to believe, and it ranks them."
        )

    def to_json(self) -> str:
        """The text of `gate_report.json`; the same report, the same text."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> GateReport:
        """Raises StoreError where the file is missing or was written by another version."""
        try:
            return cls.model_validate_json(read_plain(path))
        except FileNotFoundError as error:
            raise StoreError(f"{path} is missing; materialize gate_report again.") from error
        except OSError as error:
            raise StoreError(
                f"{path} cannot be read ({error.strerror}); delete it and materialize gate_report "
                "again."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise StoreError(
                f"{path} is not a report of this version ({where}: {first['msg']}); materialize "
                "gate_report again."
            ) from error


def metric_names(metrics: Sequence[Metric]) -> tuple[MetricName, ...]:
    """The metrics as a report carries them."""
    return tuple(MetricName(name=metric.name, label=metric.label) for metric in metrics)
