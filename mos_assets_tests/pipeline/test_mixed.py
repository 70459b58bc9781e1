"""Corpora that train together, judged by one another."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation import TestedCorpus
from mos_assets.pipeline.mixed import judge_mixed
from mos_assets.settings import Settings
from mos_assets.splitting.known_contents import ContentRow

CONTENTS = 20


def run_of(corpus: str, **changes: object):
    return Settings.of(corpus=corpus, **changes).run


def rated(make_table, names, told="quality", n=40):
    """Corpora of the same contents. `quality`: features tell it; `content`: they tell which content
    it is, whose rating is chance."""
    parts = [make_table(n=n) for _ in names]
    content = np.arange(n) % CONTENTS
    rng = np.random.default_rng(3)
    of_content = rng.uniform(1.5, 4.5, CONTENTS)
    place = np.cos(np.outer(np.arange(CONTENTS) + 0.5, np.arange(1, 9)) * np.pi / CONTENTS)
    one = parts[0]
    every = np.arange(n * len(names)) % n
    table = replace(
        one.take(every),
        clip_ids=tuple(f"{name}/{i:04d}" for name in names for i in range(n)),
        groups=tuple(f"{name}/g{content[i]}" for name in names for i in range(n)),
    )
    if told == "content":
        table = replace(
            table,
            features=place[content][every] + rng.normal(0, 0.01, (len(every), 8)),
            feature_order=tuple(f"p{i}" for i in range(8)),
            mos=of_content[content][every],
        )
    return table


def contents(table, namespaces=False):
    """As the store tells them: equal names are one content, unless each corpus has its own."""
    return [
        ContentRow(clip, corpus, group.split("/")[1], corpus if namespaces else "", None, None)
        for clip, corpus, group in zip(table.clip_ids, table.corpora, table.groups, strict=True)
    ]


def test_the_matrix_has_every_row_and_column(make_table) -> None:
    """Three that train and one that tests; the last row is all together."""
    table = rated(make_table, ("a", "b", "c", "t"), n=24)
    corpora = np.array(table.corpora)
    tested = TestedCorpus("t", table.take(np.flatnonzero(corpora == "t")))
    trains = table.take(np.flatnonzero(corpora != "t"))
    found = judge_mixed(run_of("a,b,c"), trains, [tested], contents(table))
    rows = [("a",), ("b",), ("c",), ("a", "b", "c")]
    assert [(one.trained, one.tested) for one in found.matrix] == [
        (row, column) for row in rows for column in ("a", "b", "c", "t")
    ]
    assert [(one.trained, one.tested) for one in found.left_out] == [
        (("b", "c"), "a"),
        (("a", "c"), "b"),
        (("a", "b"), "c"),
    ]
    for one in (*found.matrix, *found.left_out):
        assert (one.clips, one.contents, one.known_clips) == (24, CONTENTS, 24)
        assert one.plcc is not None and one.plcc > 0.6
        assert one.rmse_interval is not None and one.rmse_interval.low < one.rmse


@pytest.mark.parametrize("namespaces", [False, True])
def test_no_figure_is_about_a_content_that_was_seen(make_table, namespaces) -> None:
    """Where features only say which content it is, a fit that saw it in the other corpus knows all:
    so it is where equal names mean different contents, and else nothing is known."""
    table = rated(make_table, ("a", "b"), told="content")
    found = judge_mixed(run_of("a,b"), table, [], contents(table, namespaces))
    across = [one for one in found.matrix if one.trained != (one.tested,)]
    assert len(across) == 4
    for one in (*across, *found.left_out):
        assert one.plcc > 0.5 if namespaces else one.plcc < 0.0, one


def test_one_corpus_has_none_and_an_empty_one_says_so(make_table) -> None:
    table = rated(make_table, ("a",))
    alone = judge_mixed(run_of("a"), table, [], contents(table))
    assert (alone.matrix, alone.left_out) == ((), ())
    found = judge_mixed(run_of("a,b"), table, [], contents(table))
    why = {(one.trained, one.tested): one.reason for one in found.matrix}
    assert why == {
        (("a",), "a"): None,
        (("a",), "b"): "0 clips could be scored",
        (("b",), "a"): "no clip of b trains",
        (("b",), "b"): "no clip of b trains",
        (("a", "b"), "a"): None,
        (("a", "b"), "b"): "0 clips could be scored",
    }
    assert [one.reason for one in found.left_out] == [
        "no clip of b trains",
        "0 clips could be scored",
    ]


def test_what_cannot_train_is_a_reason(make_table) -> None:
    """Five rated clips of two contents are too few, and no reason to fail the report."""
    table = rated(make_table, ("a", "b"))
    few = table.take(np.r_[:42, 60:63])
    found = judge_mixed(run_of("a,b"), few, [], contents(few))
    by_b = [one for one in found.matrix if one.trained == ("b",)]
    assert all(one.plcc is None and "too few to train on" in one.reason for one in by_b)
    assert found.matrix[1].clips == 5 and found.matrix[1].plcc is not None


def test_corpora_are_mapped_where_that_is_asked_for(make_table) -> None:
    """One of them uses the upper part of the scale: together, each is predicted on its own."""
    table = rated(make_table, ("a", "b"), n=60)
    second = np.array(table.corpora) == "b"
    table = replace(table, mos=np.where(second, 2.0 + 0.6 * table.mos, table.mos))
    found = judge_mixed(run_of("a,b", align="corpora"), table, [], contents(table))
    for one in found.matrix[-2:]:
        assert one.trained == ("a", "b")
        assert abs(one.bias) < 0.15, "without it the two are some .3 too low and too high"
