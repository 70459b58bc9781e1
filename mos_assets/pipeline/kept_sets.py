"""The newest comparison of feature blocks, kept for the gate report beside what it was made of."""

from __future__ import annotations

from pydantic import ValidationError

from mos_assets.errors import CorpusError
from mos_assets.evaluation import FeatureComparison
from mos_assets.io.digest import digest_of
from mos_assets.pipeline.standing import told_by_tables
from mos_assets.records import TrainingTable
from mos_assets.settings import PathSettings, RunSettings, feature_scope
from mos_assets.store import Database, comparison_rows, fold_rows, measurement_rows


def keep_sets(
    run: RunSettings, paths: PathSettings, database: Database, compared: FeatureComparison
) -> None:
    """Keep the figures: they hold until something is another that they were made of."""
    with database.held():
        table, _ = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
        made_of = _made_of(run, paths, database, table)
        comparison_rows.write_comparison(database, run.corpora, made_of, compared.model_dump_json())


def kept_sets(
    run: RunSettings, paths: PathSettings, database: Database, table: TrainingTable
) -> FeatureComparison | None:
    """The comparison of what is here now under these settings; None where there is none."""
    kept = comparison_rows.find_comparison(database, run.corpora)
    if kept is None:
        return None
    made_of, comparison = kept
    try:
        same = made_of == _made_of(run, paths, database, table)
        return FeatureComparison.model_validate_json(comparison) if same else None
    except CorpusError:
        # Tables that cannot be listed are not those that it was made of.
        return None
    except ValidationError:
        # Another version of this package wrote it.
        return None


def _made_of(
    run: RunSettings, paths: PathSettings, database: Database, table: TrainingTable
) -> str:
    """Moves with the rows that train, the settings, the tables and what was measured."""
    return digest_of(
        table,
        [feature_scope(run), run.weights, run.align],
        told_by_tables(run.corpora, paths),
        measurement_rows.merged_shards(database),
    )
