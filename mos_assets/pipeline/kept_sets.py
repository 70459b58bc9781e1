"""The newest comparison of feature blocks, kept for the gate report beside the rows it is of."""

from __future__ import annotations

from collections.abc import Sequence

from mos_assets.evaluation import FeatureComparison
from mos_assets.io.digest import digest_of
from mos_assets.records import TrainingTable
from mos_assets.settings import RunSettings
from mos_assets.store import Database, comparison_rows, fold_rows


def keep_sets(database: Database, run: RunSettings, compared: FeatureComparison) -> None:
    """Keep the figures: they hold until one of the run's clips, folds or ratings is another."""
    with database.held():
        table, _ = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
        comparison_rows.write_comparison(
            database, run.corpora, _rows_digest(table), compared.model_dump_json()
        )


def kept_sets(
    database: Database, corpora: Sequence[str], table: TrainingTable
) -> FeatureComparison | None:
    """The comparison on exactly these clips, folds and ratings; None where there is none."""
    found = comparison_rows.find_comparison(database, corpora, _rows_digest(table))
    return None if found is None else FeatureComparison.model_validate_json(found)


def _rows_digest(table: TrainingTable) -> str:
    """Moves with the clips, their folds and their ratings, and not with the features."""
    return digest_of(table.clip_ids, table.folds.tolist(), table.mos.tolist())
