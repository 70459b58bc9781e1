"""Which clip is judged in which fold: grouping, balance, and growth that moves nobody.

Two clips of one content, or with the same bytes, never lie on two sides of a split. What a fold
means is decided once for a group and kept; the caller persists `FoldAssignment.group_folds` and
hands it back as `known` next time.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mos_assets.errors import TrainingError
from mos_assets.io.hashing import hash_text
from mos_assets.splitting.balance import GroupLoad, balanced_folds, dealt

HELD_OUT = -1
"""Fold of a row that never trains."""
_MOST_NAMED = 3
"""Contents, and conflicts of contents, that notes name."""


@dataclass(frozen=True, slots=True)
class FoldRow:
    """What the split needs to know of one clip."""

    clip_id: str
    group: str
    """Content group; rows of one group share a fold."""
    mos: float
    sha256: str | None
    """Of the clip's bytes; None where only the label exists."""
    trainable: bool = True
    """False for rows that are only tested, such as part b of KonViD-150k."""


@dataclass(frozen=True, slots=True)
class MergedGroup:
    """Rows that must stay together: linked by content group, by bytes, or by a chain of both."""

    name: str
    """Content group of the member with the smallest clip_id."""
    content_groups: tuple[str, ...]
    """Every content group that was merged, sorted."""
    rows: tuple[FoldRow, ...]
    """Sorted by clip_id."""

    @property
    def trains(self) -> bool:
        """False as soon as one member is held out: the others would leak it into training."""
        return all(row.trainable for row in self.rows)


@dataclass(frozen=True, slots=True)
class FoldOf:
    """Fold of one clip; `HELD_OUT` where the clip never trains."""

    clip_id: str
    group: str
    """Name of the merged group."""
    fold: int


@dataclass(frozen=True, slots=True)
class FoldAssignment:
    """A complete split."""

    folds: tuple[FoldOf, ...]
    """One entry a row, sorted by clip_id."""
    group_folds: Mapping[str, int]
    """Content group to fold, to be persisted; holds the known groups that are absent now, too."""
    n_folds: int
    """Folds in use, numbered 0..n_folds-1; may be fewer than asked for."""
    sha256: str
    """Of every (clip, group, fold); equal where the split of these clips is equal."""
    notes: tuple[str, ...]
    """What a reader of the run must know, in plain sentences."""
    settled: bool
    """Whether to split the same rows again, by the groups that are known now, gives all of this."""


def merge_groups(rows: Iterable[FoldRow]) -> tuple[MergedGroup, ...]:
    """Join rows that share a content group or bytes; the result is sorted by name.

    Raises ValueError where a clip_id occurs twice.
    """
    ordered = sorted(rows, key=lambda row: row.clip_id)
    for before, after in pairwise(ordered):
        if before.clip_id == after.clip_id:
            raise ValueError(f"clip_id is unique in a split, but {after.clip_id!r} occurs twice")
    parent: dict[str, str] = {row.group: row.group for row in ordered}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first_with: dict[str, str] = {}
    for row in ordered:
        if row.sha256 is not None:
            parent[root(row.group)] = root(first_with.setdefault(row.sha256, row.group))
    members: dict[str, list[FoldRow]] = defaultdict(list)
    for row in ordered:
        members[root(row.group)].append(row)
    merged = (
        MergedGroup(
            name=some[0].group,
            content_groups=tuple(sorted({row.group for row in some})),
            rows=tuple(some),
        )
        for some in members.values()
    )
    return tuple(sorted(merged, key=lambda group: group.name))


def assign_folds(rows: Sequence[FoldRow], n_folds: int, known: Mapping[str, int]) -> FoldAssignment:
    """Split the rows into grouped folds, whatever their order.

    Without known groups the folds are balanced in rows and in mean MOS. Known groups keep their
    fold; new ones fill the emptiest folds in the order of their hash. `known` must come from a
    split with the same `n_folds`: where it names a fold that does not exist any more, or leaves
    one empty, the split starts afresh and a note says so.

    Raises TrainingError where no row may train, ValueError where n_folds < 1, an MOS is not
    finite or a clip_id occurs twice.
    """
    if n_folds < 1:
        raise ValueError(f"a split needs at least one fold, not {n_folds}")
    for row in rows:
        if not math.isfinite(row.mos):
            raise ValueError(f"MOS of {row.clip_id!r} is {row.mos}; such rows never get this far")
    groups = merge_groups(rows)
    training = [group for group in groups if group.trains]
    if not training:
        raise TrainingError(
            f"none of the {len(rows)} clips may train: every one is held out for testing or shares "
            "content or bytes with one that is; add clips of a part that trains"
        )
    notes = [*_held_out_notes(groups), *_joined_notes(groups)]
    wanted = min(n_folds, len(training))
    if wanted < n_folds:
        notes.append(
            f"Only {wanted} content groups for {n_folds} folds: the split has {wanted}, and the "
            "verdict cannot be Accepted."
        )
    kept, conflicts = _kept(training, known)
    by_name = _grown(training, kept, n_folds) if kept else {}
    usable = set(by_name.values()) == set(range(wanted))
    if usable:
        notes.extend(conflicts)
    else:
        if kept:
            notes.append(
                "The known split does not fill the folds of this one, so every clip was assigned "
                "afresh; figures of earlier runs are not comparable fold by fold."
            )
        loads = [_load(group) for group in training]
        by_name = dict(zip((g.name for g in training), balanced_folds(loads, wanted), strict=True))
    folds = sorted(
        (
            FoldOf(row.clip_id, group.name, by_name.get(group.name, HELD_OUT))
            for group in groups
            for row in group.rows
        ),
        key=lambda entry: entry.clip_id,
    )
    group_folds = dict(known) if usable else {}
    for group in training:
        group_folds.update(dict.fromkeys(group.content_groups, by_name[group.name]))
    return FoldAssignment(
        folds=tuple(folds),
        group_folds=dict(sorted(group_folds.items())),
        n_folds=wanted,
        sha256=_digest(folds),
        notes=tuple(notes),
        settled=not conflicts and (usable or not kept),
    )


def _held_out_notes(groups: Iterable[MergedGroup]) -> list[str]:
    barred = sorted(row.clip_id for g in groups if not g.trains for row in g.rows if row.trainable)
    if not barred:
        return []
    one = len(barred) == 1
    return [
        f"{len(barred)} {'clip' if one else 'clips'} that might train "
        f"{'shares' if one else 'share'} content or bytes with held-out clips and "
        f"{'is' if one else 'are'} held out too, the first being {barred[0]}."
    ]


def _joined_notes(groups: Iterable[MergedGroup]) -> list[str]:
    joined = [group for group in groups if len(group.content_groups) > 1]
    if not joined:
        return []
    first = " and ".join(joined[0].content_groups[:2])
    return [
        f"{sum(len(group.content_groups) for group in joined)} content groups are {len(joined)} "
        f"in this split, since clips of them hold the same bytes, such as {first}."
    ]


def _kept(
    training: Iterable[MergedGroup], known: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Known folds by merged name; where merging joins two folds, the one with more rows wins."""
    kept: dict[str, int] = {}
    notes: list[str] = []
    for group in training:
        rows_in: dict[int, int] = defaultdict(int)
        for row in group.rows:
            if row.group in known:
                rows_in[known[row.group]] += 1
        if not rows_in:
            continue
        kept[group.name] = min(rows_in, key=lambda fold: (-rows_in[fold], fold))
        if len(rows_in) > 1:
            notes.append(
                f"Content groups {_few(group.content_groups)} turned out to be one; they had "
                f"different folds and are now all in fold {kept[group.name]}."
            )
    if len(notes) > _MOST_NAMED:
        more = len(notes) - _MOST_NAMED
        notes = [*notes[:_MOST_NAMED], f"So it is with {more} more."]
    return kept, notes


def _few(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _grown(
    training: Sequence[MergedGroup], kept: Mapping[str, int], n_folds: int
) -> dict[str, int]:
    filled = [0] * n_folds
    for group in training:
        if 0 <= kept.get(group.name, HELD_OUT) < n_folds:
            filled[kept[group.name]] += len(group.rows)
    new = [group for group in training if group.name not in kept]
    new.sort(key=lambda group: _name_hash(group.name))
    folds = dealt([(len(group.rows), 0.0) for group in new], [(rows, 0.0) for rows in filled])
    return {**kept, **dict(zip((group.name for group in new), folds, strict=True))}


def _load(group: MergedGroup) -> GroupLoad:
    return GroupLoad(
        rows=len(group.rows),
        mos_sum=math.fsum(row.mos for row in group.rows),
        order=_name_hash(group.name),
    )


def _name_hash(name: str) -> str:
    """Order of groups that no naming habit of a corpus can bias: SHA-256 of the name."""
    return hash_text(name)


def _digest(folds: Iterable[FoldOf]) -> str:
    digest = hashlib.sha256()
    for entry in folds:
        # Length prefixes keep names with separators in them apart.
        for part in (entry.clip_id, entry.group, str(entry.fold)):
            raw = part.encode()
            digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()
