"""What corpora teach of each other, by heads that did not see the content."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation.metrics import plcc, rmse
from mos_assets.evaluation.mixed import TestedCorpus, cross_figures, drawn_clips, drawn_tested


def _head(shift):
    return lambda features, slots, corpora: features[:, 0] + shift + 10.0 * slots


def _tables(make_table):
    """40 rows of 8 contents in 2 folds train; 4 of the 10 contents of the tested are of them."""
    at = np.arange(40)
    training = replace(
        make_table(n=40), groups=tuple(f"g{i % 8}" for i in at), folds=at % 2, slots=at % 2
    )
    tested = replace(make_table(n=40), groups=tuple(f"g{4 + i % 10}" for i in at), slots=at % 3)
    return training, tested


def test_a_known_content_is_scored_by_the_fold_that_left_it_out(make_table) -> None:
    """Any other by the mean; figures are means over cuts; slot 2 did not train."""
    training, tested = _tables(make_table)
    cuts = [
        (training.folds, {0: _head(0.5), 1: _head(-0.1)}),
        (1 - training.folds, {0: _head(0.0), 1: _head(0.3)}),
    ]
    found = cross_figures(("a",), training, cuts, TestedCorpus("b", tested))
    assert (found.clips, found.contents, found.known_clips, found.reason) == (40, 10, 16, None)
    content = np.array([int(group[1:]) for group in tested.groups])
    plain = tested.features[:, 0] + np.where(tested.slots == 1, 10.0, 0.0)
    even = content % 2 == 0
    shifts = (
        np.where(content >= 8, 0.2, np.where(even, 0.5, -0.1)),
        np.where(content >= 8, 0.15, np.where(even, 0.3, 0.0)),
    )
    for name, metric in (("plcc", plcc), ("rmse", rmse)):
        want = np.mean([metric(plain + shift, tested.mos) for shift in shifts])
        assert getattr(found, name) == pytest.approx(want, abs=1e-6)


def test_what_cannot_be_had_is_empty_with_a_reason(make_table) -> None:
    training, tested = _tables(make_table)
    cut = [(training.folds, {0: _head(0.0), 1: _head(0.0)})]
    gaps = tested.features.copy()
    gaps[:, 0] = np.nan
    apart = training.features.copy()
    apart[:, 1] = np.nan
    for seen, one, reason in (
        (training, TestedCorpus("b", tested, "it is odd"), "it is odd"),
        (training, TestedCorpus("b", tested.take(np.arange(2))), "2 clips could be scored"),
        (
            replace(training, features=apart),
            TestedCorpus("b", replace(tested, features=gaps)),
            "they have no feature column in common",
        ),
    ):
        found = cross_figures(("a",), seen, cut, one)
        assert (found.plcc, found.rmse, found.clips, found.reason) == (None, None, 0, reason)
    flat = TestedCorpus("b", replace(tested, mos=np.full(40, 3.0)))
    found = cross_figures(("a",), training, cut, flat)
    assert (found.plcc, found.reason) == (None, "ratings or predictions do not vary")
    assert found.rmse is not None
    torn = [(np.arange(40) % 3, {})]
    with pytest.raises(ValueError, match="more than one fold"):
        cross_figures(("a",), training, torn, TestedCorpus("b", tested))


@pytest.mark.parametrize(
    ("sizes", "most", "kept"),
    [
        ((30, 20), 100, (30, 20)),
        ((300, 20), 100, (80, 20)),
        ((300, 400), 100, (50, 50)),
        ((0, 300), 100, (0, 100)),
    ],
)
def test_many_clips_are_drawn_and_small_corpora_kept(make_table, sizes, most, kept) -> None:
    tables = {str(at): make_table(n=n) for at, n in enumerate(sizes)}
    drawn = drawn_clips(tables, most)
    assert (list(drawn), tuple(len(one.mos) for one in drawn.values())) == (["0", "1"], kept)
    assert len(drawn_tested(make_table(n=300, held_out=300), 50).mos) == 50
