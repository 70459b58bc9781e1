"""What spellings of one name have in common, and how they are shown where they differ."""

from __future__ import annotations

import re
import unicodedata

_WHITE = re.compile(r"\s+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_IGNORED = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Characters without a picture that are no format characters."""


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing: zero width, byte order mark, soft hyphen, direction."""
    return (
        unicodedata.category(character) in ("Cf", "Cc")
        or character in _IGNORED
        or "\ufe00" <= character <= "\ufe0f"
    )


def invisible_in(text: str) -> tuple[str, ...]:
    """The invisible characters of a text, and blanks other than the plain one, as `U+200B`."""
    if text.isascii() and text.isprintable():
        return ()
    return tuple(dict.fromkeys(f"U+{ord(c):04X}" for c in text if is_invisible(c) or _odd_blank(c)))


def visible(text: str) -> str:
    """A text in one Unicode form, without what cannot be seen; blanks are plain and single."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if not is_invisible(c))
    return _WHITE.sub(" ", kept).strip()


def folded(text: str) -> str:
    """As `visible`, whatever the case, and width and the like of letters."""
    plain = visible(text)
    if plain.isascii():
        return plain.lower()
    plain = visible(unicodedata.normalize("NFKC", plain))
    return unicodedata.normalize("NFC", plain.casefold())


def without_zeros(text: str) -> str:
    """Numbers in a text without the zeros in front of them."""
    return _ZEROS.sub("", text)


def shown_name(text: str) -> str:
    """A name for one line: what cannot be seen as `U+200B`, combining marks apart as `U+0308`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(c):04X}]"
        if is_invisible(c) or _odd_blank(c) or unicodedata.combining(c) or not c.isprintable()
        else c
        for c in text
    )


def _odd_blank(character: str) -> bool:
    return character != " " and character.isspace()
