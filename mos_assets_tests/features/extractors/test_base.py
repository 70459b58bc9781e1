"""Every extractor by the same rules: what it must say of itself, and that it is true."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from mos_assets.features import (
    BLOCKS,
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
    column_description,
    column_notes,
    measure_clip,
    picture_extractors,
)
from mos_assets.features.blocks import ALIASES
from mos_assets.features.command import Held, command
from mos_assets.features.extractors.base import COMMAND_LABELS
from mos_assets.features.stride import EVERY, SPARSE_SHARES, Stride
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.settings import Loopback, ReferencePolicy
from mos_assets_tests.features.conftest import task_of

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
COLUMN = Column("made_up", "1", (0.0, 1.0), "nothing", "nowhere")


def _read(self: PictureExtractor, decoded: Decoded) -> Columns:
    return Columns({}, None)


def _tapping(branch: str, file: str) -> Callable[[PictureExtractor, int], Tap]:
    return lambda self, step: Tap(branch, (f"[{branch}]null[x]",), (Output("x", (file,)),))


WHOLE: dict[str, Any] = {
    "name": "made",
    "version": 1,
    "block": "made-v1",
    "columns": (COLUMN,),
    "libraries": (),
    "settings": (),
    "compares": (),
    "read": _read,
}


@pytest.mark.parametrize("forgotten", WHOLE)
def test_an_extractor_that_forgets_a_field_is_none(forgotten: str) -> None:
    before = dict(BLOCKS)
    body = {key: value for key, value in WHOLE.items() if key != forgotten}
    with pytest.raises(TypeError, match=f"extractor Made lacks {forgotten}"):
        type("Made", (PictureExtractor,), body)
    assert before == BLOCKS


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": "nr"}, r"nr \(nr-v1\) exists"),
        ({"block": "Shots"}, r"shots \(shots\) exists"),
        ({"block": "konvid-v1"}, "konvid-v1"),
        ({"block": "a/b"}, "plain names"),
        ({"columns": ()}, "0 columns"),
        ({"columns": (Column("ADM2", "1", (0.0, 1.0), "f", "s"),)}, "adm2, which is taken"),
        ({"columns": (Column("frames", "1", (0.0, 1.0), "f", "s"),)}, "frames, which is taken"),
        ({"columns": (Column("reason", "1", (0.0, 1.0), "f", "s"),)}, "reason, which is taken"),
        ({"columns": (COLUMN, COLUMN)}, "made_up"),
        ({"tap": _tapping("small", "a.rgb")}, "small, which is taken"),
        ({"tap": _tapping("count", "a.rgb")}, "count, which is taken"),
        ({"tap": _tapping("mine", "grey.y4m")}, "grey.y4m, which is taken"),
        ({"tap": _tapping("mine", "libvmaf.json")}, "libvmaf.json, which is taken"),
    ],
)
def test_what_another_has_already_is_refused(change: dict[str, Any], named: str) -> None:
    before = dict(BLOCKS)
    with pytest.raises(TypeError, match=named):
        type("Made", (PictureExtractor,), WHOLE | change)
    assert before == BLOCKS


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (("", "1", (0.0, 1.0), "f", "s"), "name"),
        (("x", " ", (0.0, 1.0), "f", "s"), "unit"),
        (("x", "1", (1.0, 1.0), "f", "s"), "range"),
        (("x", "1", (0.0, 1.0), "", "s"), "formula"),
        (("x", "1", (0.0, 1.0), "f", ""), "source"),
    ],
)
def test_a_column_says_everything_of_itself(fields: Any, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        Column(*fields)


def test_labels_of_the_command_are_known() -> None:
    """An extractor cannot take one of them."""
    parts = {"libvmaf"}
    clip, held = Path("a"), Held(Fraction(1, 9), 4, 4)
    for policy in ReferencePolicy:
        for how in (None, held):
            reference = clip if policy is ReferencePolicy.SOURCE else None
            for loopback, compared in product(Loopback, (EVERY, Stride(SPARSE_SHARES[0]))):
                graphs = command(
                    *(clip, reference, parts, policy, 25.0),
                    held=how,
                    compared=compared,
                    loopback=loopback,
                )
                labels = Tap("count", tuple(graphs), ()).labels
                assert labels <= COMMAND_LABELS


def test_figures_lie_within_their_ranges(hard_cut: Path, ffmpeg: Ffmpeg) -> None:
    for found in measure_clip(task_of(hard_cut), ffmpeg):
        extractor = picture_extractors()[found.part]
        assert tuple(found.figures) == extractor.figure_names
        columns = extractor.columns_of(found.figures, found.reason).figures
        for column in (*extractor.figures, *extractor.columns):
            value = {**found.figures, **columns}[column.name]
            assert column.range[0] <= value <= column.range[1], column


def test_a_table_in_the_place_of_a_block_is_named_as_the_source() -> None:
    note, stranger = column_notes(("adm2", "own"), "canonical-6=table:x + own=table:own")
    assert (note.source, note.formula) == (
        "external table x",
        BLOCKS["canonical-6"].columns[0].formula,
    )
    assert stranger.source == "external table"


def page() -> str:
    """docs/features.md, from what the extractors say of themselves."""
    lines = [
        "# Features",
        "",
        "What each block of `MOS_FEATURES` holds, as `mos_assets/features/extractors/` says it. "
        + " ".join(f"`{name}` stands for {' + '.join(all_)}." for name, all_ in ALIASES.items()),
        "A figure that cannot be had is missing, with the reason. "
        "What standards and other tools say: [measures](measures.md).",
    ]
    for name, block in BLOCKS.items():
        lines += ["", f"## {name}", "", (block.__doc__ or "").strip()]
        if isinstance(block, PictureExtractor) and block.compares:
            told = "Compared with `MOS_REFERENCE`, on the pictures of `MOS_SAMPLING`."
            if block.needs_source:
                told = "With `MOS_REFERENCE=source` alone, on the pictures of `MOS_SAMPLING`."
            lines += ["", told]
        lines += ["", "| column | formula (unit, range); source |", "|---|---|"]
        lines += [f"| `{column.name}` | {column_description(column)} |" for column in block.columns]
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_extractors_say() -> None:
    """Else: python -c "from mos_assets_tests.features.extractors.test_base import page;
    print(page(), end='')" > docs/features.md"""
    assert PAGE.read_text(encoding="utf-8") == page()
