"""Feature blocks: which columns a block name stands for, and what must be measured for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mos_assets.errors import SettingsError
from mos_assets.features.extractors.base import ALIASES, BLOCK_NAME, BLOCKS, PictureExtractor
from mos_assets.settings import ReferencePolicy

__all__ = [
    "ALIASES",
    "BLOCKS",
    "KONVID_V1",
    "expand_columns",
    "feature_blocks_id",
    "parse_blocks",
    "require_blocks",
    "require_reference",
    "required_parts",
]

KONVID_V1 = ALIASES["konvid-v1"]
"""The eleven columns of the published head."""


def parse_blocks(text: str) -> tuple[str, ...]:
    """Block names of a MOS_FEATURES value, aliases expanded, in column order.

    Raises SettingsError where a name is empty, malformed or given twice.
    """
    blocks: list[str] = []
    for name in (part.strip() for part in text.split("+")):
        if not name:
            raise SettingsError(
                f"MOS_FEATURES={text!r} holds an empty block name; write e.g. konvid-v1+videval."
            )
        if BLOCK_NAME.fullmatch(name) is None:
            raise SettingsError(
                f"MOS_FEATURES={text!r}: {name!r} is not a block name; use letters, digits, "
                "'.', '_' and '-', and begin with a letter or digit."
            )
        blocks.extend(ALIASES.get(name, (name,)))
    twice = sorted({name for name in blocks if blocks.count(name) > 1})
    if twice:
        raise SettingsError(
            f"MOS_FEATURES={text!r} gives {', '.join(twice)} twice; name every block once."
        )
    return tuple(blocks)


def feature_blocks_id(text: str) -> str:
    """What a head's id ends in for these blocks: empty for `konvid-v1` alone, else `_<blocks>`.

    `konvid-v1+videval` gives `_konvid-v1_videval`, since `_videval` is the head that knows
    nothing but that table, and two heads must never share an id.
    """
    blocks = parse_blocks(text)
    if blocks[: len(KONVID_V1)] == KONVID_V1:
        blocks = blocks[len(KONVID_V1) :]
        return "".join(f"_{name}" for name in ("konvid-v1", *blocks)) if blocks else ""
    return "".join(f"_{name}" for name in blocks)


def required_parts(blocks: Sequence[str]) -> frozenset[str]:
    """The parts that must be measured for these blocks; external tables need none."""
    chosen = (BLOCKS.get(name) for name in blocks)
    return frozenset(each.name for each in chosen if isinstance(each, PictureExtractor))


def require_blocks(blocks: Sequence[str], tables: Collection[str]) -> None:
    """Raise SettingsError for the first block that is neither built in nor one of these tables."""
    for name in blocks:
        if name not in BLOCKS and name not in tables:
            raise SettingsError(
                f"MOS_FEATURES names {name!r}, which is neither a built-in block "
                f"({', '.join([*ALIASES, *BLOCKS])}) nor a folder in MOS_NETWORKS nor a table in "
                f"the corpus's features/ folder (there: {', '.join(sorted(tables)) or 'none'})."
            )


def require_reference(blocks: Sequence[str], reference: ReferencePolicy) -> None:
    """Raise SettingsError for the first block that needs a pristine source where none is used."""
    for name in blocks:
        block = BLOCKS.get(name)
        needs = isinstance(block, PictureExtractor) and block.needs_source
        if needs and reference is not ReferencePolicy.SOURCE:
            raise SettingsError(
                f"MOS_FEATURES names {name}, which compares clips with their pristine sources, and "
                f"MOS_REFERENCE={reference}; set MOS_REFERENCE=source, or leave the block out."
            )


def expand_columns(
    blocks: Sequence[str], external: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Feature columns of the blocks in order; `external` gives those of each feature table.

    Raises SettingsError where a table is unknown or two blocks hold the same column.
    """
    columns: list[str] = []
    for name in blocks:
        if name in BLOCKS:
            columns.extend(BLOCKS[name].column_names)
        elif name in external:
            columns.extend(external[name])
        else:
            require_blocks([name], external)
    folded = [column.casefold() for column in columns]
    twice = sorted(
        {name for name, key in zip(columns, folded, strict=True) if folded.count(key) > 1}
    )
    if twice:
        raise SettingsError(
            f"The blocks {'+'.join(blocks)} hold {', '.join(twice)} twice, letter case apart; "
            "drop one."
        )
    return tuple(columns)
