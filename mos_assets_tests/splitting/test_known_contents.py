"""No head scores a content that it has seen, and further cuts part no content."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.splitting.cuts import further_cuts
from mos_assets.splitting.known_contents import ContentRow, known_contents


def _row(clip, group=None, sha=None, ref=None, fold=-1, corpus="old", space="avt"):
    return ContentRow(f"{corpus}/{clip}", corpus, group, space, sha, ref, fold)


TRAINING = [
    _row("a", "bunny", "s1", "r1", 0),
    _row("b", "bunny", "s2", "r1", 0),
    _row("c", "water", "s3", "r2", 1),
    _row("d", None, "s4", None, 2),
    _row("e", "held", "s5", None, -1),
]


@pytest.mark.parametrize(
    ("row", "known", "folds"),
    [
        ({"group": "bunny"}, True, {0}),
        ({"group": "bunny", "space": None}, False, {0, 1, 2}),
        ({"group": "bunny", "space": "other"}, False, {0, 1, 2}),
        ({"group": "new"}, False, {0, 1, 2}),
        ({"group": "new", "sha": "s4"}, True, {2}),
        ({"group": "new", "ref": "r2"}, True, {1}),
        ({"group": "new", "ref": "s3"}, True, {1}),
        ({"group": "held", "sha": "s5"}, False, {0, 1, 2}),
        ({"group": "bunny", "sha": "s3"}, True, set()),
        ({}, False, {0, 1, 2}),
    ],
)
def test_who_may_score(row, known, folds) -> None:
    """By name in a common namespace, by bytes, by source; rows that never train teach nothing."""
    found = known_contents(TRAINING, [_row("x", corpus="new", **row)])
    assert (found.scorers[0].known, found.scorers[0].folds) == (known, frozenset(folds))
    assert (found.n_known, found.n_unscorable) == (int(known), int(not folds))


def test_a_content_is_known_as_a_whole() -> None:
    """One clip has the bytes of a training clip; the others of its group, and of a source that
    they share, show the same."""
    test = [
        _row("x", "g", "s4", None, corpus="new"),
        _row("y", "g", None, "q", corpus="new"),
        _row("z", "h", None, "q", corpus="new"),
        _row("w", "i", None, None, corpus="new"),
    ]
    found = known_contents(TRAINING, test)
    assert [scorer.folds for scorer in found.scorers] == [{2}, {2}, {2}, {0, 1, 2}]
    assert (found.n_known, found.known_contents) == (3, 1)
    with pytest.raises(ValueError, match="occurs twice"):
        known_contents(TRAINING, [_row("a")])


_ROWS = st.lists(
    st.tuples(*[st.sampled_from([None, "1", "2", "3"])] * 3, st.integers(-1, 2)), max_size=12
)


@given(training=_ROWS, test=_ROWS)
def test_no_head_has_seen_what_it_scores(training, test) -> None:
    """Every scorer left out every training row that shares a key with the clip."""
    old = [_row(str(i), g, s, r, f) for i, (g, s, r, f) in enumerate(training)]
    new = [_row(str(i), g, s, r, corpus="new") for i, (g, s, r, _) in enumerate(test)]
    for row, scorer in zip(new, known_contents(old, new).scorers, strict=True):
        for other in old:
            keys = {row.sha256, row.reference_sha256} & {other.sha256, other.reference_sha256}
            shares = bool(keys - {None}) or (row.group is not None and row.group == other.group)
            if shares and other.fold >= 0:
                assert scorer.known and scorer.folds <= {other.fold}


@given(groups=st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60))
def test_cuts_part_no_group_and_leave_no_fold_empty(groups) -> None:
    cuts = further_cuts(groups, 5, 12)
    assert np.array_equal(cuts, further_cuts(groups, 5, 12))
    for cut in cuts:
        assert len(set(zip(groups, cut.tolist(), strict=True))) == len(set(groups))
        assert set(cut.tolist()) == set(range(min(5, len(set(groups)))))
        sizes, largest = Counter(cut.tolist()), max(Counter(groups).values())
        assert max(sizes.values()) - min(sizes.values()) <= largest


def test_cuts_differ() -> None:
    cuts = further_cuts([f"g{i}" for i in range(30)], 5, 10)
    assert len({tuple(cut.tolist()) for cut in cuts}) == 10
    with pytest.raises(ValueError, match="cannot be cut"):
        further_cuts([], 5, 10)
