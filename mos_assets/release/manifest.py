"""The manifest: everything that a machine has to know of a head, as JSON beside the ONNX file."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from mos_assets.errors import ReleaseError
from mos_assets.io.hashing import hash_text
from mos_assets.io.reading import read_plain
from mos_assets.records import (
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    MOS_MAX,
    MOS_MIN,
    CorpusAlignment,
    DeclaredFeatures,
    Envelope,
    FigureRow,
    FoldScore,
    GateKind,
    LabelOrigin,
    SeedScore,
    Status,
    TrainingTable,
)
from mos_assets.release.interface import GraphInterface, graph_metadata

_DECISION_RECORD = "docs/decisions/0002-gate.md"
"""Where the gate's terms are written down."""
CHECKSUM_KEY = "seal"
"""What the manifest's own checksum is called in the files."""
_VERSIONED_PACKAGES = ("torch", "onnx", "numpy", "scipy")


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class CorpusUsed(_Frozen):
    """One corpus of the training table."""

    name: str
    version: str
    licence: str
    label_origin: LabelOrigin
    rows: int
    """In the folds: these trained, and were judged."""
    held_out_rows: int = 0
    """Never trained, and take no part in the gate."""
    estimator: str | None = None
    """How its votes became MOS; not in the file where label files say the MOS."""
    sessions: int | None = None
    """Tests that it consists of; not in the file where they are not told apart."""
    alignment: tuple[SessionAlignment, ...] | None = None
    """How the scales of its tests were made one; not in the file where they were not."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a corpus of label files says is as it was before there were votes."""
        later = ("estimator", "sessions", "alignment")
        told: dict[str, Any] = write(self)
        return {k: v for k, v in told.items() if v is not None or k not in later}


class SessionAlignment(_Frozen):
    """MOS of one test of a corpus, on the scale of another: offset + slope * MOS."""

    session: str
    aligned: str
    """The test whose scale it is on, itself where it is not mapped."""
    offset: float
    slope: float


class DataUsed(_Frozen):
    """What the head was trained on; no clip and no per-clip figure is in here."""

    corpora: tuple[CorpusUsed, ...]
    rows: int
    """In the folds."""
    held_out_rows: int = 0
    features: str
    """MOS_FEATURES of the run."""
    settings: tuple[str, ...]
    """`NAME=value` of what shapes the head: the corpora, and settings not at their default."""
    training_table_sha256: str
    fold_assignment_sha256: str

    @property
    def label_origin(self) -> LabelOrigin:
        """Simulated as soon as one corpus is."""
        origins = {corpus.label_origin for corpus in self.corpora}
        return LabelOrigin.HUMAN if origins == {LabelOrigin.HUMAN} else LabelOrigin.SIMULATED


class NetworkUsed(_Frozen):
    """A network that features come from; its file is not part of the release."""

    block: str
    sha256: str
    """Of the ONNX file."""
    licence: str
    source: str


class ManifestComparison(_Frozen):
    """How the run that measured its features compared clips, in the words of the settings."""

    reference: str
    """MOS_REFERENCE."""
    sampling: str
    """MOS_SAMPLING: every or sparse."""
    loopback: str | None = None
    """MOS_LOOPBACK; None under another policy, and 1 for a head older than the choice."""


class ManifestThreshold(_Frozen):
    """One term of the gate."""

    name: str
    comparison: str
    value: float


class ManifestInterval(_Frozen):
    """Prediction plus and minus `half_width`, cut to the range, holds `level` of the ratings."""

    level: float
    half_width: float
    n: int
    """Clips whose out-of-fold errors it comes from."""
    n_contents: int
    coverage: float | None
    """Share of held-out ratings that it held, calibrated on the other folds."""


class ManifestPairBand(_Frozen):
    """Pairs of one content that were predicted `low` to `high` MOS apart."""

    low: float
    high: float
    n_pairs: int
    order_held: float
    """Share that people rated in the predicted order."""


class ManifestPairedInterval(_Frozen):
    """Predicted difference of two clips of one content plus and minus `half_width`, cut to what
    the range allows, holds `level` of the differences of their ratings."""

    level: float
    half_width: float
    n_pairs: int
    n_contents: int
    """With two clips or more."""
    coverage: float | None
    """Share of held-out differences that it held, calibrated on the other folds."""
    error_sd: float
    """Standard deviation of errors around their mean in a content, MOS units."""
    bands: tuple[ManifestPairBand, ...] = ()


class ManifestGate(FigureRow[float]):
    """The verdict in figures and words; each figure of the gate under its own name."""

    passed: bool
    kind: GateKind
    fold_spread: float | None
    thresholds: tuple[ManifestThreshold, ...]
    reasons: tuple[str, ...]
    """Why the head is Proposed; empty where it is Accepted."""
    beats_shortcuts: bool | None = None
    """Whether the head is shown to be more than a shortcut; not in the file of a head that was
    judged before anybody asked."""
    shortcuts: str | None = None
    """By how much, or why not, in a sentence."""


NOT_ASKED = "judged before heads were held against shortcuts"
"""What is said of a head of which nobody knows whether it is more than a shortcut."""
MOST_FEATURES = 1 << 14
"""Inputs of a head; the widest sets of features have some thousands."""


_ASKED_FOR = (
    *("alignment", "weighed", "paired_interval", "correlated", "declared"),
    *("comparison", "networks"),
)


class Manifest(_Frozen):
    """`<id>.json`; sorted keys, indented by two, no dates."""

    adr: str = _DECISION_RECORD
    id: str
    kind: Literal["mos"] = "mos"
    status: Status = Status.PROPOSED
    onnx: str
    sha256: str
    opset: int
    feature_order: Annotated[tuple[str, ...], Field(max_length=MOST_FEATURES)]
    feature_mean: Annotated[tuple[float, ...], Field(max_length=MOST_FEATURES)]
    feature_std: Annotated[tuple[float, ...], Field(max_length=MOST_FEATURES)]
    encoder_vocab: tuple[str, ...] = ENCODER_VOCABULARY
    encoder_vocab_version: int = ENCODER_VOCABULARY_VERSION
    missing_value: float | None = None
    """What a caller passes for a missing feature; None: the head does not impute."""
    mos_range: tuple[float, float] = (MOS_MIN, MOS_MAX)
    interface: GraphInterface | None = None
    """How any runtime feeds the graph; None of heads that were exported without these words."""
    n_parameters: int
    operators: tuple[str, ...]
    extractor_fingerprint: str
    declared: tuple[DeclaredFeatures, ...] | None = None
    """What the feature tables that it was trained on are declared to be; else not in the file."""
    networks: tuple[NetworkUsed, ...] = ()
    """That features were measured with; not in the file without."""
    comparison: ManifestComparison | None = None
    """Not in the file where nothing that compares was measured by the run, nor in that of a head
    older than sampling, whose figures are those of every pair."""
    training_recipe: Mapping[str, Any]
    data: DataUsed
    alignment: CorpusAlignment | None = None
    """Maps of corpora onto the scale that the head answers on; None: they trained as they are."""
    weighed: int | None = None
    """Rows whose rating's precision was known, where rows counted by it; None: all the same."""
    versions: Mapping[str, str]
    folds: tuple[FoldScore, ...] = ()
    seeds: tuple[SeedScore, ...] = ()
    gate: ManifestGate | None = None
    """None until the head has been judged."""
    applicability: Envelope | None = None
    """Where the training rows lie; None where they are too few, or their columns too many."""
    interval: ManifestInterval | None = None
    """None until the head has been judged, or where no interval can be promised."""
    paired_interval: ManifestPairedInterval | None = None
    """Not in the file where none can be promised, as of contents with single clips."""
    correlated: tuple[tuple[str, ...], ...] = ()
    """Families of features that rank the training clips nearly alike; not in the file without."""
    card_sha256: str | None = None
    """Of the card's bytes; None until there is one."""
    checksum: str | None = Field(default=None, alias=CHECKSUM_KEY)
    """Of everything above, see `checksum_of`; None until the head is complete."""

    @model_validator(mode="after")
    def _more_than_a_shortcut(self) -> Manifest:
        """Only a head that was judged before anybody asked is Accepted without an answer."""
        gate = self.gate
        asked = gate is None or "beats_shortcuts" in gate.model_fields_set
        if self.status is Status.ACCEPTED and asked and not self.beats_shortcuts:
            raise ValueError("it is Accepted, and nothing says that it beats every shortcut")
        return self

    @property
    def beats_shortcuts(self) -> bool | None:
        """As the gate says; None where nobody asked."""
        return None if self.gate is None else self.gate.beats_shortcuts

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What was not asked for, or is not there, is left out: the bytes are those of a head
        without it."""
        written: dict[str, Any] = handler(self)
        if self.gate is not None and "beats_shortcuts" not in self.gate.model_fields_set:
            del written["gate"]["beats_shortcuts"]
        return {k: v for k, v in written.items() if k not in _ASKED_FOR or v not in (None, [], ())}

    def to_json(self) -> str:
        """The bytes of the file; the same manifest, the same text."""
        return _written(self.model_dump(mode="json", by_alias=True))

    def graph_metadata(self) -> dict[str, str]:
        """What the ONNX file says in its metadata of what stands here, as JSON, by key."""
        return graph_metadata(
            self.interface,
            self.feature_order,
            self.encoder_vocab,
            self.missing_value,
            self.mos_range,
        )

    def unjudged(self) -> Manifest:
        """What its id covers: these weights, data and recipe, without a verdict."""
        # The envelope follows from the data, and its last digit may be the processor's.
        return self.as_trained().model_copy(update={"applicability": None})

    def as_trained(self) -> Manifest:
        """What training wrote, before any verdict."""
        later = ("status", "folds", "seeds", "gate", "interval", "paired_interval", "correlated")
        gone = (*later, "card_sha256", "checksum")
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name in gone})

    def with_checksums(self, card: str) -> Manifest:
        """The manifest of a complete release: it vouches for this card and for itself."""
        complete = self.model_copy(update={"card_sha256": hash_text(card), "checksum": None})
        checksum = checksum_of(complete.model_dump(mode="json", by_alias=True))
        return complete.model_copy(update={"checksum": checksum})

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Raises ReleaseError where the file is missing, unreadable or not a manifest."""
        try:
            raw = read_plain(path)
        except FileNotFoundError as error:
            raise ReleaseError(f"{path} is missing.") from error
        except OSError as error:
            raise ReleaseError(f"{path} cannot be read ({error.strerror}).") from error
        return cls.parse(raw, path)

    @classmethod
    def parse(cls, raw: bytes, path: Path) -> Manifest:
        """The manifest in bytes that were read from `path`; raises ReleaseError."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise ReleaseError(f"{path} is not a manifest: {where}: {first['msg']}.") from error


def checksum_of(content: Mapping[str, Any]) -> str:
    """sha256 of the manifest without this checksum, as JSON with sorted keys and no spaces.

    A file cannot hold its own hash, but it can hold the hash of everything else in it. It
    finds accidents; whoever means to forge a release can compute another one.
    """
    rest = {name: value for name, value in content.items() if name != CHECKSUM_KEY}
    return hash_text(json.dumps(rest, sort_keys=True, separators=(",", ":")))


def unaltered(raw: bytes) -> bool:
    """Whether a manifest's bytes are exactly those that its checksum was computed over."""
    try:
        content = json.loads(raw)
    except ValueError:
        return False
    if not isinstance(content, dict) or content.get(CHECKSUM_KEY) != checksum_of(content):
        return False
    return raw == _written(content).encode()


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def versions() -> dict[str, str]:
    """Versions that the bytes of a head depend on."""
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in _VERSIONED_PACKAGES},
    }


def training_table_sha256(table: TrainingTable) -> str:
    """sha256 over ids, features, labels and folds, in the table's own (sorted) order."""
    digest = hashlib.sha256()
    for text in (table.feature_order, table.clip_ids, table.groups):
        digest.update(json.dumps(text).encode())
    for numbers in (table.features, table.mos, table.folds, table.encoder):
        digest.update(numbers.astype("<f8").tobytes())
    return digest.hexdigest()
