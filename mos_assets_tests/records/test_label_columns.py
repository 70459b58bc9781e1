"""Labels as columns are the labels that they were made of."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.records import Label
from mos_assets.records.label_columns import NO_LABELS, Labels
from mos_assets.records.rows import met_twice

TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
MAYBE = st.none() | TEXTS
LABELS = st.builds(
    Label,
    clip_name=TEXTS,
    mos=st.floats(1, 5) | st.just(math.nan),
    mos_std=st.none() | st.floats(0, 2),
    n_ratings=st.none() | st.integers(1, 2**40),
    part=MAYBE,
    group=MAYBE,
    reference=MAYBE,
    source=TEXTS,
    line=st.integers(1, 2**40),
    others=st.lists(st.tuples(TEXTS, st.integers(1, 9)), max_size=2).map(tuple),
    foreign=MAYBE,
    session=MAYBE,
    mos_ci95=st.none() | st.floats(0, 2),
)
SOME = st.lists(LABELS, max_size=6)


def plain(labels: object) -> list[object]:
    """What can be compared: NaN is NaN."""
    return [
        tuple("NaN" if cell != cell else cell for cell in label)
        for label in labels  # type: ignore[attr-defined]
    ]


@given(SOME)
def test_each_label_comes_back(labels: list[Label]) -> None:
    columns = Labels.of(labels)
    assert plain(columns) == plain(labels) and len(columns) == len(labels)
    assert Labels.of(columns) is columns
    for name in Label._fields[2:9]:
        assert list(columns.column(name)) == [getattr(label, name) for label in labels]
    assert columns.known("group") == [
        *dict.fromkeys(label.group for label in labels if label.group is not None)
    ]
    assert [list(places) for places in columns.places()] == [
        [(label.source, label.line), *label.others] for label in labels
    ]


@given(SOME, SOME, st.randoms(use_true_random=False))
def test_rows_are_moved_as_in_a_list(
    labels: list[Label],
    more: list[Label],
    draw: object,
) -> None:
    columns, together = Labels.of(labels), labels + more
    order = list(range(len(labels)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    some = order[: len(order) // 2]
    assert plain(columns.take(order)) == plain([labels[at] for at in order])
    assert plain(columns.without(some)) == plain(
        label for at, label in enumerate(labels) if at not in some
    )
    assert plain(columns.plus(Labels.of(more), NO_LABELS)) == plain(together)
    assert plain(columns.plus(Labels.of(more)).by_name(but=some)) == plain(
        sorted(
            (label for at, label in enumerate(together) if at not in some),
            key=lambda label: label.clip_name,
        )
    )
    changed = {at: labels[at]._replace(clip_name="x", others=(("f", 1),)) for at in some}
    assert plain(columns.replaced(changed)) == plain(
        changed.get(at, label) for at, label in enumerate(labels)
    )
    stds = [at / 8 for at in range(len(labels))]
    assert plain(columns.telling(mos_std=stds)) == plain(
        label._replace(mos_std=std) for label, std in zip(labels, stds, strict=True)
    )


def test_more_rows_than_are_objects_at_once() -> None:
    """With what few labels have at both ends of a batch."""
    labels = [
        Label(f"c{at}", 1 + at % 5, None, None, None, None, None, "f", at) for at in range(20_001)
    ]
    for at in (0, 9_999, 10_000, 20_000):
        labels[at] = labels[at]._replace(others=(("g", at),))
    columns = Labels.of(iter(labels))
    assert list(columns) == labels
    assert columns[20_000] == labels[20_000] and columns[9_998:10_002] == tuple(
        labels[9_998:10_002]
    )
    order = np.random.default_rng(1).permutation(20_001)
    assert list(columns.take(order)) == [labels[at] for at in order]


@given(st.lists(st.none() | st.text("ab", max_size=2), max_size=12))
def test_what_is_met_twice(texts: list[str | None]) -> None:
    times = Counter(text.lower() for text in texts if text is not None)
    assert met_twice(lambda: texts, str.lower) == {
        at: text.lower()
        for at, text in enumerate(texts)
        if text is not None and times[text.lower()] > 1
    }
