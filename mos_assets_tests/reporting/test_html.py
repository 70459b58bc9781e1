"""The page for who decides: whole in one file, and strangers' names are words in it."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from mos_assets.records import FeatureLoss, OutOfFold
from mos_assets.reporting.charts.agreement import MOST_DOTS
from mos_assets.reporting.clips import Thumbnail, judged_clips, worst
from mos_assets.reporting.html import Block, FeatureSet, Surroundings, render_html

STRANGE = (
    "</title></svg></style><script>alert(1)</script><img src=http://evil.example/y onerror=a>"
    "\"' onload='b' {{ 7*7 }} {% raw %} &amp; $x$"
)
"""A name that tries everything."""
ADDRESSES = {"src", "href", "xlink:href", "action", "data", "poster", "srcset", "background"}


class Page(HTMLParser):
    """What a browser makes of it: elements, addresses, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.words += data


def _page(table, oof, report, name="clip", jpeg=b"\xff\xd8", **changes) -> str:
    clips = judged_clips(table, oof, {clip: f"{name} {clip}" for clip in table.clip_ids})
    thumbnails = {
        clip.clip_id: Thumbnail(jpeg if at else None, "" if at else name)
        for at, clip in enumerate(worst(clips))
    }
    around = Surroundings(clips, thumbnails, "own", (), (Block("own", 2, "A table.", True),))
    return render_html(report, replace(around, **changes))


def _only_words(text: str) -> Page:
    page = Page(text)
    assert page.open == [] and page.handlers == []
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert "url(" not in text and "@import" not in text and "http-equiv" not in text
    return page


def test_it_is_one_file_that_fetches_nothing_and_is_the_same_twice(good) -> None:
    table, oof, report = good
    text = _page(table, oof, report)
    page = _only_words(text)
    assert text == _page(*good) and len(text) < 250_000
    assert "://" not in text
    assert len(page.addresses) == 9
    assert page.words.index(report.verdict.sentence) < page.words.index("What to do next")
    assert "Use it, for clips like these" in page.words


def test_names_from_strangers_are_words(good, report_on) -> None:
    table, oof, _ = good
    table = replace(
        table,
        feature_order=(STRANGE, "noise"),
        codec=tuple(STRANGE if i % 2 else "vp9" for i in range(400)),
    )
    losses = [FeatureLoss(1, fold, (STRANGE,), 0.3) for fold in range(5)]
    report = report_on(table, oof, losses=losses).model_copy(
        update={"corpora": (STRANGE, "made"), "label_findings": (STRANGE,)}
    )
    strange = {
        "features": STRANGE,
        "others": (FeatureSet(STRANGE, STRANGE, 3, {"plcc": 0.5}),),
        "blocks": (Block(STRANGE, None, STRANGE, False),),
    }
    page = _only_words(_page(table, oof, report, STRANGE, **strange))
    plain = _only_words(_page(table, oof, report, "clip", **strange))
    assert page.tags == plain.tags
    # Of each clip: a title on both charts, and a row; of the worst ten two more and a card.
    assert page.words.count(STRANGE) - plain.words.count(STRANGE) == 3 * 400 + 3 * 10 + 1
    odd = _page(table, oof, report, "\u202egpj.exe\x00\x1b[31m\ud800")
    assert odd.encode() and not set(odd) & {"\u202e", "\x00", "\x1b", "\ud800"}


def test_forty_clips_leave_nothing_blank(make_table, predict, report_on) -> None:
    """A head of few clips that has learnt next to nothing: that comes first, and features next."""
    table = make_table(n=40)
    oof = predict(table, noise=2.5)
    page = _only_words(text := _page(table, oof, report_on(table, oof)))
    told = ("The head is worse than no head: RMSE", "What to do next", "Try other features")
    at = [page.words.index(words) for words in told]
    assert at == sorted(at)
    assert text.count('class="dot"><title>clip made/') == 2 * 40
    assert text.count('class="worst"><title>') == 2 * 10 and page.words.count("too low") > 0
    assert "Every clip in a table" in page.words
    assert page.tags.count("svg") == 4


@pytest.mark.parametrize("rows", [5, MOST_DOTS + 1])
def test_few_and_many_clips_have_a_page(rows, make_table, predict, report_on, good) -> None:
    """Without a figure, and with more clips than dots; without a finite prediction too."""
    table = make_table(n=rows)
    oof = predict(table)
    # The figures of another corpus do: drawing many is the point, not judging them.
    report = report_on(table, oof) if rows < 100 else good[2]
    page = _only_words(text := _page(table, oof, report))
    assert ('class="dot"' in text) and ('class="shade4"' in text) == (rows > MOST_DOTS)
    assert len(text) < 400_000 and "clip made/" in page.words
    nowhere = OutOfFold(oof.seeds, np.full_like(oof.predictions, np.nan))
    assert "No clip has a finite prediction" in _only_words(_page(table, nowhere, report)).words
