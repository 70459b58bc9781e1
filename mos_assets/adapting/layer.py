"""A layer as it is kept: plain numbers, which head they belong to, how they were judged, and a
checksum. No clip and no figure of one is in it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from mos_assets.adapting.rows import standardised
from mos_assets.errors import ReleaseError
from mos_assets.io.hashing import hash_text
from mos_assets.io.reading import NotAFileError, TooLargeError, read_within, require_plain
from mos_assets.records import MOS_MAX, MOS_MIN

ADAPTED = "Adapted"
"""The status of what comes of a head and a layer; never `Accepted`, whatever the figures."""
SUFFIX = ".adapted.json"
_KIND, _SEAL = "mos_adaptation", "seal"
_LARGEST = 4 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric before and after, on contents that were left out."""

    name: str
    before: float | None
    before_interval: tuple[float, float] | None
    after: float | None
    after_interval: tuple[float, float] | None
    gain_interval: tuple[float, float] | None
    """Of after minus before; None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Leave-one-content-out."""

    n_clips: int
    n_contents: int
    figures: tuple[Figure, ...]

    @property
    def sentence(self) -> str:
        """Whether it is better, in RMSE."""
        rmse = next(figure for figure in self.figures if figure.name == "rmse")
        on = f"on {self.n_clips} own clips of {self.n_contents} contents, each left out in turn"
        if rmse.before is None or rmse.after is None:
            return f"not judged {on}"
        told = f"RMSE {rmse.before:.3f} before, {rmse.after:.3f} after {on}"
        if rmse.gain_interval is None:
            return f"{told}; too few to tell whether that is better"
        low, high = rmse.gain_interval
        word = "better" if high < 0 else "worse" if low > 0 else "not shown to be better"
        return f"{told}: {word} (difference {low:+.3f} to {high:+.3f})"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What is added to the scores of one head."""

    head_id: str
    head_sha256: str
    """Of the ONNX file that it was fitted for."""
    feature_order: tuple[str, ...]
    feature_mean: tuple[float, ...]
    feature_std: tuple[float, ...]
    offset: float
    slope: float
    """Of the score's distance from 3."""
    weights: tuple[float, ...]
    """MOS a standard deviation of each column."""
    penalties: tuple[float | None, float | None, float | None]
    """Of offset, slope and weights; None where there is none of it."""
    judgement: Judgement

    def adapted(self, mos: float, features: Sequence[float | None]) -> float:
        """The score, 1..5, of a clip that the head gives `mos`; features raw, None for a gap."""
        row = np.array([[math.nan if x is None else x for x in features]], dtype=np.float64)
        z = standardised(row, self.feature_mean, self.feature_std)[0]
        middle = (MOS_MIN + MOS_MAX) / 2.0
        moved = mos + self.offset + self.slope * (mos - middle) + float(z @ np.array(self.weights))
        return min(MOS_MAX, max(MOS_MIN, moved))

    @property
    def reason(self) -> str:
        return f"adapted: {self.judgement.sentence}"

    def to_json(self) -> str:
        """As it is written: keys sorted, sealed by the sha256 of itself without the seal."""
        content = {"kind": _KIND, "status": ADAPTED, **asdict(self)}
        sealed = {**content, _SEAL: _seal_of(content)}
        return json.dumps(sealed, indent=2, sort_keys=True, allow_nan=False) + "\n"


def read_adaptation(path: Path) -> Adaptation:
    """The layer in a file. Raises ReleaseError where it is not there, altered or no layer."""
    try:
        require_plain(path)
        content = json.loads(read_within(path, _LARGEST))
        seal = content.pop(_SEAL)
        kind, status = content.pop("kind"), content.pop("status")
        if (kind, status) != (_KIND, ADAPTED):
            raise ValueError
        if seal != _seal_of({"kind": kind, "status": status, **content}):
            raise ReleaseError(
                f"{path} was altered: its checksum does not hold. Make it anew with mos adapt."
            )
        return _checked(TypeAdapter(Adaptation).validate_python(content))
    except NotAFileError as error:
        why = str(error.strerror)
    except TooLargeError:
        why = "is too large for one"
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        why = "is no adaptation that mos adapt has written"
    raise ReleaseError(f"{path} {why}. Name a file *{SUFFIX}, or make one with mos adapt.")


def _checked(found: Adaptation) -> Adaptation:
    width = len(found.feature_order)
    columns = (found.feature_mean, found.feature_std, found.weights)
    numbers = (found.offset, found.slope, *(value for column in columns for value in column))
    sound = (
        all(len(column) == width for column in columns)
        and all(isinstance(value, int | float) and math.isfinite(value) for value in numbers)
        and _SHA256.fullmatch(found.head_sha256)
        and len(found.judgement.sentence) > 0
    )
    if not sound:
        raise ValueError
    return found


def _seal_of(content: Mapping[str, Any]) -> str:
    return hash_text(json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False))
