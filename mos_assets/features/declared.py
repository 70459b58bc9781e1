"""Declared feature tables: what a declaration may say, and holding it against own figures.

A table in `features/` may be declared as measured by an extractor of ours. That is proved on the
clips that are here: the declared figures must agree with ours within the extractor's limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.correlation import exact_pearson
from mos_assets.errors import CorpusError
from mos_assets.features.extractors.base import (
    BLOCKS,
    Agreement,
    FeatureExtractor,
    PictureExtractor,
)
from mos_assets.io.hashing import hash_text
from mos_assets.records import (
    Clip,
    ColumnAgreement,
    Declaration,
    DeclaredFeatures,
    FeatureTable,
    FloatArray,
    JoinedTable,
    ProofStatus,
)
from mos_assets.settings import ReferencePolicy

FEWEST_CLIPS = 5
"""Fewer prove nothing."""
MOST_CLIPS = 40
"""So many are measured for the proof alone."""
_FAR = 1e100
"""Larger differences count as this one: a table may hold any number, and their sum is finite."""


def declared_extractor(declaration: Declaration) -> FeatureExtractor:
    """The extractor that a table is declared to come from.

    Raises CorpusError where we have none of that name, where the declaration does not say what it
    compared with or says it of one that compares with nothing, or names columns of others.
    """
    known = {each.name: each for each in BLOCKS.values()}
    extractor = known.get(declaration.extractor)
    if extractor is None:
        raise CorpusError(
            f"{declaration.file}: extractor: {declaration.extractor!r} is none of "
            f"{', '.join(sorted(known))}."
        )
    if compares(extractor) and declaration.reference is None:
        raise CorpusError(
            f"{declaration.file}: reference: {extractor.name} compares each clip; say with what: "
            f"{', '.join(ReferencePolicy)}."
        )
    idle = "reference" if declaration.reference else "scaling" if declaration.scaling else None
    if not compares(extractor) and idle:
        raise CorpusError(
            f"{declaration.file}: {idle}: {extractor.name} compares clips with nothing; remove it."
        )
    stray = [name for name in declaration.columns if name not in extractor.column_names]
    if stray:
        raise CorpusError(
            f"{declaration.file}: columns: {stray[0]!r} is no column of {extractor.name}, whose "
            f"columns are {', '.join(extractor.column_names)}."
        )
    return extractor


def declared_columns(
    table: FeatureTable | JoinedTable, declaration: Declaration
) -> tuple[str, ...]:
    """The columns of a table that its declaration speaks of; raises CorpusError without any."""
    extractor = declared_extractor(declaration)
    found = tuple(name for name in extractor.column_names if name in table.columns)
    if not found:
        raise CorpusError(
            f"{declaration.file}: the table has no column of {extractor.name} "
            f"({', '.join(extractor.column_names)}); its own are {', '.join(table.columns)}. Name "
            'them in [columns], as in adm2 = "their name".'
        )
    return found


def compares(extractor: FeatureExtractor) -> bool:
    """Whether it looks at a clip beside a reference."""
    return isinstance(extractor, PictureExtractor) and bool(extractor.compares)


def supplied_by_declared(
    clips: Sequence[Clip], tables: Sequence[JoinedTable], extractor: FeatureExtractor
) -> bool:
    """Whether a declared table supplies this block although some clips are here.

    It does where fewer than half of the corpus's clips are: what is here is then the proof.
    """
    here = sum(clip.path is not None for clip in clips)
    return 2 * here < len(clips) and any(
        table.declaration is not None
        and table.declaration.extractor == extractor.name
        and set(extractor.column_names) <= set(table.columns)
        for table in tables
    )


def clips_for_proof(clips: Sequence[Clip], table: JoinedTable) -> tuple[Clip, ...]:
    """Some of the clips that are here and have declared figures, at most `MOST_CLIPS`.

    The same whatever the order of the rows, and spread over contents: by the hash of their ids.
    """
    if table.declaration is None:
        return ()
    at = [table.columns.index(name) for name in declared_columns(table, table.declaration)]
    have = [any(map(math.isfinite, row)) for row in table.values[:, at]]
    paired = table.declaration.reference == ReferencePolicy.SOURCE
    there = [
        clip
        for clip, has in zip(clips, have, strict=True)
        if has and clip.probe is not None and (clip.reference_path is not None or not paired)
    ]
    return tuple(sorted(there, key=lambda clip: hash_text(clip.clip_id))[:MOST_CLIPS])


def prove(
    corpus: str, table: JoinedTable, declaration: Declaration, own: FloatArray | str
) -> DeclaredFeatures:
    """What holding a declared table against own figures came to.

    own: [clips, columns of the extractor], NaN where nothing was measured; or, in words, why there
    is nothing to hold it against. Raises CorpusError for a declaration that cannot be right.
    """
    extractor = declared_extractor(declaration)
    columns = []
    for name in declared_columns(table, declaration):
        limits = extractor.agreement.get(name)
        if isinstance(own, str):
            columns.append(_agreement(name, [], [], limits))
            continue
        theirs = table.values[:, table.columns.index(name)]
        ours = own[:, extractor.column_names.index(name)]
        both = np.isfinite(theirs) & np.isfinite(ours)
        columns.append(_agreement(name, theirs[both].tolist(), ours[both].tolist(), limits))
    status, reason = _judged(columns, own if isinstance(own, str) else None)
    return DeclaredFeatures(
        corpus=corpus,
        table=table.name,
        extractor=declaration.extractor,
        reference=declaration.reference,
        scaling=declaration.scaling,
        version=declaration.version,
        status=status,
        reason=reason,
        columns=tuple(columns),
    )


def _judged(
    columns: Sequence[ColumnAgreement], unchecked: str | None
) -> tuple[ProofStatus, str | None]:
    if unchecked is not None:
        return ProofStatus.UNPROVED, f"not checked: {unchecked}"
    fewest = min(column.n for column in columns)
    if fewest == 0:
        bare = next(column.name for column in columns if column.n == 0)
        return ProofStatus.UNPROVED, f"not checked: no clip here has both figures of {bare}"
    if fewest < FEWEST_CLIPS:
        return (
            ProofStatus.UNPROVED,
            f"not checked: {fewest} clips here have both figures, and {FEWEST_CLIPS} are needed",
        )
    open_: list[str] = []
    failed: list[str] = []
    for column in columns:
        if column.most_difference is None:
            open_.append(f"no limits are stated for {column.name}")
            continue
        if column.mean_difference is None or column.mean_difference > column.most_difference:
            failed.append(
                f"{column.name} differs by {column.mean_difference:.4g} on average, by more than "
                f"{column.most_difference:g}"
            )
        if column.least_r is not None and column.r is None:
            open_.append(f"{column.name} is the same on all clips")
        elif column.least_r is not None and column.r is not None and column.r < column.least_r:
            failed.append(f"r of {column.name} is {column.r:.4f}, below {column.least_r:g}")
    if failed:
        why = f"the declared figures are not ours on {fewest} clips: {'; '.join(failed)}"
        return ProofStatus.FAILED, why
    if open_:
        return ProofStatus.UNPROVED, f"not proved: {'; '.join(open_)}"
    return ProofStatus.PROVED, None


def _agreement(
    name: str, theirs: Sequence[float], ours: Sequence[float], limits: Agreement | None
) -> ColumnAgreement:
    r, n = _pearson(theirs, ours), len(ours)
    apart = math.fsum(min(abs(a - b), _FAR) for a, b in zip(theirs, ours, strict=True))
    return ColumnAgreement(
        name=name,
        n=n,
        # A manifest holds them: the last digits must not be the processor's.
        r=None if r is None else _floored(r),
        mean_difference=None if n == 0 else round(apart / n, 6),
        least_r=None if limits is None else limits.r,
        most_difference=None if limits is None else limits.difference,
    )


def _pearson(first: Sequence[float], second: Sequence[float]) -> float | None:
    """None where it is undefined: the status then says that the column is the same everywhere."""
    if any(abs(value) > _FAR for value in (*first, *second)):
        return None
    return exact_pearson(np.array(first), np.array(second)).r


def _floored(r: float) -> float:
    """Rounding lifts no figure over its limit."""
    return min(1.0, math.floor(r * 1e6) / 1e6)


def refuted(proofs: Sequence[DeclaredFeatures]) -> frozenset[str]:
    """Tables of one corpus whose declaration does not hold."""
    return frozenset(each.table for each in proofs if each.status is ProofStatus.FAILED)
