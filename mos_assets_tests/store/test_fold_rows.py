"""The split as the store keeps it."""

from pathlib import Path

from mos_assets.store import Database, fold_rows


def test_a_corpus_that_joins_others_moves_none_of_their_clips(tmp_path: Path) -> None:
    """A new set of corpora starts from the largest part of it that was split before."""
    database = Database(tmp_path)
    small, large, other = {"b/z": 3}, {"a/x": 1, "a/y": 2}, {"c/w": 0, "d/v": 1, "d/u": 2}
    for scope, groups in (("b", small), ("a", large), ("c,d", other)):
        fold_rows.write_folds(database, scope=scope, n_folds=5, group_folds=groups, rows=[])
    assert fold_rows.known_fold_groups(database, "a", 5) == large
    assert fold_rows.known_fold_groups(database, "a,b", 5) == large
    assert fold_rows.known_fold_groups(database, "a,b", 4) == {}
    assert fold_rows.known_fold_groups(database, "d", 5) == {}
    joined = {**large, "b/z": 4}
    fold_rows.write_folds(database, scope="a,b", n_folds=5, group_folds=joined, rows=[])
    assert fold_rows.known_fold_groups(database, "a,b", 5) == joined
    assert fold_rows.known_fold_groups(database, "b", 5) == small
