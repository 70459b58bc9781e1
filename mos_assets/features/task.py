"""What is to be measured in one clip, and under which key its figures are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mos_assets.features.extractors.base import picture_extractors
from mos_assets.objects.stubs import RemoteFile
from mos_assets.records import Probe
from mos_assets.settings import Comparison, ReferencePolicy


@dataclass(frozen=True, slots=True)
class ClipTask:
    """What to measure in one clip."""

    clip_id: str
    path: Path
    sha256: str
    probe: Probe
    parts: frozenset[str]
    """Names of extractors that look at pictures."""
    reference_path: Path | None
    """Pristine file; used under the source policy only."""
    reference_sha256: str | None
    comparison: Comparison
    """A ReferencePolicy alone is taken for a comparison of every picture."""
    remote: RemoteFile | None = None
    """Where the clip lies in a bucket; then there is nothing at `path` to be measured."""
    remote_reference: RemoteFile | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparison", Comparison.of(self.comparison))


def content_key(
    part: str, policy: ReferencePolicy, sha256: str, reference_sha256: str | None
) -> str:
    """What the figures of a part depend on: the clip's bytes, and its reference's where used."""
    compares = picture_extractors()[part].compares
    if compares and policy is ReferencePolicy.SOURCE and reference_sha256 is not None:
        return f"{sha256}+{reference_sha256}"
    return sha256
