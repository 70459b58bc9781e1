"""Whether a head's features can be measured from a clip here, and how: the one place that decides.

A head says which columns it needs, and how its run compared clips. A column
counts as measurable by its name: an extractor here makes columns of that name. Whether the figures
the head was trained on were made in the same way is another question (`origin`): they were measured
here, or come from a table that is declared to have been measured so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mos_assets.errors import NetworkError
from mos_assets.features import (
    BLOCKS,
    SCALING,
    HeaderExtractor,
    header_extractors,
    load_networks,
    loaded_network,
    networks_folder,
    networks_in,
    picture_extractors,
    required_parts,
)
from mos_assets.media.probe import probe_version
from mos_assets.records import DeclaredFeatures, ProofStatus
from mos_assets.release.manifest import Manifest
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling
from mos_assets.settings.environment import variable

_POLICY = f"{variable('reference')}="
_SHOWN = 3
FOREIGN = (
    "trained on features of another origin than this clip's: not comparable with its verdict, so "
    "no interval"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """How the features that a head was trained on and a clip's own go together."""

    comparable: bool
    note: str | None
    """What a user has to know of it; None where all were measured in this very way."""
    declared: bool = False
    """Whether they go together only by a declaration that nobody has proved."""


@dataclass(frozen=True, slots=True)
class MeasuringPlan:
    """What is measured in a clip for one head."""

    head_id: str
    feature_order: tuple[str, ...]
    blocks: tuple[str, ...]
    """Built-in blocks that hold them."""
    comparison: Comparison
    trained: str
    """The extractor fingerprint of the rows that the head was trained on."""
    declared: tuple[DeclaredFeatures, ...] = ()
    """What is declared of the tables that those rows come from."""

    @property
    def policy(self) -> ReferencePolicy:
        """What libvmaf compares a clip with."""
        return self.comparison.reference

    @property
    def parts(self) -> frozenset[str]:
        """Names of extractors that look at pictures."""
        return required_parts(self.blocks)

    @property
    def headers(self) -> tuple[HeaderExtractor, ...]:
        """Those that need the probe alone."""
        return tuple(each for each in header_extractors() if each.block in self.blocks)

    @property
    def needs_reference(self) -> bool:
        """Whether each clip has to come with its pristine file."""
        compares = any(picture_extractors()[part].compares for part in self.parts)
        return compares and self.policy is ReferencePolicy.SOURCE

    def origin(self, fingerprints: Mapping[str, str]) -> Origin:
        """Whether figures of these fingerprints, by part, were made as the training rows' were."""
        made = dict(fingerprints)
        made.update({each.name: f"probe-{probe_version()}" for each in self.headers})
        relied: dict[str, DeclaredFeatures] = {}
        for name, fingerprint in made.items():
            if fingerprint in self.trained:
                continue
            found = self._declared(name)
            if not found or any(self._contradicts(each) for each in found):
                return Origin(False, FOREIGN)
            relied.update({each.sentence: each for each in found})
        if not relied:
            return Origin(True, None)
        open_ = [each for each in relied.values() if each.status is not ProofStatus.PROVED]
        if open_:
            why = "; ".join(dict.fromkeys(each.sentence for each in open_))
            silent = self.policy is ReferencePolicy.SOURCE and any(not e.scaling for e in open_)
            scaling = ", nor does it say what scaled the pictures" if silent else ""
            return Origin(
                True,
                f"trained on features declared by their owner, not proved ({why}{scaling}): the "
                "score is comparable only if that is true",
                declared=True,
            )
        n = min(each.n for each in relied.values())
        return Origin(True, f"trained on features declared by their owner, proved on {n} clips")

    def _declared(self, extractor: str) -> tuple[DeclaredFeatures, ...]:
        """The tables that stand for an extractor: those of every corpus, all of its columns."""
        block = next(each for each in BLOCKS.values() if each.name == extractor)
        needed = set(block.column_names) & set(self.feature_order)
        return tuple(
            each
            for each in self.declared
            if each.extractor == extractor and needed <= {column.name for column in each.columns}
        )

    def _contradicts(self, declared: DeclaredFeatures) -> bool:
        """Whether what is declared is not what we measure, or is not true."""
        if declared.status is ProofStatus.FAILED:
            return True
        if declared.reference is not None and declared.reference != self.policy:
            return True
        # Where the figures agree, it does not matter what scaled.
        ours = declared.scaling in (None, SCALING) or self.policy is not ReferencePolicy.SOURCE
        return declared.status is not ProofStatus.PROVED and not ours


def _lacking_network(manifest: Manifest) -> str | None:
    """Why a network that the head's features come from is not here; None where all are, or none is
    needed."""
    folder = networks_folder()
    for block, trained in networks_in(manifest.extractor_fingerprint).items():
        place = folder / block
        needs = f"{manifest.id} needs the network {block}"
        try:
            load_networks([block], folder)
        except NetworkError as error:
            return f"{needs}, which cannot be used: {error}"
        found = loaded_network(block)
        if found is None or found.folder != place.absolute():
            return (
                f"{needs}, and there is no folder {place}; put its network.toml and ONNX file "
                f"there, or name another folder with {variable('networks')}"
            )
        file, told = found.fingerprint
        if file not in trained:
            return (
                f"{needs} of another ONNX file than {found.onnx}, whose sha256 is {found.sha256}; "
                f"it was trained with {_named(trained, 'onnx-')}. Put that file there"
            )
        if told not in trained:
            return (
                f"{needs} as another network.toml describes it than {found.toml}: inputs or "
                "outputs differ from those that it was trained with. Put that file there"
            )
    return None


def _named(fingerprint: str, lead: str) -> str:
    named = (part for part in fingerprint.split(":") if part.startswith(lead))
    return next(named, lead).removeprefix(lead)


def measurable(manifest: Manifest) -> MeasuringPlan | str:
    """How the head's features are measured from a clip; why not, in a sentence, where they
    cannot be."""
    order = manifest.feature_order
    lacking = _lacking_network(manifest)
    if lacking is not None:
        return lacking
    blocks = tuple(
        name for name, block in BLOCKS.items() if not set(block.column_names).isdisjoint(order)
    )
    known = {column for name in blocks for column in BLOCKS[name].column_names}
    stray = [name for name in order if name not in known]
    if stray:
        more = f" and {len(stray) - _SHOWN} more" if len(stray) > _SHOWN else ""
        return (
            f"{manifest.id} needs {', '.join(map(repr, stray[:_SHOWN]))}{more}, which come from a "
            "feature table and cannot be measured from a clip; use Predictor.predict_mos with "
            "your own features"
        )
    comparison = comparison_of(manifest)
    if isinstance(comparison, str):
        return comparison
    return MeasuringPlan(
        head_id=manifest.id,
        feature_order=order,
        blocks=blocks,
        comparison=comparison,
        trained=manifest.extractor_fingerprint,
        declared=manifest.declared or (),
    )


def comparison_of(manifest: Manifest) -> Comparison | str:
    """How clips are compared for the head; why that cannot be done here, in a sentence.

    A head of before there was a choice compares every pair, under loopback with transcode 1.
    """
    named = (
        text.removeprefix(_POLICY) for text in manifest.data.settings if text.startswith(_POLICY)
    )
    declared = manifest.declared or ()
    told = (
        each.reference
        for each in declared
        if each.reference is not None and each.status is not ProofStatus.FAILED
    )
    # What the figures are declared to be comes first: the run that read them may have measured
    # nothing. A manifest names what is not at its default.
    policy = next(told, None) or next(named, ReferencePolicy.LOOPBACK)
    measured = manifest.comparison
    sampling = Sampling.EVERY if measured is None else measured.sampling
    loopback = (measured and measured.loopback) or Loopback.ONE
    for name, value, known in (
        ("reference", policy, ReferencePolicy),
        ("sampling", sampling, (Sampling.EVERY, Sampling.SPARSE)),
        ("loopback", loopback, Loopback),
    ):
        if value not in tuple(known):
            said = f"{variable(name)}={value}"
            return f"{manifest.id} was trained with {said}, which this version does not know"
    return Comparison(ReferencePolicy(policy), Sampling(sampling), Loopback(loopback))
