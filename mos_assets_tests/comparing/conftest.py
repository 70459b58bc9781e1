"""Scores of made-up encodes, and manifests with and without a promise for pairs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mos_assets.predictor import ClipPrediction, Source
from mos_assets.predictor.results import Measured
from mos_assets.release.manifest import Manifest, ManifestPairBand, ManifestPairedInterval
from mos_assets_tests.conftest import Release


def _encode(
    mos: float,
    *,
    kbps: float = 1000.0,
    clip: str = "clip.mp4",
    comparable: bool = True,
    interval: tuple[float, float] | None = (1.0, 5.0),
) -> ClipPrediction:
    rate = round(kbps * 1000) or None
    return ClipPrediction(
        clip=clip,
        mos=float(mos),
        interval=interval,
        level=0.9,
        head_id="made_mos_head_v1",
        status="Accepted",
        source=Source.HEAD,
        reference="source.mkv",
        comparable=comparable,
        reason="gate met",
        measured=Measured({"adm2": 0.9, "motion2": None, "saliency_mean": 0.2}, "libx264", rate),
    )


@pytest.fixture(scope="session")
def encode() -> Callable[..., ClipPrediction]:
    """Builds the score of an encode."""
    return _encode


@pytest.fixture(scope="session")
def paired(release: Release) -> Callable[..., Manifest]:
    """Builds a manifest that promises differences to ± .5, or nothing where error_sd is None."""

    def build(error_sd: float | None = 0.1) -> Manifest:
        band = ManifestPairBand(low=0.25, high=0.5, n_pairs=1200, order_held=0.89)
        promise = None
        if error_sd is not None:
            promise = ManifestPairedInterval(
                level=0.9,
                half_width=0.5,
                n_pairs=2000,
                n_contents=20,
                coverage=0.91,
                error_sd=error_sd,
                bands=(band,),
            )
        return release.manifest.model_copy(update={"paired_interval": promise})

    return build
