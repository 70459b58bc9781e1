"""Labels and files whose names differ in spelling only, and what is said of the rest.

A label takes a file of another spelling only where both fit nobody else: of all labels and all
files of the folder, exactly one each has that name in common.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mos_assets.corpora.names import stem
from mos_assets.corpora.spelling import (
    folded,
    invisible_in,
    shown_name,
    visible,
    without_zeros,
)
from mos_assets.records import Finding, Label, Severity

SUMMARIES = frozenset(
    (
        *("mean", "means", "average", "averages", "avg", "median", "mode", "total", "totals"),
        *("subtotal", "subtotals", "sum", "sums", "overall", "count", "counts", "n"),
        *("std", "stdev", "stddev", "stdv", "sd", "variance", "var", "sem", "ci", "ci95", "rms"),
        *("standard deviation", "std dev", "st dev", "standard error", "std error", "std err"),
        *("min", "minimum", "max", "maximum", "25%", "50%", "75%", "95% ci", "summary"),
        *("mittelwert", "mittelwerte", "mittel", "durchschnitt", "summe", "gesamt", "mw", "stabw"),
        *("standardabweichung", "insgesamt", "moyenne", "moyennes", "ecart type", "somme"),
        *(
            "promedio",
            "media",
            "mediana",
            "suma",
            "total general",
            "desviacion",
            "desviacion tipica",
        ),
        *(
            "m\u00e9dia",
            "desvio padr\u00e3o",
            "gemiddelde",
            "totaal",
            "medelv\u00e4rde",
            "keskiarvo",
        ),
        *(
            "\u015brednia",
            "pr\u016fm\u011br",
            "\u0441\u0440\u0435\u0434\u043d\u0435\u0435",
            "\u0438\u0442\u043e\u0433\u043e",
            "\u5e73\u5747",
            "\u5e73\u5747\u503c",
        ),
        *(
            "\u5408\u8ba1",
            "\u5408\u8a08",
            "\u603b\u8ba1",
            "\u7dcf\u8a08",
            "\ud3c9\uade0",
            "\ud569\uacc4",
            "\u00f8",
            "\u2205",
            "\u03c3",
            "\u03bc",
            "\u2211",
            "x\u0304",
        ),
    )
)
"""What rows are called that sum up the others."""
_OF_ALL = frozenset(
    (
        *("of", "all", "over", "the", "grand", "overall", "mos", "dmos", "rating", "ratings"),
        *("score", "scores", "clip", "clips", "video", "videos", "row", "rows", "entries"),
        *("und", "and", "de", "la", "los", "das", "der", "aller", "alle", "todos", "tous"),
    )
)
"""Words beside those that say nothing of a clip."""
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[(:=].*$")
"""What follows such a word: `(n=6)`, `= 3.1`."""
IS_SUMMARY = "it has no clip, and its name is that of a summary of the other rows"
SHOWN = 3


class Respelt(NamedTuple):
    """A file that a label is taken to mean, and in what their names differ."""

    file: str
    differs: str


def _base(name: str) -> str:
    return folded(name).rpartition("/")[2]


def _stem(name: str) -> str:
    return stem(_base(name))


def _number(name: str) -> str:
    return without_zeros(_stem(name))


_LEVELS: tuple[tuple[Callable[[str], str], str], ...] = (
    (visible, "Unicode form or characters that cannot be seen"),
    (folded, "case or width of letters"),
    (_base, "folder"),
    (_stem, "suffix"),
    (_number, "leading zeros"),
)
"""From one spelling to the next looser one: what is alike in one is alike in all that follow."""


def match_spellings(
    all_names: Callable[[], Iterable[str]],
    files: Sequence[str],
    lost: Iterable[str],
    free: Iterable[str],
) -> dict[str, Respelt]:
    """Name → file for those of `lost` that mean one of `free` beyond doubt.

    all_names, files: all labels, as often as it is called, and all clips, `lost` and `free` among
    them. Time and memory grow linearly with both.
    """
    missing, unused = set(lost), set(free)
    found: dict[str, Respelt] = {}
    # What is not like them in the loosest spelling is like them in none.
    loosest = {_number(name) for name in missing}
    names = [name for name in all_names() if _number(name) in loosest]
    near, stems = set(names), {stem(name) for name in names}
    of_no_label = set(files)
    of_no_label.difference_update(all_names())
    files = [n for n in files if (_number(n) in loosest if n in of_no_label else n in near)]
    for key, differs in _LEVELS:
        if not missing or not unused:
            break
        of_names, of_files = _by_key(names, key), _by_key(files, key)
        for common, (name, *others) in of_names.items():
            there = of_files.get(common, ())
            if others or len(there) != 1 or name not in missing or there[0] not in unused:
                continue
            if stem(there[0]) in stems and stem(there[0]) != stem(name):
                continue
            found[name] = Respelt(there[0], differs)
            missing.discard(name)
            unused.discard(there[0])
    return found


def alike(names: Iterable[str], files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name → files that it resembles, for names of which none was certain."""
    there = _by_key(list(files), _number)
    if not there:
        return dict.fromkeys(names, ())
    return {name: tuple(sorted(there.get(_number(name), ()))) for name in names}


def is_summary(label: Label) -> bool:
    """Whether a label without a clip is called as rows are that sum up the others."""
    name = folded(stem(label.clip_name))
    for text in (name, _ASIDE.sub("", name)):
        plain = re.sub(r"[\s._*:()=-]+", " ", text).strip()
        words = plain.split()
        rest = " ".join(word for word in words if word not in _OF_ALL)
        if plain in SUMMARIES or rest in SUMMARIES:
            return True
    return False


def invisible_findings(labels: Iterable[Label]) -> tuple[Finding, ...]:
    """A warning where names hold characters that cannot be seen."""
    odd = [label for label in labels if invisible_in(label.clip_name)]
    if not odd:
        return ()
    characters = sorted({c for label in odd for c in invisible_in(label.clip_name)})
    first = ", ".join(f"{shown_name(each.clip_name)} (line {each.line})" for each in odd[:SHOWN])
    return (
        Finding(
            Severity.WARNS,
            f"{len(odd)} clip names hold characters that cannot be seen ({', '.join(characters)})",
            ", ".join(sorted({label.source for label in odd})[:SHOWN]),
            "Remove those characters, so that tables and files of these names are found",
            first,
        ),
    )


def twin_findings(labels: Sequence[Label]) -> tuple[Finding, ...]:
    """A warning where labels without a clip are called like others but for spelling."""
    of_name: dict[str, list[Label]] = {}
    for label in labels:
        of_name.setdefault(folded(label.clip_name), []).append(label)
    twins = [sorted(some, key=lambda each: each.line) for some in of_name.values() if some[1:]]
    if not twins:
        return ()
    twins.sort(key=lambda some: some[0].line)
    first = "; ".join(
        ", ".join(f"{shown_name(each.clip_name)} (line {each.line})" for each in some[:SHOWN])
        for some in twins[:SHOWN]
    )
    return (
        Finding(
            Severity.WARNS,
            f"{len(twins)} clip names stand in several rows that differ in case, Unicode form or "
            "characters that cannot be seen: one clip may be on both sides of a fold",
            ", ".join(sorted({label.source for some in twins for label in some})[:SHOWN]),
            "Spell each clip in one way",
            first,
        ),
    )


def _by_key(names: Sequence[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return found
