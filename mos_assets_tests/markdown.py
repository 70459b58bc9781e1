"""Markdown as a reader's program takes it, to see what a stranger's words do to a page."""

from __future__ import annotations

from collections import Counter

from markdown_it import MarkdownIt

STRANGE = "![a](http://evil.example/y.png) $\\frac{` <img src=x> [b](//e) _c_ **d** |e|"
"""A name that tries everything."""
_LIVE = ("image", "link_open", "code_inline", "em_open", "strong_open", "html_inline", "html_block")


def live(page: str) -> Counter[str]:
    """How many pictures, links, code spans, emphases and pieces of HTML a page has."""
    return Counter(kind for kind, _ in _inline(page) if kind in _LIVE)


def shown(page: str) -> str:
    """The text of a page as a reader sees it."""
    return "".join(text if kind != "softbreak" else "\n" for kind, text in _inline(page))


def _inline(page: str) -> list[tuple[str, str]]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    return [
        (token.type, token.content) for block in tokens for token in (block.children or [block])
    ]
