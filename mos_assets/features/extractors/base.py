"""What an extractor is: one class in one file of this folder, found by its base.

A subclass of `PictureExtractor` looks at decoded pictures, one of `HeaderExtractor` at what the
probe knows. Defining the class registers it: block, fingerprint, the one ffmpeg command, thread
limits, shards, card, docs and the UI are loops over what is registered here.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from mos_assets.features.libraries import Library
from mos_assets.features.outputs import COMPARISON_LOG, MOTION_LOG
from mos_assets.features.stride import EVERY, Stride
from mos_assets.records import Probe

BLOCK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ALIASES: Mapping[str, tuple[str, ...]] = {"konvid-v1": ("canonical-6", "saliency", "shots")}
"""Names that stand for several blocks."""
KEYS = ("content", "part", "fingerprint", "reason")
"""Columns of a measurement beside its figures."""
COMMAND_LABELS = frozenset(
    {
        *("count", "counted", "pristine", "even", "compared", "distorted", "reference", "size"),
        *("resized", "left", "right", "timed", "own", "leading", "square", "shown"),
        *("coding", "coded", "choosing", "chosen", "beside", "moving", "moved"),
        *("kept", "itself", "woven", "fielded", "film", "asked"),
        *("judged", "held"),
    }
)
"""Labels that the command itself gives to streams of its filter graph."""
_SOME = Stride(1)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class Column:
    """One feature column in words; card, docs and UI say no more of it than this."""

    name: str
    unit: str
    """`1` where it has none."""
    range: tuple[float, float]
    """Smallest and largest value that it can have; infinite where there is no bound."""
    formula: str
    """What it is, with the paper or standard that defines it."""
    source: str
    """What it is computed from, and over what it is a mean."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "str" and not str(getattr(self, field.name)).strip():
                raise TypeError(f"column {self.name!r} has no {field.name}")
        low, high = self.range
        if not low < high:
            raise TypeError(f"column {self.name!r} has the range {self.range}, which is empty")


@dataclass(frozen=True, slots=True)
class Columns:
    """Figures of one block for one clip; what is missing is absent, and `reason` says why."""

    figures: Mapping[str, float]
    """Finite numbers by column name."""
    reason: str | None
    """None where every column of the block is there."""


@dataclass(frozen=True, slots=True)
class Output:
    """A stream of the filter graph that ffmpeg writes: its label, and arguments up to the file."""

    label: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tap:
    """What an extractor takes from the one ffmpeg command."""

    branch: str
    """Label of its copy of the clip's decoded frames, numbered from 0 in time."""
    chains: tuple[str, ...]
    """Filter chains from `[branch]` to the labels of the outputs."""
    outputs: tuple[Output, ...]

    @property
    def labels(self) -> frozenset[str]:
        """Every label in it."""
        return frozenset({self.branch}.union(*(_LABEL.findall(chain) for chain in self.chains)))


@dataclass(frozen=True, slots=True)
class PairTap:
    """What an extractor takes of the pairs of pictures that meet under the source policy."""

    clip: str
    """Label of its copy of the clip's pictures, of the size and depth of the reference's."""
    reference: str
    """Label of its copy of the reference's pictures; both are numbered from 0."""
    chains: tuple[str, ...]
    outputs: tuple[Output, ...]

    @property
    def labels(self) -> frozenset[str]:
        """Every label in it."""
        return frozenset((*_LABEL.findall("".join(self.chains)), self.clip, self.reference))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the one command left of a clip, all of which was decoded."""

    folder: Path
    """Where the outputs of taps and libvmaf's log lie; gone after the read."""
    probe: Probe
    frames: int
    """Frames of the clip."""
    pairs: int
    """Pairs of pictures that meet: `frames`, unless the reference has another rate."""
    compared: Stride
    """Which of them libvmaf's adm and vif looked at; its motion looked at all."""
    step: int
    """Frames from one sampled frame to the next: one sample a second."""
    sha256: str = ""
    """Of the clip's bytes."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the figures of a column that somebody else measured come to ours on the same clips,
    where they were measured in the same way."""

    r: float | None
    """Pearson's r is no less; None where a column that hardly varies leaves it undefined."""
    difference: float
    """The mean absolute difference, in the column's unit, is no more."""


class FeatureExtractor:
    """One block of feature columns and how it is had; subclass one of the two below."""

    name: ClassVar[str]
    """Of its part of a measurement, and how its fingerprint begins."""
    block: ClassVar[str]
    """As MOS_FEATURES names it."""
    columns: ClassVar[tuple[Column, ...]]
    """In the order of the head's input."""
    agreement: ClassVar[Mapping[str, Agreement]] = {}
    """Column → how near declared figures have to come (`declared.py`); a table of a column without
    limits cannot be proved."""

    _fields: ClassVar[tuple[str, ...]] = ("name", "block", "columns")

    def __init_subclass__(cls, *, is_kind: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not is_kind:
            _register(cls)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Of the block, in the order of the head's input."""
        return tuple(column.name for column in self.columns)


class PictureExtractor(FeatureExtractor, is_kind=True):
    """An extractor that looks at the decoded pictures of a clip."""

    version: ClassVar[int]
    """Raised whenever its code would give other figures with the same libraries."""
    libraries: ClassVar[tuple[Library, ...]]
    """Whose versions the figures depend on; held to one thread while a clip is measured."""
    settings: ClassVar[tuple[str, ...]]
    """What else the figures depend on, for the fingerprint."""
    compares: ClassVar[tuple[str, ...]]
    """Extractors of libvmaf to run over the pairs of clip and reference; none needs no reference.
    Extractors that ask for the same share them."""
    needs_source: ClassVar[bool] = False
    """Whether it has figures under the source policy alone."""
    figures: ClassVar[tuple[Column, ...]]
    """What is measured and stored; the columns of the block unless it says otherwise."""

    _fields = (*FeatureExtractor._fields, "version", "libraries", "settings", "compares")

    @property
    def figure_names(self) -> tuple[str, ...]:
        """Of what is measured and stored."""
        return tuple(figure.name for figure in self.figures)

    def tap(self, step: int) -> Tap | None:
        """What it takes from the command, of frames sampled every `step`; None for no pictures."""
        return None

    def tap_of_clip(self, step: int, probe: Probe) -> Tap | None:
        """The same, where it depends on the clip which frames are taken."""
        return self.tap(step)

    def pair_tap(self, step: int, compared: Stride) -> PairTap | None:
        """What it takes of pairs under the source policy, of pairs sampled every `step`; `compared`
        are those that libvmaf compares."""
        return None

    @abstractmethod
    def read(self, decoded: Decoded) -> Columns:
        """Its figures from what the command left.

        Raises ClipError where they cannot be had from the clip's bytes, DoubtfulClipError where
        another try may say otherwise, and MachineError where an output was not written.
        """

    def columns_of(self, figures: Mapping[str, float], reason: str | None) -> Columns:
        """The columns of the block from stored figures."""
        return Columns(figures, reason)


class HeaderExtractor(FeatureExtractor, is_kind=True):
    """An extractor that needs the probe of a clip and no picture."""

    @abstractmethod
    def read(self, probe: Probe) -> Columns:
        """Its columns; what the probe does not know is missing with a reason."""


BLOCKS: dict[str, FeatureExtractor] = {}
"""Every extractor by its block; any other block name is a table in `<corpus>/features/`."""


def picture_extractors() -> dict[str, PictureExtractor]:
    """Those that look at pictures, by name in order of name: the parts of a measurement."""
    found = [each for each in BLOCKS.values() if isinstance(each, PictureExtractor)]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def header_extractors() -> tuple[HeaderExtractor, ...]:
    """Those that need the probe alone."""
    return tuple(each for each in BLOCKS.values() if isinstance(each, HeaderExtractor))


def _register(cls: type[FeatureExtractor]) -> None:
    """Add an extractor; TypeError names what it forgot, or what another one has already."""
    forgotten = [field for field in cls._fields if not hasattr(cls, field)]
    if not hasattr(cls, "read") or getattr(cls.read, "__isabstractmethod__", False):
        forgotten.append("read")
    if forgotten:
        raise TypeError(f"extractor {cls.__name__} lacks {', '.join(forgotten)}")
    if not _NAME.fullmatch(cls.name) or not BLOCK_NAME.fullmatch(cls.block) or not cls.columns:
        raise TypeError(
            f"extractor {cls.__name__}: {cls.name!r} with block {cls.block!r} and "
            f"{len(cls.columns)} columns; it needs plain names and a column"
        )
    if issubclass(cls, PictureExtractor) and "figures" not in vars(cls):
        cls.figures = cls.columns
    new = cls()
    if len(set(new.column_names)) < len(new.columns):
        raise TypeError(f"extractor {cls.__name__} names a column twice: {new.column_names}")
    blocks, names = {name.casefold() for name in ALIASES}, set(KEYS)
    streams = {*COMMAND_LABELS, COMPARISON_LOG, MOTION_LOG}
    for other in BLOCKS.values():
        if new.name == other.name or new.block.casefold() == other.block.casefold():
            raise TypeError(f"extractor {cls.__name__}: {other.name} ({other.block}) exists")
        names |= _names(other)
        streams |= _streams(other)
    twice = ({new.block.casefold()} & blocks) | (_names(new) & names) | (_streams(new) & streams)
    if twice:
        raise TypeError(f"extractor {cls.__name__} takes {sorted(twice)[0]}, which is taken")
    BLOCKS[new.block] = new


def _names(extractor: FeatureExtractor) -> set[str]:
    """Columns and figures, by which names that differ in case alone are one."""
    figures = extractor.figure_names if isinstance(extractor, PictureExtractor) else ()
    return {name.casefold() for name in (*extractor.column_names, *figures)}


def _streams(extractor: FeatureExtractor) -> set[str]:
    """Labels and files of its taps."""
    if not isinstance(extractor, PictureExtractor):
        return set()
    taken = (extractor.tap(1), extractor.pair_tap(1, EVERY), extractor.pair_tap(1, _SOME))
    found = [tap for tap in taken if tap is not None]
    files = {output.arguments[-1] for tap in found for output in tap.outputs}
    return files.union(*(tap.labels for tap in found)) - {"-"}
