"""The short way for one clip: buffers that are bound to the session once, and filled in place."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.records import ENCODER_INPUT, FEATURES_INPUT, MOS_MAX, MOS_MIN, MOS_OUTPUT

if TYPE_CHECKING:
    from mos_assets.release.session import OpenHead


class OneRow:
    """Answers as `run_head` does, to the last bit, where everything is as it should be."""

    def __init__(self, head: OpenHead) -> None:
        manifest = head.release.manifest
        order = manifest.feature_order
        self._values: Callable[[Mapping[str, float | None]], Sequence[float | None]]
        if len(order) > 1:
            self._values = itemgetter(*order)
        else:  # of one name it would give the value and no tuple
            self._values = lambda features: [features[name] for name in order]
        self._features = np.zeros((1, len(order)), dtype=np.float32)
        self._bytes = self._features.data.cast("B")
        self._onehots = np.eye(len(manifest.encoder_vocab), dtype=np.float32)
        self._mos = np.zeros(1, dtype=np.float32)
        self._pack = struct.Struct(f"={len(order)}f").pack_into
        self._session = head.session
        self._bindings = [self._bound(slot) for slot in range(len(self._onehots))]
        # The buffers serve one caller at a time; another does not wait for them.
        self._lock = threading.Lock()

    def _bound(self, slot: int) -> object:
        binding = self._session.io_binding()
        binding.bind_cpu_input(FEATURES_INPUT, self._features)
        binding.bind_cpu_input(ENCODER_INPUT, self._onehots[slot : slot + 1])
        binding.bind_output(
            MOS_OUTPUT,
            "cpu",
            element_type=np.float32,
            shape=(1,),
            buffer_ptr=self._mos.ctypes.data,
        )
        return binding

    def answer(self, features: Mapping[str, float | None], slot: int) -> float | None:
        """The opinion score, or None where the long way has to look: a feature is missing, no
        plain number, not finite or beyond float32, the answer is no MOS, or another thread is
        here."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            values = self._values(features)
            total = sum(values)  # type: ignore[arg-type]  # None is a TypeError
            self._pack(self._bytes, 0, *values)
            # A sum is finite only where all of its terms are; one that overflows is looked at.
            if total - total != 0.0:
                return None
            self._session.run_with_iobinding(self._bindings[slot])
            mos = self._mos.item()
        except (KeyError, TypeError, ValueError, OverflowError, struct.error):
            return None
        finally:
            self._lock.release()
        return mos if MOS_MIN <= mos <= MOS_MAX else None
