"""What assets read from `Settings` without saying which of the three it is of."""

from __future__ import annotations

from pathlib import Path

from mos_assets.settings import scopes
from mos_assets.settings.choices import ReferencePolicy
from mos_assets.settings.paths import PathSettings
from mos_assets.settings.run import RunSettings


class Flat:
    """Goes when assets take RunSettings and PathSettings."""

    run: RunSettings
    paths: PathSettings

    @property
    def corpora(self) -> tuple[str, ...]:
        return self.run.corpora

    @property
    def features(self) -> str:
        return self.run.features

    @property
    def reference(self) -> ReferencePolicy:
        return self.run.reference

    @property
    def imputes(self) -> bool:
        return self.run.imputes

    @property
    def seeds(self) -> int:
        return self.run.seeds

    @property
    def folds(self) -> int:
        return self.run.folds

    @property
    def epochs(self) -> int:
        return self.run.epochs

    @property
    def workers(self) -> int:
        return self.run.workers

    @property
    def is_full_size(self) -> bool:
        return self.run.is_full_size

    @property
    def ffmpeg(self) -> str:
        return self.paths.ffmpeg

    @property
    def corpus_folder(self) -> Path:
        return self.paths.corpus_folder

    @property
    def store_folder(self) -> Path:
        return self.paths.store_folder

    @property
    def model_folder(self) -> Path:
        return self.paths.model_folder

    @property
    def feature_scope(self) -> str:
        return scopes.feature_scope(self.run)

    @property
    def fold_scope(self) -> str:
        return scopes.fold_scope(self.run)

    def shaping(self) -> tuple[str, ...]:
        return scopes.shaping(self.run)
