"""Sessions mapped onto one another by the clips that were rated in both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from mos_assets.records import ClipRatings, FloatArray, IntArray

LEAST_COMMON = 5
"""Two sessions with fewer common clips are not mapped; three points have one degree of freedom."""
LEAST_SPREAD = 0.4
"""MOS units: the standard deviation of the common clips, in either session, that tells a slope."""
STEEPEST = 2.0
"""A slope beyond this, or below its inverse, is no difference in how two panels used one scale."""


@dataclass(frozen=True, slots=True)
class SessionMap:
    """mos in the reference session = offset + slope * mos in this one."""

    session: int
    reference: int
    """Itself for a reference, and for a session that is kept apart."""
    slope: float
    offset: float
    common: int
    """Clips shared with the session that it was mapped through; 0 where it was not mapped."""
    rmse_before: float | None
    """Difference of the common clips' MOS; None where it was not mapped."""
    rmse_after: float | None
    """The same after the map onto the session that it was mapped through, on that one's scale."""
    why_apart: str
    """Why no other session is on its scale; '' for one that is mapped or mapped onto."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A map for each session, in the order of their numbers."""

    maps: tuple[SessionMap, ...]

    @property
    def joined(self) -> bool:
        """Whether any session was mapped onto another."""
        return any(found.session != found.reference for found in self.maps)

    @property
    def references(self) -> tuple[int, ...]:
        """The scales that are left: one a connected component."""
        return tuple(found.session for found in self.maps if found.session == found.reference)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sessions that tell a map."""

    first: int
    second: int
    common: int


def align_sessions(ratings: ClipRatings, names: tuple[str, ...]) -> Alignment:
    """One linear map for each session of a connected component of sessions that share clips.

    ratings: one row a session and clip; names: of the sessions that `ratings.session` numbers.
    The reference is the session with most clips, then the one that uses least of the scale (what
    is mapped onto it shrinks, and stays within 1..5), then the first by name. Others are mapped
    onto it through the tree of those pairs that share most clips (Prim's), so that maps of
    neighbours are composed.

    A pair's map is the orthogonal regression (total least squares, Adcock 1878): both sessions'
    means are noisy, about equally, and ordinary least squares would shrink the slope by the noise
    of one. It is symmetric: the map back is its inverse. A pair with fewer than LEAST_COMMON common
    clips, spread less than LEAST_SPREAD, or a slope beyond STEEPEST tells no map; a session
    without any is kept apart, and says why.
    """
    order = sorted({int(s) for s in ratings.session}, key=lambda s: names[s])
    rows = {s: _by_clip(ratings, s) for s in order}
    place = {s: i for i, s in enumerate(order)}
    pairs: list[_Pair] = []
    reasons: dict[int, list[str]] = {s: [] for s in order}
    for a, b in combinations(order, 2):
        x, y = _common(rows[a], rows[b])
        if why := _no_map(x, y):
            if len(x):
                reasons[a].append(f"with {names[b]} {why}")
                reasons[b].append(f"with {names[a]} {why}")
        else:
            pairs.append(_Pair(a, b, len(x)))
    maps: dict[int, SessionMap] = {}
    for start in sorted(order, key=lambda s: (-len(rows[s]), place[s])):
        if start in maps:
            continue
        paired = any(start in (pair.first, pair.second) for pair in pairs)
        why = "" if paired else "; ".join(reasons[start]) or "it shares no clip with another"
        tree = _grown(start, why, pairs, rows, place)
        # The session that is stretched most onto another uses least of the scale.
        root = min(tree, key=lambda s: (-len(rows[s]), -tree[s].slope, place[s]))
        maps |= tree if root == start else _grown(root, "", pairs, rows, place)
    return Alignment(tuple(maps[s] for s in sorted(order)))


def aligned(ratings: ClipRatings, alignment: Alignment) -> ClipRatings:
    """The ratings on the scales of their references, each still a row a session and clip.

    Deviations and intervals are stretched as the scale is. MOS may leave 1..5 (`hold_to_scale`).
    """
    size = max((found.session for found in alignment.maps), default=-1) + 1
    slope, offset = np.ones(size), np.zeros(size)
    for found in alignment.maps:
        slope[found.session], offset[found.session] = found.slope, found.offset
    by = slope[ratings.session]
    return replace(
        ratings,
        mos=offset[ratings.session] + by * ratings.mos,
        std=by * ratings.std,
        ci95=by * ratings.ci95,
    )


def orthogonal(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and offset of the line with the least sum of squared distances to (x, y).

    NaN for both where no line is better than another (no covariance, or a vertical one).
    """
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if not abs(xy) > 1e-12 * (xx + yy):
        return float("nan"), float("nan")
    gap = yy - xx
    slope = (gap + float(np.hypot(gap, 2 * xy))) / (2 * xy)
    return slope, float(y.mean() - slope * x.mean())


def _grown(
    start: int,
    why_apart: str,
    pairs: list[_Pair],
    rows: dict[int, dict[int, float]],
    place: dict[int, int],
) -> dict[int, SessionMap]:
    """The maps of every session that can be mapped onto `start`, the closest first."""
    maps = {start: SessionMap(start, start, 1.0, 0.0, 0, None, None, why_apart)}
    while True:
        both_ways = [
            (pair, known, new)
            for pair in pairs
            for known, new in ((pair.first, pair.second), (pair.second, pair.first))
        ]
        edges = [edge for edge in both_ways if edge[1] in maps and edge[2] not in maps]
        if not edges:
            return maps
        pair, known, new = min(edges, key=lambda e: (-e[0].common, place[e[1]], place[e[2]]))
        x, y = _common(rows[new], rows[known])
        slope, offset = orthogonal(x, y)
        through = maps[known]
        maps[new] = SessionMap(
            session=new,
            reference=start,
            slope=through.slope * slope,
            offset=through.offset + through.slope * offset,
            common=pair.common,
            rmse_before=float(np.sqrt(np.mean((x - y) ** 2))),
            rmse_after=float(np.sqrt(np.mean((offset + slope * x - y) ** 2))),
            why_apart="",
        )


def _by_clip(ratings: ClipRatings, session: int) -> dict[int, float]:
    rows: IntArray = np.flatnonzero((ratings.session == session) & np.isfinite(ratings.mos))
    found = {int(ratings.clip[row]): float(ratings.mos[row]) for row in rows}
    if len(found) != len(rows):
        twice = Counter(int(clip) for clip in ratings.clip[rows]).most_common(1)[0][0]
        raise ValueError(f"clip {twice} has two rows in session {session}; there is one each")
    return found


def _common(a: dict[int, float], b: dict[int, float]) -> tuple[FloatArray, FloatArray]:
    # In an order that does not depend on how clips are numbered: by their figures.
    pairs = sorted((a[clip], b[clip]) for clip in a.keys() & b.keys())
    both = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _no_map(x: FloatArray, y: FloatArray) -> str:
    """Why the common clips tell no map; '' where they do."""
    if len(x) < LEAST_COMMON:
        return f"it shares {len(x)} clips, fewer than {LEAST_COMMON}"
    least = min(float(np.std(x, ddof=1)), float(np.std(y, ddof=1)))
    if least < LEAST_SPREAD:
        return f"the {len(x)} common clips spread over {least:.2f}, less than {LEAST_SPREAD:g}"
    slope, _ = orthogonal(x, y)
    if not 1 / STEEPEST <= slope <= STEEPEST:
        told = "no slope" if np.isnan(slope) else f"a slope of {slope:.2f}"
        return f"the {len(x)} common clips tell {told}, which is no use of the same scale"
    return ""
