"""Figures within each session, over all, and the part of a miss that lies between sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.evaluation.metrics import plcc, rmse
from mos_assets.records import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """Of one session, or of all."""

    session: int | None
    """None for all."""
    clips: int
    plcc: float
    """NaN where it does not exist."""
    rmse: float
    offset: float
    """Mean of prediction minus MOS, MOS units."""


@dataclass(frozen=True, slots=True)
class BetweenSessions:
    """Whether a miss lies in clips or between the sessions that rated them."""

    overall: SessionFigures
    within: tuple[SessionFigures, ...]
    """In the order of the sessions' numbers."""
    share: float
    """Of the squared error, what the sessions' offsets make: sum of clips * (offset of the session
    less that of all)^2 over the sum of squared errors; NaN where there is no error."""


def between_sessions(predicted: FloatArray, mos: FloatArray, session: IntArray) -> BetweenSessions:
    """(n,) predictions, ratings and sessions → figures; raises ValueError without any clip.

    One offset for all sessions is no part of `share`: it is the predictor's.
    """
    if len(mos) == 0:
        raise ValueError("figures between sessions need a clip")
    overall = _figures(predicted, mos, None)
    numbers = sorted({int(s) for s in session})
    within = tuple(_figures(predicted[session == s], mos[session == s], s) for s in numbers)
    between = sum(found.clips * (found.offset - overall.offset) ** 2 for found in within)
    total = float(np.sum((predicted - mos) ** 2))
    return BetweenSessions(overall, within, between / total if total > 0 else float("nan"))


def _figures(predicted: FloatArray, mos: FloatArray, session: int | None) -> SessionFigures:
    offset = float(np.mean(predicted - mos))
    return SessionFigures(session, len(mos), plcc(predicted, mos), rmse(predicted, mos), offset)
