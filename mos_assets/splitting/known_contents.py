"""Which clips of a corpus that only tests show what the training corpora show, and whose heads may
score them.

A fold's head has seen the contents of every other fold. It may score a clip of a known content only
where all training rows of that content lie in the fold that it left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mos_assets.splitting.folds import HELD_OUT

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContentRow:
    """What tells the content of one clip."""

    clip_id: str
    corpus: str
    group: str | None
    """Content as its corpus names it, without the corpus; None where no label names one."""
    namespace: str | None
    """Corpora of one namespace mean the same content by the same name; None: only itself."""
    sha256: str | None
    """Of the clip's bytes."""
    reference_sha256: str | None
    """Of the bytes of its pristine source."""
    fold: int = HELD_OUT
    """Of a training row; `HELD_OUT` where it never trains."""


@dataclass(frozen=True, slots=True)
class Scorers:
    """Which heads may score one clip of a test corpus."""

    clip_id: str
    known: bool
    """Whether a row that trains shows its content."""
    folds: frozenset[int]
    """Folds whose heads have not seen the content; empty where every head has."""


@dataclass(frozen=True, slots=True)
class KnownContents:
    """The scorers of a test corpus, in the order of its rows."""

    scorers: tuple[Scorers, ...]
    n_known: int
    """Clips whose content trains."""
    n_unscorable: int
    """Clips that no head may score; they take no part."""
    known_contents: int
    """Contents of the test corpus that train."""


def known_contents(training: Iterable[ContentRow], test: Sequence[ContentRow]) -> KnownContents:
    """Who may score the rows of `test`, heads of every fold in which `training` has rows.

    Two rows share content where they have the same group name in one namespace, the same bytes, or
    the same pristine source; a clip whose bytes are another's source counts, too. Test rows that
    share content among themselves are known together. Raises ValueError where a clip_id occurs in
    both, or twice in one.
    """
    folds_of: dict[Key, set[int]] = defaultdict(set)
    folds: set[int] = set()
    ids: set[str] = set()
    for row in training:
        _once(row.clip_id, ids)
        if row.fold == HELD_OUT:
            continue
        folds.add(row.fold)
        for key in _keys(row):
            folds_of[key].add(row.fold)
    content = _joined(test, ids)
    seen: dict[int, set[int]] = defaultdict(set)
    for row, of in zip(test, content, strict=True):
        for key in _keys(row):
            seen[of] |= folds_of.get(key, set())
    scorers = tuple(
        Scorers(row.clip_id, bool(seen[of]), _unseen(folds, seen[of]))
        for row, of in zip(test, content, strict=True)
    )
    return KnownContents(
        scorers=scorers,
        n_known=sum(scorer.known for scorer in scorers),
        n_unscorable=sum(not scorer.folds for scorer in scorers),
        known_contents=sum(bool(found) for found in seen.values()),
    )


def shared_contents(rows: Sequence[ContentRow]) -> list[int]:
    """[n], a number a content, over corpora: rows linked as in `known_contents`, or by a chain.

    Raises ValueError where a clip_id occurs twice.
    """
    return _joined(rows, set())


def _unseen(folds: set[int], seen: set[int]) -> frozenset[int]:
    if len(seen) > 1:
        return frozenset()
    return frozenset(seen or folds)


def _keys(row: ContentRow) -> Iterator[Key]:
    if row.group is not None:
        # The two kinds of names are kept apart: a corpus may be called as a namespace is.
        place = ("corpus", row.corpus) if row.namespace is None else ("namespace", row.namespace)
        yield "group", *place, row.group
    for sha256 in (row.sha256, row.reference_sha256):
        if sha256 is not None:
            yield "bytes", sha256


def _joined(rows: Sequence[ContentRow], ids: set[str]) -> list[int]:
    """The content of each row as a number: rows linked by keys, or by a chain of them."""
    parent = list(range(len(rows)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[Key, int] = {}
    for at, row in enumerate(rows):
        _once(row.clip_id, ids)
        for key in _keys(row):
            parent[root(at)] = root(first.setdefault(key, at))
    return [root(at) for at in range(len(rows))]


def _once(clip_id: str, ids: set[str]) -> None:
    if clip_id in ids:
        raise ValueError(f"clip_id is unique over training and test, but {clip_id!r} occurs twice")
    ids.add(clip_id)
