"""The house style of the plots, and how one becomes a PNG file.

Pictures are opaque, dark on a light card, so that they read on a white page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray
from mos_assets.reporting.report import ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

CARD, INK, QUIET, GRID = "#fbfaf7", "#1f2430", "#646b78", "#e2e0d9"
BLUE, PALE, RED = "#2563a8", "#a9c6e6", "#c2410c"
_WIDTH_PX, _DPI = 960, 126
"""A dialog of the Dagster UI shows a picture this wide whole."""
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": CARD,
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}
_LEAST_SHOWN = 0.75
"""Of the clips; where finer bins would show fewer, wider ones do."""
_BIN_ROWS = 10
"""A bin of fewer clips is not drawn: its quantiles would be single ratings."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Parts of the five-point scale that hold enough clips."""

    width: float
    """In MOS: a quarter, and where most clips would be left out, a half or a whole."""
    centres: FloatArray
    rows: list[np.typing.NDArray[np.bool_]]
    """Members of each."""

    @property
    def words(self) -> str:
        """The width as people say it."""
        return {0.25: "a quarter MOS", 0.5: "half a MOS"}.get(self.width, "a whole MOS")


def bins(values: FloatArray) -> Bins:
    """The finest bins of at least ten clips that leave out no more than a quarter of the clips."""
    found = [_bins(values, width) for width in (0.25, 0.5, 1.0)]
    for one in found:
        if sum(int(np.count_nonzero(rows)) for rows in one.rows) >= _LEAST_SHOWN * len(values):
            return one
    return found[-1]


def _bins(values: FloatArray, width: float) -> Bins:
    edges = np.arange(MOS_MIN, MOS_MAX + width, width)
    which = np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
    kept = [b for b in range(len(edges) - 1) if np.count_nonzero(which == b) >= _BIN_ROWS]
    centres = np.array([edges[b] + width / 2 for b in kept])
    return Bins(width, centres, [which == b for b in kept])


def mos_axes(axes: Axes, x: str, y: str) -> None:
    """Both axes run over the five-point scale."""
    axes.set_xlim(MOS_MIN, MOS_MAX)
    axes.set_ylim(MOS_MIN, MOS_MAX)
    axes.set_xticks(range(1, 6))
    axes.set_yticks(range(1, 6))
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def identity(axes: Axes, width: float) -> None:
    """The line on which predictions would lie that are all right."""
    ends = [MOS_MIN, MOS_MAX]
    axes.plot(ends, ends, color=RED, lw=width, label="prediction = rating")


def save(
    name: str,
    title: str,
    sentence: str,
    paint: Callable[[Axes, Canvas], None],
    folder: Path,
    *,
    height: float = 4.4,
) -> ReportPlot:
    """Paint one plot in the house style; no date and no program name enter the file.

    height: inches at the house resolution; the width is always the same.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewCanvas

    file = f"{name}.png"
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        canvas = NewCanvas(figsize=(_WIDTH_PX / _DPI, height), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        # Names from tables may hold what would start a formula.
        axes.set_title(title, parse_math=False)
        paint(axes, canvas)
        _write_png(canvas, folder / file)
    return ReportPlot(file=file, title=title, sentence=sentence)


def panels(canvas: Canvas, title: str, columns: int, **options: Any) -> list[Axes]:
    """Several axes side by side under one title, instead of the single ones of `save`."""
    canvas.clear()
    canvas.suptitle(title, x=0.02, ha="left", fontsize=11.0, fontweight="bold", parse_math=False)
    return list(np.atleast_1d(canvas.subplots(1, columns, **options)))


def _write_png(canvas: Canvas, path: Path) -> None:
    """Write with a palette, which halves the file; no shade moves visibly."""
    import io

    from PIL import Image

    raw = io.BytesIO()
    canvas.savefig(raw, format="png", metadata={"Software": None})
    raw.seek(0)
    with Image.open(raw) as image:
        flat = image.convert("RGB").quantize(colors=88, dither=Image.Dither.NONE)
        flat.save(path, format="PNG", optimize=True)
