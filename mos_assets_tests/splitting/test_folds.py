"""Splits: nothing leaks, nothing depends on row order, nothing moves when a corpus grows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import TrainingError
from mos_assets.splitting.folds import HELD_OUT, FoldAssignment, FoldRow, assign_folds, merge_groups


@st.composite
def corpora(draw: st.DrawFn) -> list[FoldRow]:
    n = draw(st.integers(1, 40))
    return [
        FoldRow(
            clip_id=f"c{i:03d}",
            group=f"g{draw(st.integers(0, 15))}",
            mos=draw(st.integers(10, 50)) / 10,
            sha256=draw(st.sampled_from([None, f"s{i}", "s0", "s1"])),
            trainable=i == 0 or draw(st.integers(0, 9)) > 0,
        )
        for i in range(n)
    ]


def _try(rows: list[FoldRow], known: dict[str, int] | None = None) -> FoldAssignment | None:
    try:
        return assign_folds(rows, 5, known or {})
    except TrainingError:
        return None


@given(corpora(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[FoldRow], rng: random.Random) -> None:
    shuffled = rows.copy()
    rng.shuffle(shuffled)
    assert _try(rows) == _try(shuffled)
    assert merge_groups(rows) == merge_groups(shuffled)


@given(corpora())
def test_neither_content_nor_bytes_lie_on_two_sides(rows: list[FoldRow]) -> None:
    split = _try(rows)
    if split is None:
        return
    fold = {entry.clip_id: entry.fold for entry in split.folds}
    assert set(fold) == {row.clip_id for row in rows}
    for a in rows:
        for b in rows:
            if a.group == b.group or (a.sha256 is not None and a.sha256 == b.sha256):
                assert fold[a.clip_id] == fold[b.clip_id]
    assert all(fold[row.clip_id] == HELD_OUT for row in rows if not row.trainable)
    used = {f for f in fold.values() if f != HELD_OUT}
    assert used == set(range(split.n_folds))


@given(corpora(), corpora())
def test_growth_moves_no_clip(rows: list[FoldRow], more: list[FoldRow]) -> None:
    """New clips with contents and bytes of their own, beside every fold that is in use."""
    first = _try(rows)
    if first is None:
        return
    new = [FoldRow(f"n{r.clip_id}", f"n{r.group}", r.mos, None, r.trainable) for r in more]
    second = assign_folds(rows + new, 5, first.group_folds)
    after = {entry.clip_id: entry.fold for entry in second.folds}
    assert all(after[entry.clip_id] == entry.fold for entry in first.folds)
    assert assign_folds(rows, 5, second.group_folds).folds == first.folds


def test_new_groups_fill_the_emptiest_fold() -> None:
    known = {f"g{i}": i for i in range(5)}
    rows = [FoldRow(f"c{i}{j}", f"g{i}", 3.0, None) for i in range(5) for j in range(3 - (i == 3))]
    split = assign_folds([*rows, FoldRow("new", "new", 3.0, None)], 5, known)
    assert {e.clip_id: e.fold for e in split.folds}["new"] == 3
    assert split.group_folds["new"] == 3


def test_absent_groups_keep_their_place_in_the_store() -> None:
    rows = [FoldRow(f"c{i}", f"g{i}", 3.0, None) for i in range(10)]
    first = assign_folds(rows, 5, {})
    fewer = assign_folds(rows[:9], 5, first.group_folds)
    if fewer.notes == ():
        assert fewer.group_folds == first.group_folds


def test_fewer_groups_than_folds_is_fewer_folds_and_a_note() -> None:
    rows = [FoldRow(f"c{i}", f"g{i % 3}", 3.0, None) for i in range(30)]
    split = assign_folds(rows, 5, {})
    assert split.n_folds == 3
    assert "Only 3 content groups for 5 folds" in split.notes[0]


def test_bytes_of_a_held_out_clip_never_train() -> None:
    """The same file in part a and part b would leak the test set into training."""
    rows = [FoldRow(f"a{i}", f"a{i}", 3.0, f"s{i}") for i in range(10)]
    rows.append(FoldRow("b0", "b0", 3.0, "s4", trainable=False))
    split = assign_folds(rows, 5, {})
    out = [entry.clip_id for entry in split.folds if entry.fold == HELD_OUT]
    assert out == ["a4", "b0"]
    assert "1 clip that might train" in split.notes[0]
    assert "a4" in split.notes[0]
    assert "a4" not in split.group_folds


def test_contents_that_bytes_join_are_said_to_be_one() -> None:
    """Such as a clip of KonViD-1k that is in KonViD-150k too."""
    rows = [FoldRow(f"c{n}", f"g{n}", 3.0, "same" if n in (1, 4) else None) for n in range(6)]
    (note,) = assign_folds(rows, 5, {}).notes
    assert note == (
        "2 content groups are 1 in this split, since clips of them hold the same bytes, such as "
        "g1 and g4."
    )
    assert assign_folds(rows[:3], 2, {}).notes == ()


def test_bytes_that_two_corpora_share_lie_in_one_fold() -> None:
    """The same file under two names, in two corpora, each with its own content group."""
    rows = [FoldRow(f"{c}/{i}", f"{c}:{i}", 3.0, f"{c}{i}") for c in ("a", "b") for i in range(20)]
    rows += [FoldRow("a/x", "a:x", 2.0, "shared"), FoldRow("b/y", "b:y", 4.0, "shared")]
    fold = {entry.clip_id: entry.fold for entry in assign_folds(rows, 5, {}).folds}
    assert fold["a/x"] == fold["b/y"]
    # So does a second corpus that arrives when the first has its folds already.
    first = assign_folds([row for row in rows if row.clip_id.startswith("a/")], 5, {})
    grown = {e.clip_id: e.fold for e in assign_folds(rows, 5, first.group_folds).folds}
    assert grown["b/y"] == grown["a/x"] == {e.clip_id: e.fold for e in first.folds}["a/x"]


def test_groups_that_turn_out_to_be_one_move_together_and_say_so() -> None:
    rows = [FoldRow(f"c{i}{j}", f"g{i}", 3.0, None) for i in range(8) for j in range(2)]
    first = assign_folds(rows, 5, {})
    folds = first.group_folds
    other = next(
        g
        for g in folds
        if folds[g] != folds["g0"] and sum(f == folds[g] for f in folds.values()) > 1
    )
    bridge = [FoldRow("x", "g0", 3.0, "same"), FoldRow("y", other, 3.0, "same")]
    second = assign_folds(rows + bridge, 5, folds)
    assert second.group_folds["g0"] == second.group_folds[other]
    assert any("turned out to be one" in note or "afresh" in note for note in second.notes)


def test_a_split_for_another_number_of_folds_is_not_taken_over() -> None:
    """Else a quick look with two folds would leave five folds half empty for ever."""
    rows = [FoldRow(f"c{i}", f"g{i}", 3.0, None) for i in range(20)]
    quick = assign_folds(rows, 2, {})
    full = assign_folds(rows, 5, quick.group_folds)
    assert full.n_folds == 5
    assert "afresh" in full.notes[-1]
    assert full.folds == assign_folds(rows, 5, {}).folds


def test_hash_tells_splits_apart() -> None:
    rows = [FoldRow(f"c{i}", f"g{i}", 3.0, None) for i in range(10)]
    one, two = assign_folds(rows, 5, {}), assign_folds(rows, 2, {})
    assert one.sha256 == assign_folds(rows[::-1], 5, {}).sha256
    assert one.sha256 != two.sha256


def test_nothing_to_train_on_is_the_users_error() -> None:
    with pytest.raises(TrainingError, match="none of the 1 clips may train"):
        assign_folds([FoldRow("b", "b", 3.0, None, trainable=False)], 5, {})


def test_invariants_are_named() -> None:
    row = FoldRow("c", "g", 3.0, None)
    with pytest.raises(ValueError, match="'c' occurs twice"):
        assign_folds([row, row], 5, {})
    with pytest.raises(ValueError, match="MOS of 'c' is nan"):
        assign_folds([FoldRow("c", "g", float("nan"), None)], 5, {})
