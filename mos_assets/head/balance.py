"""How much a block of very many columns counts beside the others.

Experts that measure distances or penalise weights take every standardised column for as much as
any other, so that an embedding of hundreds of columns drowns a dozen good ones. Where a table holds
such a block beside others, each expert chooses on inner folds how its scale falls with its size.
All other tables train as if this did not exist.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mos_assets.records import FloatArray

WIDE = 64
"""A block with more columns that vary, flags of gaps not counted, is wide: no block of figures that
have a name each has so many."""
FLAG = "?"
"""Before the block of a column that says where a figure is missing."""
EXPONENTS = (0, 1, 2)
"""Columns are multiplied by sqrt(columns of the smallest block / columns of their own) to this
power: 0 leaves them, 1 gives all blocks the same sum of variances, 2 turns their order round."""

_FIRST_WORD = re.compile(r"[^\W\d_]+")


def named_blocks(names: Sequence[str]) -> tuple[str, ...]:
    """Block of each column, told by the first word of its name: `deep` of `deep_v1_crops_0007`."""
    words = (_FIRST_WORD.search(name) for name in names)
    return tuple(word.group().casefold() if word else "" for word in words)


def block_shares(blocks: Sequence[str], varies: FloatArray) -> FloatArray | None:
    """Columns of the smallest block by those of each column's own, [C], 1 at most; None where no
    block is wide, or none stands beside the wide one.

    blocks: block of each column; varies: [C], 0 for a constant column. Blocks that are not wide
    count as one.
    """
    own = [block.removeprefix(FLAG) for block in blocks]
    moving = varies > 0
    sizes = Counter(block for block, moves in zip(own, moving, strict=True) if moves)
    figures = Counter(block for block, moves in zip(blocks, moving, strict=True) if moves)
    wide = {block: size for block, size in sizes.items() if figures[block] > WIDE}
    rest = sum(sizes.values()) - sum(wide.values())
    counts = [*wide.values(), *([rest] if rest else [])]
    if not wide or len(counts) < 2:
        return None
    least = min(counts)
    return np.array([least / wide.get(block, rest or 1) for block in own])


def column_scale(shares: FloatArray | None, exponent: int) -> FloatArray | None:
    """What the standardised columns are multiplied by, [C]; None: they stay."""
    if shares is None or not exponent:
        return None
    scale = np.ones_like(shares)
    for _ in range(exponent):
        scale = scale * np.sqrt(shares)
    return scale
