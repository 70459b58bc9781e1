"""Figures inside Markdown: as files beside the page, or carried in the page itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from mos_assets.evaluation.figures import Figure


def with_figures(page: str, figures: Sequence[Figure]) -> str:
    """The page with a section of its figures, which lie in its own folder."""
    if not figures:
        return page
    parts = [f"![{figure.title}]({figure.path.name})\n\n{figure.sentence}" for figure in figures]
    return page.rstrip() + "\n\n## Figures\n\n" + "\n\n".join(parts) + "\n"


def embedded(page: str, figures: Sequence[Figure]) -> str:
    """The page with its pictures inside it, for readers that cannot see its folder."""
    for figure in figures:
        picture = base64.b64encode(figure.path.read_bytes()).decode("ascii")
        page = page.replace(f"]({figure.path.name})", f"](data:image/png;base64,{picture})")
    return page
