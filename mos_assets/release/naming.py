"""Head ids and the names of the three files that a release consists of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ReleaseError

KONVID_HEAD = "konvid_mos_head_v1"
"""The head that `Predictor()` loads."""


def head_id(corpora: Sequence[str], family: str | None, blocks_suffix: str) -> str:
    """The id of the head that these corpora and feature blocks train.

    family: of all the corpora together, whose heads share an id; None where they are of several.
    blocks_suffix: empty for `konvid-v1`, else `_` and the blocks joined with `_`.
    """
    return (family or "_".join(sorted(corpora))) + "_mos_head_v1" + blocks_suffix


@dataclass(frozen=True, slots=True)
class ReleaseFiles:
    """Where the three files of one head lie in one folder."""

    folder: Path
    head_id: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", self.head_id):
            raise ReleaseError(f"{self.head_id!r} is not a head id.")

    @property
    def onnx(self) -> Path:
        return self.folder / f"{self.head_id}.onnx"

    @property
    def manifest(self) -> Path:
        return self.folder / f"{self.head_id}.json"

    @property
    def card(self) -> Path:
        return self.folder / f"{self.head_id}_card.md"

    @property
    def record(self) -> Path:
        """When and from which candidate the three were released; stays in this folder."""
        return self.folder / f".{self.head_id}.release.json"

    @property
    def all(self) -> tuple[Path, Path, Path]:
        return self.onnx, self.manifest, self.card
