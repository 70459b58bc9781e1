"""Whether a head's features can be measured from a clip here, and how: the one place that decides.

A head says which columns it needs, and under which reference policy its run measured. A column
counts as measurable by its name: an extractor here makes columns of that name. Whether the figures
the head was trained on were made in the same way is another question (`is_comparable`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.features import (
    BLOCKS,
    HeaderExtractor,
    header_extractors,
    picture_extractors,
    required_parts,
)
from mos_assets.media.probe import probe_version
from mos_assets.release.manifest import Manifest
from mos_assets.settings import ReferencePolicy
from mos_assets.settings.environment import variable

_POLICY = f"{variable('reference')}="
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class MeasuringPlan:
    """What is measured in a clip for one head."""

    head_id: str
    feature_order: tuple[str, ...]
    blocks: tuple[str, ...]
    """Built-in blocks that hold them."""
    policy: ReferencePolicy
    trained: str
    """The extractor fingerprint of the rows that the head was trained on."""

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

    def is_comparable(self, fingerprints: Sequence[str]) -> bool:
        """Whether figures of these fingerprints were made as those of the training rows."""
        probed = (f"probe-{probe_version()}",) if self.headers else ()
        return all(fingerprint in self.trained for fingerprint in (*probed, *fingerprints))


def measurable(manifest: Manifest) -> MeasuringPlan | str:
    """How the head's features are measured from a clip; why not, in a sentence, where they
    cannot be."""
    order = manifest.feature_order
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
    named = (
        text.removeprefix(_POLICY) for text in manifest.data.settings if text.startswith(_POLICY)
    )
    # A manifest names what is not at its default.
    policy = next(named, ReferencePolicy.LOOPBACK)
    if policy not in tuple(ReferencePolicy):
        return f"{manifest.id} was trained with {_POLICY}{policy}, which this version does not know"
    return MeasuringPlan(
        manifest.id, order, blocks, ReferencePolicy(policy), manifest.extractor_fingerprint
    )
