"""The column of contents: rows without one, and spellings of one content.

Clips of one content on both sides of a fold make a verdict too good, and nothing else shows it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mos_assets.corpora.spelling import folded, shown_name
from mos_assets.records import Finding, Label, Severity
from mos_assets.tables.cells import is_unknown

SHOWN = 3
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
_SEPARATORS = re.compile(r"[\s_-]+")


def joined_groups(labels: Sequence[Label], column: str) -> tuple[list[Label], tuple[Finding, ...]]:
    """Labels whose groups are spelt in one way each, and what was found in their column.

    Spellings that mean one content (`1`, `1.0` and `01`; case, white space, Unicode form,
    invisible characters) become the most frequent of them: two contents taken for one cost a
    little, one taken for two makes the verdict too good. A row without a group blocks.
    """
    holes = [label for label in labels if label.group is None or is_unknown(label.group)]
    times = Counter(label.group for label in labels if label.group is not None)
    spelt: dict[str, list[str]] = {}
    for text in times:
        spelt.setdefault(_key(text), []).append(text)
    several = [
        sorted(texts, key=lambda text: (-times[text], text))
        for texts in spelt.values()
        if len(texts) > 1
    ]
    findings: list[Finding] = []
    if holes:
        findings.append(_holes(holes, len(labels), column))
    if several:
        findings.append(_spellings(several, labels[0].source, column))
        one = {text: texts[0] for texts in several for text in texts}
        labels = [
            label._replace(group=one.get(label.group, label.group)) if label.group else label
            for label in labels
        ]
    return list(labels), tuple(findings)


def _holes(holes: Sequence[Label], of: int, column: str) -> Finding:
    first = ", ".join(f"{label.clip_name} (line {label.line})" for label in holes[:SHOWN])
    return Finding(
        Severity.BLOCKS,
        f"{len(holes)} of {of} labels have no group, and a content that they share with others "
        "may be on both sides of a fold, which makes the verdict too good",
        f"{_files(holes)}, column {column!r}",
        "Fill every cell; a clip whose content no other clip shows gets a name of its own",
        first,
    )


def _spellings(several: Sequence[Sequence[str]], source: str, column: str) -> Finding:
    shown = "; ".join(
        ", ".join(map(shown_name, texts)) for texts in sorted(several, key=list)[:SHOWN]
    )
    return Finding(
        Severity.WARNS,
        f"{len(several)} groups are spelt in several ways and are taken for one each",
        f"{source}, column {column!r}",
        "Spell each group in one way",
        shown,
    )


def _files(labels: Iterable[Label]) -> str:
    return ", ".join(sorted({label.source for label in labels})[:SHOWN])


def _key(text: str) -> str:
    """What spellings of one content have in common."""
    plain = folded(text)
    if _NUMBER.fullmatch(plain):
        return repr(float(plain))
    return _SEPARATORS.sub(" ", plain)
