"""What of the settings a result depends on, as text that can be compared."""

from __future__ import annotations

import os

from mos_assets.io.hashing import hash_bytes
from mos_assets.settings.choices import Loopback, ReferencePolicy, Sampling
from mos_assets.settings.environment import variable
from mos_assets.settings.paths import NETWORKS, PathSettings
from mos_assets.settings.run import RunSettings

_SHAPING = (
    *("corpus", "manifest", "konvid_150k_floor", "features", "missing", "reference"),
    *("loopback", "sampling"),
    *("seeds", "folds", "epochs", "align", "weights"),
)


def shaping(run: RunSettings) -> tuple[str, ...]:
    """`NAME=value` of what shapes a head: the corpora, and settings not at their default."""
    return tuple(
        f"{variable(name)}={getattr(run, name)}"
        for name in _SHAPING
        if name == "corpus" or getattr(run, name) != RunSettings.model_fields[name].default
    )


def run_scope(run: RunSettings, paths: PathSettings) -> str:
    """The same for two runs that read the same files and release the same head from them."""
    places = (paths.corpus_place, paths.store_place)
    told = [
        *shaping(run),
        *tests(run),
        *(paths.ffmpeg, str(run.download_mb), str(run.download_private)),
        *(place.url or os.path.realpath(place.folder) for place in places),
        os.path.realpath(paths.model_folder),
        *([os.path.realpath(paths.networks_folder)] if paths.networks != NETWORKS else []),
    ]
    return hash_bytes(os.fsencode("\n".join(told)))[:16]


def tests(run: RunSettings) -> tuple[str, ...]:
    """`NAME=value` of what a head is judged on and not shaped by; empty without a test corpus."""
    name = "test_corpus"
    return (f"{variable(name)}={run.test_corpus}",) if run.test_corpora else ()


def feature_scope(run: RunSettings) -> str:
    """What the tables of features depend on, in words."""
    told = f"MOS_CORPUS={run.corpus} MOS_FEATURES={run.features} MOS_REFERENCE={run.reference}"
    # Tables that were written before there was a choice are those of every pair.
    sampling = run.comparison.sampling
    sparse = (f"{variable('sampling')}={sampling}",) if sampling is not Sampling.EVERY else ()
    ours = run.reference is ReferencePolicy.LOOPBACK and run.loopback is not Loopback.ONE
    loopback = (f"{variable('loopback')}={run.loopback}",) if ours else ()
    return " ".join((told, *loopback, *sparse, *tests(run)))


def fold_scope(run: RunSettings) -> str:
    """What the table of folds depends on, in words."""
    return f"{feature_scope(run)} MOS_MISSING={run.missing} MOS_FOLDS={run.folds}"
