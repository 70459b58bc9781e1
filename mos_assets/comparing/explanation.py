"""What pushed a clip's score away from that of the mean of the head's corpus.

The players are the head's features, those of a family that rank the corpus's clips nearly alike
together: shuffled alone they would make clips that cannot exist. Who does not play has the mean of
the training clips (interventional values against one background, Lundberg & Lee 2017). The values
say what the head does with its inputs, not what people see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.comparing.shapley import Mask, shapley
from mos_assets.predictor import ClipPrediction
from mos_assets.records import FloatArray
from mos_assets.release.manifest import Manifest

Answer = Callable[[FloatArray], FloatArray]
"""Raw features [n, F] → MOS [n]."""


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """One feature of a clip beside the head's corpus."""

    name: str
    value: float | None
    """Raw units; None where the clip has none and the head filled the gap."""
    mean: float
    """Of the training clips."""
    deviations: float | None
    """Standard deviations from there; None where it did not vary, or is missing."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one feature, or a family of them, did to the score."""

    features: tuple[FeatureShift, ...]
    mos: float
    standard_error: float | None
    """Of the sampling; None where it is exact."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the head would say of each second of a clip: indicative, for it was trained and judged
    on figures of whole clips."""

    mos: tuple[float, ...]
    """One a second, in order."""
    varying: tuple[str, ...]
    """Features that were taken second by second; the others stay those of the whole clip."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score of a clip in parts: `mean_score` and all pushes add up to it."""

    clip: ClipPrediction
    mean_score: float
    """Of a clip with the training mean of every feature; not the mean rating of the corpus."""
    pushes: tuple[Push, ...]
    """The strongest first."""
    timeline: Timeline | None = None
    """None for a short clip, and where nothing can be had second by second."""

    def sentences(self) -> tuple[str, ...]:
        """What the figures are, for a reader."""
        text = (
            f"a clip with the training mean of every feature would score {self.mean_score:.2f}, "
            f"this one scores {self.clip.mos:.2f}"
        )
        sampled = any(push.standard_error is not None for push in self.pushes)
        found = [f"{text}; pushes are sampled" if sampled else text]
        if self.timeline is not None:
            mos = self.timeline.mos
            worst = mos.index(min(mos))
            found.append(
                f"second by second, indicative only: {min(mos):.2f} (from {worst} s) to "
                f"{max(mos):.2f}, with {', '.join(self.timeline.varying)} of each second and the "
                "rest of the whole clip"
            )
        return tuple(found)


def explain(clip: ClipPrediction, manifest: Manifest, answer: Answer) -> Explanation:
    """Take the score of a clip that this head scored to pieces."""
    if clip.measured is None:
        raise ValueError(f"{clip.clip} was scored without a head")
    order = manifest.feature_order
    mean = np.array(manifest.feature_mean)
    gap = np.nan if manifest.missing_value is None else manifest.missing_value
    given = [clip.measured.features[name] for name in order]
    row = np.array([_or(value, gap) for value in given])
    players = _players(order, manifest.correlated)
    plays = np.zeros((len(players), len(order)), dtype=np.bool_)
    for player, columns in enumerate(players):
        plays[player, list(columns)] = True

    def game(playing: Mask) -> FloatArray:
        return answer(np.where(playing @ plays, row, mean))

    shares = shapley(game, len(players))
    std = manifest.feature_std
    pushes = [
        Push(
            tuple(_shift(order[at], given[at], manifest.feature_mean[at], std[at]) for at in each),
            float(shares.values[player]),
            None if shares.standard_errors is None else float(shares.standard_errors[player]),
        )
        for player, each in enumerate(players)
    ]
    pushes.sort(key=lambda push: (-abs(push.mos), push.features[0].name))
    return Explanation(clip, shares.nobody, tuple(pushes))


def timeline(
    clip: ClipPrediction,
    manifest: Manifest,
    seconds: Sequence[Mapping[str, float]],
    answer: Answer,
) -> Timeline:
    """Score every second of a clip; `seconds` holds the features that are known of each."""
    if clip.measured is None:
        raise ValueError(f"{clip.clip} was scored without a head")
    varying = tuple(name for name in manifest.feature_order if name in seconds[0])
    gap = np.nan if manifest.missing_value is None else manifest.missing_value
    whole = clip.measured.features
    rows = np.array(
        [
            [
                each[name] if name in varying else _or(whole[name], gap)
                for name in manifest.feature_order
            ]
            for each in seconds
        ]
    )
    return Timeline(tuple(map(float, answer(rows))), varying)


def _or(value: float | None, gap: float) -> float:
    return gap if value is None else value


def _players(
    order: tuple[str, ...], families: tuple[tuple[str, ...], ...]
) -> list[tuple[int, ...]]:
    """Columns that play together, in the order of the head's input."""
    at = {name: column for column, name in enumerate(order)}
    found: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for family in families:
        columns = tuple(sorted(at[name] for name in family if name in at and at[name] not in taken))
        if columns:
            found.append(columns)
            taken.update(columns)
    found += [(column,) for column in range(len(order)) if column not in taken]
    return sorted(found)


def _shift(name: str, value: float | None, mean: float, std: float) -> FeatureShift:
    deviations = None if value is None or std <= 0 else (value - mean) / std
    return FeatureShift(name, value, mean, deviations)
