"""The asset `feature_comparison`: which feature blocks are worth what they cost.

It costs more than training, so no run of the graph makes it: the job `compare_features` does.
"""

import dagster as dg

from mos_assets.assets.extracted_features import extracted_features
from mos_assets.assets.folds import folds
from mos_assets.assets.naming import Group, Naming
from mos_assets.assets.platform import Platform
from mos_assets.assets.reporting import known, user_errors
from mos_assets.assets.templates import ExternalTemplate
from mos_assets.evaluation import FeatureComparison
from mos_assets.pipeline.feature_sets import compare_features
from mos_assets.pipeline.kept_sets import keep_sets
from mos_assets.reporting.feature_sets import feature_sets_page, verdict_on_sets

feature_comparison = ExternalTemplate(
    "feature_comparison",
    group=Group.VERDICT,
    kinds={"scikitlearn", "markdown"},
    description="What every feature block that is here reaches, alone and with others, on the "
    "folds of the run, with intervals: which columns are worth their cost. Made by the job "
    "`compare_features`, since it costs more than training; the gate report shows it from then "
    "on, as long as nothing that it was made of has changed. Table `feature_comparisons`.",
    deps=(extracted_features, folds),
)


def compared(
    context: dg.OpExecutionContext, platform: Platform, naming: Naming
) -> dg.AssetMaterialization:
    """Compare, keep the figures, and what the UI is told of them."""
    settings = platform.settings
    with user_errors():
        database = platform.database
        found = compare_features(settings.run, settings.paths, database, context.log)
        keep_sets(settings.run, settings.paths, database, found)
    verdict = verdict_on_sets(found)
    context.log.info(verdict)
    return dg.AssetMaterialization(
        naming.key(feature_comparison.name),
        description=verdict,
        metadata={
            "corpora": ", ".join(found.corpora),
            "features": settings.run.features,
            "sets": len(found.found.sets),
            "n_clips": found.found.n_clips,
            **known(best_plcc=_best(found), own_plcc=_own(found)),
            "comparison": dg.MetadataValue.md(feature_sets_page(found)),
        },
    )


def _best(compared: FeatureComparison) -> float | None:
    return compared.found.sets[0].plcc


def _own(compared: FeatureComparison) -> float | None:
    own = compared.found.own
    return next((each.plcc for each in compared.found.sets if each.blocks == own), None)
