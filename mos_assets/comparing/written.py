"""Comparisons as tables and as JSON: the same names in both, null for what cannot be had."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

from mos_assets.comparing.bd_rate import BdRate, Curve
from mos_assets.comparing.difference import Difference
from mos_assets.comparing.explanation import Explanation, FeatureShift, Push, Timeline
from mos_assets.predictor import ClipPrediction

Cell = str | float | None
_PLACES = 4
_LADDER = ("set", "clip", "kbps", "mos", "low", "high")
_PUSHES = ("push", "feature", "value", "mean", "deviations")


def difference_table(found: Difference, shown: Callable[[str], str]) -> str:
    """Both scores, and the difference below them."""
    rows: list[Sequence[Cell]] = [
        (name, clip.clip, *_score(clip)) for name, clip in (("A", found.first), ("B", found.second))
    ]
    low, high = found.interval or (None, None)
    rows.append(("B-A", None, *map(_rounded, (found.mos, low, high))))
    return _table(("", "clip", "mos", "low", "high"), rows, shown)


def ladder_table(found: BdRate, names: tuple[str, str], shown: Callable[[str], str]) -> str:
    """A row an encode, by set and rate."""
    curves = zip(names, (found.first, found.second), strict=True)
    rows = [
        (name, clip.clip, round(kbps, 1), *_score(clip))
        for name, curve in curves
        for clip, kbps in zip(curve.clips, curve.kbps, strict=True)
    ]
    return _table(_LADDER, rows, shown)


def explanation_table(found: Explanation, shown: Callable[[str], str]) -> str:
    """A row a feature, the strongest push first; of a family the first row holds its push."""
    rows = [
        (
            _rounded(push.mos) if first else None,
            feature.name,
            *(_digits(each) for each in (feature.value, feature.mean, feature.deviations)),
        )
        for push in found.pushes
        for first, feature in zip(
            (True, *[False] * len(push.features)), push.features, strict=False
        )
    ]
    return _table(_PUSHES, rows, shown)


def timeline_table(found: Timeline, shown: Callable[[str], str]) -> str:
    """A row a second."""
    rows = [(second, _rounded(mos)) for second, mos in enumerate(found.mos)]
    return _table(("second", "mos_indicative"), rows, shown)


def difference_json(found: Difference) -> str:
    """Of `mos compare`."""
    order = None if found.order is None else found.order.model_dump()
    return _json(
        {
            "a": _clip(found.first),
            "b": _clip(found.second),
            "difference": _rounded(found.mos),
            **_interval(found.interval, found.level),
            "larger_than_interval": found.told_apart,
            "pairs_as_far_apart": order,
            "reason": found.reason,
        }
    )


def ladder_json(found: BdRate) -> str:
    """Of `mos ladder`."""
    return _json(
        {
            "a": _curve(found.first),
            "b": _curve(found.second),
            "bd_rate_percent": _rounded(found.percent),
            **_interval(found.interval, found.level),
            "common_mos": [_rounded(each) for each in found.common],
            "overlap": _rounded(found.overlap),
            "reason": found.reason,
        }
    )


def explanation_json(found: Explanation) -> str:
    """Of `mos explain`."""
    return _json(
        {
            "clip": _clip(found.clip),
            "mean_score": _rounded(found.mean_score),
            "pushes": [_push(push) for push in found.pushes],
            "timeline": None
            if found.timeline is None
            else {
                "indicative": True,
                "varying": list(found.timeline.varying),
                "mos_by_second": [_rounded(mos) for mos in found.timeline.mos],
            },
        }
    )


def _push(push: Push) -> Mapping[str, object]:
    return {
        "mos": _rounded(push.mos),
        "standard_error": _rounded(push.standard_error),
        "features": [_feature(feature) for feature in push.features],
    }


def _feature(feature: FeatureShift) -> Mapping[str, Cell]:
    return {
        "name": feature.name,
        "value": feature.value,
        "mean": feature.mean,
        "deviations": _rounded(feature.deviations),
    }


def _curve(curve: Curve) -> list[Mapping[str, Cell]]:
    pairs = zip(curve.clips, curve.kbps, strict=True)
    return [{**_clip(clip), "kbps": round(kbps, 3)} for clip, kbps in pairs]


def _clip(clip: ClipPrediction) -> dict[str, Cell]:
    return {
        "clip": clip.clip.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "mos": _rounded(clip.mos),
        **_interval(clip.interval, clip.level),
        "head": clip.head_id,
        "status": clip.status,
        "reference": clip.reference,
        "comparable": clip.comparable,
        "reason": clip.reason,
    }


def _interval(interval: tuple[float, float] | None, level: float | None) -> dict[str, Cell]:
    low, high = interval or (None, None)
    return {"low": _rounded(low), "high": _rounded(high), "level": level}


def _score(clip: ClipPrediction) -> tuple[Cell, ...]:
    return tuple(map(_rounded, (clip.mos, *(clip.interval or (None, None)))))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)


def _digits(value: float | None) -> float | None:
    """Four significant digits: features have units of every size."""
    return None if value is None else float(f"{value:.4g}")


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], shown: Callable[[str], str]
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if cell is None else shown(str(cell)) for cell in row])
    return text.getvalue()
