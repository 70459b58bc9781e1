"""Pictures of a comparison: two curves of rate and predicted MOS; what pushed a score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.comparing.bd_rate import BdRate
from mos_assets.comparing.explanation import Explanation, Push
from mos_assets.records import MOS_MAX, MOS_MIN
from mos_assets.reporting.plots.style import BLUE, INK, PALE, QUIET, RED, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MOST_PUSHES = 15
_LINE = 200
"""Points of a drawn curve."""


def ladder_plot(found: BdRate, first: str, second: str, name: str, folder: Path) -> None:
    """Both curves over the rate, with the MOS that both reach; written as `<name>.png`."""
    sentences = found.sentences(_short(first), _short(second))

    def paint(axes: Axes, canvas: Canvas) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
        from scipy.interpolate import PchipInterpolator

        axes.axhspan(*found.common, color=PALE, alpha=0.3, lw=0, label="reached by both")
        for curve, label, colour in ((found.first, first, BLUE), (found.second, second, RED)):
            mos = np.linspace(curve.mos[0], curve.mos[-1], _LINE)
            rate = 10 ** PchipInterpolator(curve.mos, np.log10(curve.kbps))(mos)
            axes.plot(rate, mos, color=colour, lw=1.6)
            axes.plot(curve.kbps, curve.mos, "o", color=colour, label=_short(label))
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda kbps, _: f"{kbps:,.4g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(MOS_MIN, MOS_MAX)
        axes.set_xlabel("kbit/s, coded pictures")
        axes.set_ylabel("predicted MOS")
        for text in axes.legend(loc="lower right").get_texts():
            text.set_parse_math(False)

    save(name, _wrapped(sentences[0]), "", paint, folder)


def explanation_plot(found: Explanation, name: str, folder: Path) -> None:
    """Pushes as bars from the score of the mean to that of the clip; written as `<name>.png`."""
    shown = found.pushes[:_MOST_PUSHES]
    rest = sum(push.mos for push in found.pushes[_MOST_PUSHES:])
    rows = [(_words(push), push.mos) for push in shown]
    if len(found.pushes) > len(shown):
        rows.append((f"{len(found.pushes) - len(shown)} others", rest))
    ends = found.mean_score + np.cumsum([mos for _, mos in rows])
    starts = np.concatenate([[found.mean_score], ends[:-1]])
    at = np.arange(len(rows))[::-1]

    title = f"{_short(Path(found.clip.clip).name)}: {found.clip.mos:.2f} MOS, and what pushed it"

    def paint(axes: Axes, canvas: Canvas) -> None:
        if found.timeline is not None:
            canvas.clear()
            canvas.suptitle(title, x=0.02, ha="left", fontweight="bold", parse_math=False)
            axes, below = canvas.subplots(2, 1, height_ratios=(2, 1))
            below.stairs(found.timeline.mos, baseline=None, color=BLUE, lw=1.6)
            below.set_xlim(0, len(found.timeline.mos))
            below.xaxis.get_major_locator().set_params(integer=True)
            below.set_ylim(MOS_MIN, MOS_MAX)
            below.set_xlabel("second")
            below.set_ylabel("indicative MOS")
        pushes = ends - starts
        colours = [BLUE if push >= 0 else RED for push in pushes]
        axes.barh(at, pushes, left=starts, color=colours, height=0.6)
        for row, (push, end) in enumerate(zip(pushes, ends, strict=True)):
            axes.annotate(
                f"{push:+.2f}",
                (end, at[row]),
                xytext=(4 if push >= 0 else -4, 0),
                textcoords="offset points",
                ha="left" if push >= 0 else "right",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.axvline(found.mean_score, color=QUIET, lw=1.0, ls="--", label="mean of every feature")
        axes.axvline(found.clip.mos, color=INK, lw=1.2, label="this clip")
        axes.set_yticks(at, [label for label, _ in rows], parse_math=False)
        axes.use_sticky_edges = False
        axes.margins(x=0.12)
        axes.set_xlabel("predicted MOS")
        axes.grid(visible=False, axis="y")
        handles, labels = axes.get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=2)

    height = 1.8 + 0.34 * max(len(rows), 4) + (0.0 if found.timeline is None else 2.0)
    save(name, title, "", paint, folder, height=height)


def _words(push: Push) -> str:
    first = push.features[0]
    more = f" and {len(push.features) - 1} more" if len(push.features) > 1 else ""
    value = "missing" if first.value is None else f"{first.value:,.4g}"
    return f"{_short(first.name)} {value} (mean {first.mean:,.4g}){more}"


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 80))


def _short(name: str) -> str:
    """As it fits a figure; names come from strangers."""
    flat = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return flat if len(flat) <= 40 else f"{flat[:39]}…"
