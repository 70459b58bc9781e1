"""Which slot of a head's encoder input a clip takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mos_assets.errors import FeatureError
from mos_assets.predictor.codec_rule import CODEC_CURVES
from mos_assets.records import ENCODER_VOCABULARY, FloatArray, IntArray


class EncoderSlots:
    """The vocabulary of one head; a clip of unknown origin, or of another encoder, is in slot 0."""

    def __init__(self, head_id: str, vocab: Sequence[str]) -> None:
        self._head_id = head_id
        self._vocab = tuple(vocab)
        self.by_codec = {
            **dict.fromkeys(CODEC_CURVES, 0),
            **{name: slot for slot, name in reversed(list(enumerate(self._vocab)))},
        }
        """Every codec that is not refused → its slot."""
        self._onehots: FloatArray = np.eye(len(self._vocab), dtype=np.float32)

    def onehot(self, slots: IntArray) -> FloatArray:
        """float32 [n, S] of active slots [n]."""
        return self._onehots[slots]

    def of_clip(self, codec: str, onehot: Sequence[float] | None) -> int:
        """The slot that `codec` names, or that is 1 in `onehot`. Raises FeatureError."""
        if codec not in self.by_codec:
            raise unknown_codec(codec)
        return self.by_codec[codec] if onehot is None else self._active(list(onehot))

    def of_rows(self, count: int, codec: Any, onehot: Any) -> IntArray:
        """[count] active slots.

        codec: None, one name for all rows, or a column of names, None among them for unknown.
        onehot: None, or [count, slots]. Raises FeatureError naming the row.
        """
        slots = np.zeros(count, dtype=np.int64)
        if onehot is not None:
            try:
                rows = np.asarray(onehot, dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise FeatureError(f"encoder_onehot is no array of numbers ({error}).") from error
            if rows.ndim != 2 or len(rows) != count:
                raise FeatureError(
                    f"encoder_onehot has the shape {rows.shape}, and {count} rows need "
                    f"[{count}, {len(self._vocab)}]."
                )
            known: dict[tuple[float, ...], int] = {}
            for row, kind in enumerate(map(tuple, rows.tolist())):
                if kind not in known:
                    known[kind] = self._active(list(kind), f"Row {row}: ")
                slots[row] = known[kind]
            return slots
        if codec is None:
            return slots
        if isinstance(codec, str):
            return np.full(count, self.of_clip(codec, None), dtype=np.int64)
        # Arrow, polars, numpy and pandas; each has a word of its own for it.
        ways = (getattr(codec, name, None) for name in ("to_pylist", "to_list", "tolist"))
        to_list = next((way for way in ways if way is not None), None)
        if to_list is None and not isinstance(codec, Sequence):
            raise FeatureError(
                f"codec is of the type {type(codec).__name__}, and a name, or a column of names, "
                "is needed."
            )
        names = to_list() if to_list else codec
        if len(names) != count:
            raise FeatureError(f"codec has {len(names)} names for {count} rows.")
        for row, name in enumerate(names):
            # pandas marks an empty cell by a float NaN or its own NA.
            if name is None or name != name or type(name).__name__ == "NAType":
                continue
            if not isinstance(name, str) or name not in self.by_codec:
                raise unknown_codec(name, f"Row {row}: ")
            slots[row] = self.by_codec[name]
        return slots

    def _active(self, onehot: list[float], where: str = "") -> int:
        slots = len(self._vocab)
        if len(onehot) < slots or sorted(onehot) != [0.0] * (len(onehot) - 1) + [1.0]:
            raise FeatureError(
                f"{where}encoder_onehot {onehot} must hold a single 1 and at least {slots} slots."
            )
        active = onehot.index(1.0)
        if active >= slots:
            name = ENCODER_VOCABULARY[active] if active < len(ENCODER_VOCABULARY) else "unnamed"
            raise FeatureError(
                f"{where}encoder_onehot slot {active} ({name}) is not known to "
                f"{self._head_id}, which knows {', '.join(self._vocab)}; train a head with that "
                "slot."
            )
        return active


def unknown_codec(codec: object, where: str = "") -> FeatureError:
    """What is said of an encoder that neither a head nor the codec rule knows."""
    known = ", ".join(sorted(CODEC_CURVES))
    return FeatureError(f"{where}Codec {codec!r} is not known. Known: {known}.")
