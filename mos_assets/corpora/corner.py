"""Ratings that fill a corner of their declared scale, since they were given on another one.

Judged by the bulk of the ratings: one slip of the pen, such as 45 for 4.5, explains nothing away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from mos_assets.records import Severity

USUAL_SCALES = (
    *((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (-3.0, 3.0), (1.0, 7.0), (1.0, 9.0), (0.0, 10.0)),
    *((1.0, 10.0), (1.0, 11.0), (0.0, 100.0), (1.0, 100.0)),
)
"""Scales on which people rate pictures (ITU-R BT.500, ITU-T P.910 and P.913), the narrowest first
where one holds the other."""
FEWEST, FEW = 3, 5
"""Labels of a file below which their range says nothing, or nothing for sure."""
SOME = 10
"""Labels of a file below which a narrow range may be chance."""
CORNER = 0.2
"""Part of the declared scale, from its lowest number on, that ratings of another scale fill."""
NARROW = 0.1
"""Part of the declared scale below which ratings that differ are rare in honest corpora."""
LOW = 0.25
"""No rating above this part of the declared scale: rare in honest corpora."""
MUCH_NARROWER, NARROWER = 0.25, 0.6
"""Width of another scale, of the declared one's, at which it explains ratings surely, or maybe."""
MANY, PART = 20, 0.4
"""So many ratings that use less than this part of their scale, and fit one that may explain them,
are no chance."""
STRAY = 0.1
"""Share of ratings that may lie outside the scale that explains the others."""
FEW_STRAY = 0.05
"""Share of them that is too small to ask how far away they lie."""
APART = 0.5
"""Widths of the explaining scale between it and ratings that do not belong to the others."""
TAIL = 0.05
"""Share of the ratings at either end that does not count for how narrow the others are."""
MIXED, THINNER = 0.25, 5.0
"""Share of the ratings in a corner, and how many times as dense they lie there as elsewhere, that
look like two scales in one column."""


SHOWN = 3


class Corner(NamedTuple):
    """What is to be said of ratings in a part of their scale."""

    severity: Severity
    what: str
    remedy: str


class _Part(NamedTuple):
    """The ratings that a usual scale holds, and where the others begin."""

    scale: tuple[float, float]
    inside: Sequence[float]
    strays: int
    gap: float
    """From the scale to the nearest rating outside; 0 where there is none."""
    others: Sequence[float] = ()
    """The ratings outside."""


def corner_of(values: Sequence[float], scale: tuple[float, float]) -> Corner | None:
    """What contradicts, or may contradict, that these native ratings were given on this scale."""
    if len(values) < FEWEST:
        return None
    ordered = sorted(values)
    bottom, span = min(scale), abs(scale[1] - scale[0])
    parts = _parts(ordered, span)
    if len(values) < FEW:
        # Too few to be sure of anything.
        doubts = [_surely(part, len(values), scale) for part in parts]
        return next((each._replace(severity=Severity.WARNS) for each in doubts if each), None)
    told = [_surely(part, len(values), scale) for part in parts]
    told += [_maybe(part, len(values), scale) for part in parts]
    told += [_narrow(ordered, scale), _mixed(ordered, bottom, span, scale)]
    return next((each for each in told if each is not None), None)


def usual_scale(low: float, high: float) -> tuple[float, float] | None:
    """The first usual scale that holds both."""
    return next((s for s in USUAL_SCALES if _holds(s, low) and _holds(s, high)), None)


def _holds(scale: tuple[float, float], value: float) -> bool:
    low, high = _bounds(scale)
    return low <= value <= high


def _bounds(scale: tuple[float, float]) -> tuple[float, float]:
    slack = 1e-9 * max(map(abs, scale))
    return scale[0] - slack, scale[1] + slack


def _parted(
    ordered: Sequence[float], scale: tuple[float, float]
) -> tuple[Sequence[float], Sequence[float]]:
    """Of ratings in order, those that the scale holds, and the others; both in order."""
    low, high = _bounds(scale)
    start, end = bisect_left(ordered, low), bisect_right(ordered, high)
    return ordered[start:end], [*ordered[:start], *ordered[end:]]


def _parts(ordered: Sequence[float], span: float) -> list[_Part]:
    """Usual scales that hold all ratings, or nearly all of them, the first of all alone."""
    whole = usual_scale(ordered[0], ordered[-1])
    parts = [] if whole is None else [_Part(whole, ordered, 0, 0.0)]
    if whole is not None and (whole[1] - whole[0]) / span <= NARROWER:
        return parts
    for scale in USUAL_SCALES:
        inside, outside = _parted(ordered, scale)
        strays = len(outside)
        if len(inside) >= FEW and 0 < strays <= max(1.0, STRAY * len(ordered)):
            gap = min(max(scale[0] - value, value - scale[1]) for value in outside)
            parts.append(_Part(scale, inside, strays, gap, outside))
    return parts


def _fills(part: _Part, scale: tuple[float, float]) -> tuple[float, float, float]:
    """Width of the part's scale, and what its ratings use and reach, of the declared one."""
    bottom, span = min(scale), abs(scale[1] - scale[0])
    low, high = part.inside[0], part.inside[-1]
    width = part.scale[1] - part.scale[0]
    return width / span, (high - low) / span, (high - bottom) / span


def _surely(part: _Part, n: int, scale: tuple[float, float]) -> Corner | None:
    width, used, reach = _fills(part, scale)
    apart = part.strays <= FEW_STRAY * n or _is_apart(part)
    corner = width <= MUCH_NARROWER and (reach <= CORNER or used <= CORNER / 4)
    # Where ratings may be below 0, those of a comparison that hardly differs fit 0..1.
    many = n >= MANY and width <= NARROWER and used < PART and min(scale) >= 0
    if not (apart and (corner or many)):
        return None
    other = f"{part.scale[0]:g}..{part.scale[1]:g}"
    low, high = part.scale if scale[0] < scale[1] else part.scale[::-1]
    shown = ", ".join(f"{value:.6g}" for value in part.others[:SHOWN])
    strays = f", and look at the others ({shown})" if part.others else ""
    return Corner(
        Severity.BLOCKS,
        f"{_says(part, n, scale)}, and fit {other}: on a scale that is not theirs every error of a "
        "head looks small",
        f"If they were given on {other}, declare scale = [{low:g}, {high:g}]{strays}",
    )


def _maybe(part: _Part, n: int, scale: tuple[float, float]) -> Corner | None:
    width, used, _ = _fills(part, scale)
    if width > NARROWER or used > 0.5:
        return None
    if part.strays and (n < SOME or not _is_apart(part)):
        return None
    return Corner(
        Severity.WARNS,
        f"{_says(part, n, scale)}, and fit {part.scale[0]:g}..{part.scale[1]:g}",
        "Make sure that the scale is theirs",
    )


def _is_apart(part: _Part) -> bool:
    return part.gap >= APART * (part.scale[1] - part.scale[0])


def _narrow(ordered: Sequence[float], scale: tuple[float, float]) -> Corner | None:
    """Ratings that hardly differ on the declared scale, but for a few at either end."""
    n, span = len(ordered), abs(scale[1] - scale[0])
    if n < SOME:
        return None
    tail = max(1, int(TAIL * n))
    for inside in (ordered, ordered[:-tail], ordered[tail:], ordered[tail:-tail]):
        used, reach = (inside[-1] - inside[0]) / span, (inside[-1] - min(scale)) / span
        low = reach < LOW and (len(inside) == n or ordered[n - tail] - inside[-1] > NARROW * span)
        if used < NARROW or low:
            part = _Part(scale, inside, n - len(inside), 0.0)
            return Corner(
                Severity.WARNS, _says(part, n, scale), "Make sure that the scale is theirs"
            )
    return None


def _mixed(
    ordered: Sequence[float], bottom: float, span: float, scale: tuple[float, float]
) -> Corner | None:
    """Ratings of two scales in one column: many in a corner that another scale explains, the rest
    thinly spread over the declared one."""
    n = len(ordered)
    if n < SOME:
        return None
    for usual in USUAL_SCALES:
        inside, rest = _parted(ordered, usual)
        width = usual[1] - usual[0]
        if len(inside) < max(FEW, MIXED * n) or not rest or width > MUCH_NARROWER * span:
            continue
        used = inside[-1] - inside[0]
        # References that were all given the same end of the scale are no second scale.
        if inside[-1] - bottom > CORNER * span or used < 0.3 * width or len(set(inside)) < 3:
            continue
        spread = rest[-1] - rest[0]
        if spread <= width or len(inside) * spread < THINNER * len(rest) * width:
            continue
        return Corner(
            Severity.WARNS,
            f"{len(inside)} of {n} ratings lie within {usual[0]:g}..{usual[1]:g}, and the others "
            f"run from {rest[0]:.4g} to {rest[-1]:.4g} on the declared scale {scale[0]:g}.."
            f"{scale[1]:g}: they look like ratings of two scales in one column",
            "Make sure that all were given on one scale, or keep those of each scale as a corpus",
        )
    return None


def _says(part: _Part, n: int, scale: tuple[float, float]) -> str:
    low, high = part.inside[0], part.inside[-1]
    used = (high - low) / abs(scale[1] - scale[0])
    of = f"{len(part.inside)} of {n}" if part.strays else f"{n}"
    return (
        f"{of} ratings run from {low:.4g} to {high:.4g}, {used:.0%} of the declared scale "
        f"{scale[0]:g}..{scale[1]:g}"
    )
