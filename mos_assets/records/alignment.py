"""Corpora whose ratings are lines of one scale: the maps, and what they did."""

from __future__ import annotations

from mos_assets.records.scores import Reported


class CorpusMap(Reported):
    """How a corpus's ratings lie on the scale of the reference corpus: own = offset + slope · MOS
    there."""

    corpus: str
    rows: int
    """That trained."""
    contents: int
    offset: float = 0.0
    """MOS units."""
    slope: float = 1.0
    correlation: float | None = None
    """Of its ratings with what a straight line over all corpora, which had not seen their content,
    says; None where nothing was fitted."""
    reason: str = ""
    """Why it is not mapped, so that its ratings train as they are; '' where it is, and for the
    reference."""


class AlignedFigures(Reported):
    """Out-of-fold figures of one seed, of one corpus or of all, each clip against its own rating;
    None where a figure does not exist."""

    corpus: str | None
    """None for all."""
    clips: int
    plcc: float | None
    rmse: float | None
    plcc_without: float | None
    """Of heads trained on the ratings as they are, on the same folds."""
    rmse_without: float | None


class CorpusAlignment(Reported):
    """The maps of the head that ships, and what alignment is worth."""

    reference: str
    """The corpus with most rows, whose scale the head answers on."""
    maps: tuple[CorpusMap, ...]
    """One a corpus, the reference first."""
    held: int
    """Mapped ratings that lay beyond 1..5 on the reference's scale and trained as its end."""
    figures: tuple[AlignedFigures, ...] = ()
    """All first, then as `maps`; empty until they are measured."""
