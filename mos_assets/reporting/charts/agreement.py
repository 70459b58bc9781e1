"""Predictions beside ratings, clip by clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup

from mos_assets.evaluation.text import count, plain
from mos_assets.records import MOS_MAX, MOS_MIN
from mos_assets.reporting.charts.svg import WIDTH, Drawing
from mos_assets.reporting.clips import MOST_WORST, JudgedClip

MOST_DOTS = 2000
"""More clips than this are counted in cells: dots would hide each other and swell the page."""
_LEFT, _TOP, _BOTTOM, _RIGHT = 38.0, 10.0, 42.0, 10.0
_CELLS = 40
"""Cells across, and up, where clips are counted."""
_NEAR = 12.0
"""Units within which two numbers would touch."""


def scatter(clips: Sequence[JudgedClip]) -> Markup:
    """Predicted against rated; the worst clips carry their rank. `clips` as of `judged_clips`."""
    height = WIDTH - _LEFT - _RIGHT + _TOP + _BOTTOM
    drawing = Drawing(height, f"Ratings of {count(len(clips))} clips against their predictions")
    x, y = _across(MOS_MIN, MOS_MAX), _up(MOS_MIN, MOS_MAX, height)
    _mos_ticks(drawing, x, height)
    for mos in range(round(MOS_MIN), round(MOS_MAX) + 1):
        drawing.line(_LEFT, y(mos), WIDTH - _RIGHT, y(mos), "grid")
        drawing.text(_LEFT - 6, y(mos) + 4, str(mos), anchor="end")
    drawing.line(x(MOS_MIN), y(MOS_MIN), x(MOS_MAX), y(MOS_MAX), "bound")
    _axis_names(drawing, height, "predicted MOS", "rated MOS")
    _dots(drawing, clips, [(x(clip.predicted), y(clip.rated)) for clip in clips])
    return drawing.markup()


def residual_chart(clips: Sequence[JudgedClip]) -> Markup:
    """Prediction minus rating, by rating; the worst clips carry their rank."""
    height = 270.0
    reach = max(0.5, float(np.ceil(2 * max((abs(c.error) for c in clips), default=0.5)) / 2))
    drawing = Drawing(height, f"Errors of {count(len(clips))} predictions along the ratings")
    x, y = _across(MOS_MIN, MOS_MAX), _up(-reach, reach, height)
    _mos_ticks(drawing, x, height)
    step = 0.5 if reach <= 1.5 else 1.0
    for at in np.arange(-np.floor(reach / step), np.floor(reach / step) + 1) * step:
        drawing.line(_LEFT, y(at), WIDTH - _RIGHT, y(at), "bound" if at == 0 else "grid")
        drawing.text(
            _LEFT - 6, y(at) + 4, f"{at:+g}".replace("-", "−") if at else "0", anchor="end"
        )
    _axis_names(drawing, height, "rated MOS", "prediction minus rating")
    drawing.text(WIDTH - _RIGHT, _TOP + 10, "predicted too high", "told", "end")
    drawing.text(WIDTH - _RIGHT, height - _BOTTOM - 6, "predicted too low", "told", "end")
    _dots(drawing, clips, [(x(clip.rated), y(clip.error)) for clip in clips])
    return drawing.markup()


def _dots(drawing: Drawing, clips: Sequence[JudgedClip], at: Sequence[tuple[float, float]]) -> None:
    if len(clips) > MOST_DOTS:
        _counted(drawing, at)
    else:
        for clip, (x, y) in reversed(list(zip(clips, at, strict=True))):
            drawing.circle(x, y, 3.4 if len(clips) < 300 else 2.4, "dot", described(clip))
    placed: list[tuple[float, float]] = []
    for rank, (clip, (x, y)) in enumerate(zip(clips[:MOST_WORST], at, strict=False), start=1):
        drawing.circle(x, y, 4.4, "worst", f"{rank}. {described(clip)}")
        beside = x + 7 if x < WIDTH - 30 else x - 19
        if all(abs(beside - a) > _NEAR or abs(y - b) > _NEAR for a, b in placed):
            drawing.text(beside, y + 4, str(rank), "rank")
            placed.append((beside, y))


def _counted(drawing: Drawing, at: Sequence[tuple[float, float]]) -> None:
    side = (WIDTH - _LEFT - _RIGHT) / _CELLS
    cells, counts = np.unique(
        np.floor(np.array(at, dtype=np.float64) / side).astype(np.int64), axis=0, return_counts=True
    )
    most = int(counts.max())
    for (column, row), n in zip(cells.tolist(), counts.tolist(), strict=True):
        shade = min(4, int(5 * np.log1p(n) / np.log1p(most)))
        words = f"{count(n)} {'clip' if n == 1 else 'clips'}"
        drawing.rect(column * side, row * side, side, side, f"shade{shade}", words)


def described(clip: JudgedClip) -> str:
    """A clip in a line."""
    return f"{clip.name}: predicted {plain(clip.predicted, 2)}, rated {plain(clip.rated, 2)}"


def _across(low: float, high: float) -> Callable[[float], float]:
    return lambda value: _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)


def _up(low: float, high: float, height: float) -> Callable[[float], float]:
    return lambda value: height - _BOTTOM - (value - low) / (high - low) * (height - _TOP - _BOTTOM)


def _mos_ticks(drawing: Drawing, x: Callable[[float], float], height: float) -> None:
    for mos in range(round(MOS_MIN), round(MOS_MAX) + 1):
        drawing.line(x(mos), _TOP, x(mos), height - _BOTTOM, "grid")
        drawing.text(x(mos), height - _BOTTOM + 15, str(mos), anchor="middle")


def _axis_names(drawing: Drawing, height: float, across: str, up: str) -> None:
    drawing.text((_LEFT + WIDTH - _RIGHT) / 2, height - 6, f"{across} →", "name", "middle")
    drawing.text(_LEFT + 6, _TOP + 10, f"↑ {up}", "name")
