"""Settings that are one of a few words."""

from __future__ import annotations

from enum import StrEnum


class Missing(StrEnum):
    """What becomes of a clip that lacks a feature."""

    EXCLUDE = "exclude"
    """It does not train."""
    IMPUTE = "impute"
    """The head takes the median in its place, and sees that it was missing."""


class ReferencePolicy(StrEnum):
    """What libvmaf compares a clip with."""

    LOOPBACK = "loopback"
    """The clip's own transcode."""
    SOURCE = "source"
    """The pristine file that the labels name."""
    SELF = "self"
    """The clip itself: five of the six figures are constant."""


class Loopback(StrEnum):
    """Which transcode a clip is compared with under loopback (`features/loopback.py`)."""

    ONE = "1"
    """All of its pictures as one stream."""
    TWO = "2"
    """The pictures that are compared, each coded by itself."""


class Sampling(StrEnum):
    """Which pairs of pictures libvmaf compares."""

    AUTO = "auto"
    """Sparse under loopback, every one else; no comparison is made so, only asked for."""
    EVERY = "every"
    """All of them."""
    SPARSE = "sparse"
    """adm and vif some of them, motion all."""


class Align(StrEnum):
    """Whether corpora are brought onto one scale before they train together."""

    NONE = "none"
    """Their ratings train as they are."""
    CORPORA = "corpora"
    """An offset and a slope for each corpus, onto the scale of the one with most rows."""


class Weights(StrEnum):
    """How much a row counts in training."""

    EQUAL = "equal"
    """All the same."""
    PRECISION = "precision"
    """By the precision of its rating, from deviation and number of votes."""


class Executor(StrEnum):
    """Where the steps of a run are executed."""

    IN_PROCESS = "in_process"
    MULTIPROCESS = "multiprocess"
