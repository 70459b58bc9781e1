"""The column of contents: rows without one, and spellings of one content.

Clips of one content on both sides of a fold make a verdict too good, and nothing else shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from mos_assets.corpora.names import looks_like_suffix
from mos_assets.corpora.spelling import folded, shown_name, without_zeros
from mos_assets.records import Finding, Label, Severity
from mos_assets.records.label_columns import Labels
from mos_assets.tables.cells import is_unknown

SHOWN = 3
SHOWN_SPELLINGS = 6
_NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?", re.ASCII)
_COMMA = re.compile(r"([+-]?\d+),(\d{1,2})", re.ASCII)
"""A decimal comma; `1,000` may be a thousand."""
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,' ]\d{3})+", re.ASCII)
_SEPARATORS = re.compile(r"[\s_-]+")
_ACCENTS = re.compile(r"([a-z])[\u0300-\u036f]+")
_BETWEEN = re.compile(r"(?<![0-9]) | (?![0-9])")
"""A blank that keeps no two numbers apart."""
_HOLES = frozenset(
    (
        *("unknown", "unk", "unkn", "unspecified", "undefined", "undef", "undetermined"),
        *("missing", "nil", "nul", "nat", "tbd", "tba", "tbc", "todo"),
        *("to do", "to be done", "to be determined", "not available", "not applicable", "no value"),
        *("not known", "not given", "not set", "not specified", "no group", "no content", "notset"),
        *("n.a", "n/k", "n/d", "n.d", "na/na", "<na>", "\\n"),
        *("#na", "#n/a", "#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!", "#error!"),
        *("unbekannt", "k.a", "k. a", "keine angabe", "fehlt", "#nv", "#bezug!", "#wert!"),
        *("inconnu", "desconocido", "sconosciuto", "\u672a\u77e5", "\u4e0d\u660e", "\u4e0d\u8be6"),
    )
)
"""Further ways to say that a clip's content is not known."""
_REST = frozenset(
    (
        *("other", "others", "misc", "various", "mixed", "diverse", "divers", "sonstige", "any"),
        *("empty", "blank", "void", "leer", "xxx", "fixme", "-1", "-99", "-999", "-9999"),
    )
)
"""What may be the name of a content, or of whatever has none."""
_REST_AMONG_NAMES = frozenset(("0", "99", "999", "9999"))
_QUOTES = " \"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb()[]{}<>.,;:"


def joined_groups(labels: Labels, column: str) -> tuple[Labels, tuple[Finding, ...]]:
    """Labels whose groups are spelt in one way each, and what was found in their column.

    Spellings that mean one content (`1`, `1.0` and `01`; case, white space, Unicode form,
    invisible characters) become the most frequent of them: two contents taken for one cost a
    little, one taken for two makes the verdict too good. Spellings that may mean one (`src01` and
    `src1`) stay apart and are named. A row without a group blocks.
    """
    times = Counter(labels.column("group"))
    none = {text for text in times if text is None or _is_hole(text)}
    missing = [at for at, text in enumerate(labels.column("group")) if text in none]
    holes, source = labels.take(missing), labels[0].source
    del times[None]
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
        findings.append(_spellings(several, source, column))
        one = {text: texts[0] for texts in several for text in texts}
        labels = labels.telling(group=[one.get(text, text) for text in labels.column("group")])
    known = [text for text in labels.known("group") if not _is_hole(text)]
    findings += _doubts(known, source, column)
    return labels, tuple(findings)


def _doubts(groups: Sequence[str], source: str, column: str) -> list[Finding]:
    """What may be one content under several names, or no content at all."""
    place = f"{source}, column {column!r}"
    alike: dict[str, list[str]] = {}
    for text in groups:
        alike.setdefault(_loose(text), []).append(text)
    several = sorted(sorted(texts) for texts in alike.values() if len(texts) > 1)
    found = []
    if several:
        shown = "; ".join(map(_some, several[:SHOWN]))
        found.append(
            Finding(
                Severity.WARNS,
                f"{sum(map(len, several))} groups may be {len(several)} in several spellings, and "
                "are taken for different ones: one content may be on both sides of a fold",
                place,
                "Spell each group in one way, or give different ones names that differ in more",
                shown,
            )
        )
    numbers = [text for text in groups if _NUMBER.fullmatch(folded(text))]
    named = len(numbers) <= 1 < len(groups)
    odd = _REST | _REST_AMONG_NAMES if named else _REST
    rest = [text for text in groups if folded(text).strip(_QUOTES) in odd]
    if rest:
        found.append(
            Finding(
                Severity.WARNS,
                f"{len(rest)} of {len(groups)} groups may stand for clips of no known content: "
                "then one content may be on both sides of a fold",
                place,
                "Make sure that its clips show one content; else name the content of each",
                _some(sorted(rest)),
            )
        )
    return found


def _is_hole(text: str) -> bool:
    """Whether a cell names no content: a word for it, or no letter, digit or picture at all."""
    plain = folded(text)
    bare = plain.strip(_QUOTES)
    if any(is_unknown(each) or each in _HOLES for each in (plain, bare)):
        return True
    if _SEPARATORS.sub(" ", bare).strip() in _HOLES:
        return True
    return not any(c.isalnum() or unicodedata.category(c) == "So" for c in plain)


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
    shown = "; ".join(_some(texts) for texts in sorted(several, key=list)[:SHOWN])
    return Finding(
        Severity.WARNS,
        f"{len(several)} groups are spelt in several ways and are taken for one each",
        f"{source}, column {column!r}",
        "Spell each group in one way",
        shown,
    )


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - SHOWN_SPELLINGS
    shown = ", ".join(shown_name(text)[:80] for text in texts[:SHOWN_SPELLINGS])
    return f"{shown} and {more} more" if more > 0 else shown


def _files(labels: Iterable[Label]) -> str:
    return ", ".join(sorted({label.source for label in labels})[:SHOWN])


def _key(text: str) -> str:
    """What spellings of one content have in common for certain."""
    plain = folded(text)
    return _number(_COMMA.sub(r"\1.\2", plain)) or _SEPARATORS.sub(" ", plain)


def _number(text: str) -> str | None:
    """A number in one spelling, to the last digit; None where the text is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, part, exponent = found[1], found[2], found[3] or "", int(found[4] or 0)
    digits = (whole + part).lstrip("0")
    short = digits.rstrip("0")
    if not short:
        return "0"
    shift = exponent - len(part) + len(digits) - len(short)
    return f"{sign.strip('+')}{short}e{shift}"


def _loose(text: str) -> str:
    """What spellings that may mean one content have in common.

    Besides the certain: quotes and dots around it, a suffix, leading zeros, accents, and blanks,
    `_` and `-` except between two digits, where `1_11` is not `11_1`.
    """
    plain = folded(text).strip(_QUOTES)
    name, dot, suffix = plain.rpartition(".")
    if dot and name and looks_like_suffix(f".{suffix}"):
        plain = name.rstrip(_QUOTES)
    if _THOUSANDS.fullmatch(plain):
        plain = re.sub(r"[,' ]", "", plain)
    number = _key(plain)
    if number != _SEPARATORS.sub(" ", plain):
        return number
    plain = _ACCENTS.sub(r"\1", unicodedata.normalize("NFD", plain))
    return _BETWEEN.sub("", without_zeros(_SEPARATORS.sub(" ", plain)))
