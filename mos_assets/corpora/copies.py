"""Files that hold the same bytes under several names: one content, and one row of it at most."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from mos_assets.corpora.labels import SAME_MOS, reject
from mos_assets.corpora.names import stem
from mos_assets.records import RejectedRow
from mos_assets.records.label_columns import Labels

_NAMED = 4
"""Copies that a reason names."""


def all_but_one(
    corpus: str,
    labels: Labels,
    copies: Sequence[Sequence[int]],
    test_part: str | None,
) -> tuple[list[int], list[RejectedRow]]:
    """Positions of the labels that are not used since their clip is a copy, and their rows.

    copies: positions whose files hold the same bytes. Where their labels contradict each other,
    none of them is used.
    """
    dropped: list[int] = []
    rejected: list[RejectedRow] = []
    copied = [at for some in copies for at in some]
    label_of = dict(zip(copied, labels.take(copied), strict=True))
    for some in copies:
        # A clip of the test part must not come back into training under another name.
        order = sorted(
            some,
            key=lambda at: (
                test_part is None or label_of[at].part != test_part,
                stem(label_of[at].clip_name),
            ),
        )
        rows = [label_of[at] for at in order]
        lost = order[1:]
        reason = f"the same bytes and label as {rows[0].clip_name}, which is used"
        if max(row.mos for row in rows) - min(row.mos for row in rows) > SAME_MOS:
            lost = order
            names = ", ".join(row.clip_name for row in rows[:_NAMED])
            given = ", ".join(f"{row.mos:g}" for row in rows[:_NAMED])
            reason = (
                f"conflict: the same bytes have different labels ({names}: MOS {given}); "
                "none is used"
            )
        dropped += lost
        rejected += [row for at in lost for row in reject(corpus, label_of[at], reason)]
    return dropped, rejected


def with_joined_contents(labels: pa.Table, copies: Sequence[Sequence[int]]) -> pa.Table:
    """Contents that hold the same bytes are one, whichever of the copies is used, if any is."""
    if not copies:
        return labels
    contents: list[str] = labels["content_group"].to_pylist()
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while (above := parent.setdefault(group, group)) != group:
            group = above
        return group

    for first, *others in copies:
        for other in others:
            low, high = sorted((root(contents[first]), root(contents[other])))
            parent[high] = low
    joined = [root(each) if each in parent else each for each in contents]
    at = labels.schema.get_field_index("content_group")
    return labels.set_column(at, labels.schema.field(at), pa.array(joined, pa.string()))
