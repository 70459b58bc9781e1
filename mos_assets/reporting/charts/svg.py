"""A small drawing in SVG that lies within a page and takes its colours from it.

matplotlib's SVG has its colours fixed and no names on its points; here a class names what a shape
is, and the page's style sheet says how that looks in light, in dark and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

WIDTH = 400
"""Units a drawing is wide: about the pixels of a phone, so that its words stay readable there."""
Anchor = Literal["start", "middle", "end"]


def visible(text: str) -> str:
    """The text without what XML cannot hold or no screen shows; names come from strangers."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@dataclass
class Drawing:
    """Shapes in the order in which they are painted; every text is escaped."""

    height: float
    words: str
    """What it shows, for who cannot see it."""
    _shapes: list[Markup] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._add("line", ends, kind)

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through these points."""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polyline", f'points="{joined}"', kind)

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, title: str = ""
    ) -> None:
        """A filled rectangle; the title is shown to who points at it."""
        at = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.0):.1f}" height="{height:.1f}"'
        self._add("rect", at, kind, title)

    def circle(self, x: float, y: float, radius: float, kind: str, title: str = "") -> None:
        """A dot; the title is shown to who points at it."""
        self._add("circle", f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"', kind, title)

    def text(
        self, x: float, y: float, words: str, kind: str = "tick", anchor: Anchor = "start"
    ) -> None:
        """A line of words with its baseline at y."""
        at = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self._shapes.append(
            Markup('<text {} class="{}">{}</text>').format(Markup(at), kind, visible(words))  # noqa: S704
        )

    def markup(self) -> Markup:
        """The drawing as an element of a page."""
        head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, f"{self.height:.0f}", visible(self.words)
        )
        return head + Markup("").join(self._shapes) + Markup("</svg>")

    def _add(self, name: str, attributes: str, kind: str, title: str = "") -> None:
        inner = Markup("<title>{}</title>").format(visible(title)) if title else Markup("")
        shape = Markup('<{0} {1} class="{2}">{3}</{0}>').format(
            Markup(name),  # noqa: S704
            Markup(attributes),  # noqa: S704
            escape(kind),
            inner,
        )
        self._shapes.append(shape)
