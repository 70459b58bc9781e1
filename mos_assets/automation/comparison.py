"""The job that compares feature blocks, when somebody asks for it."""

import dagster as dg

from mos_assets.assets.feature_comparison import compared
from mos_assets.assets.naming import COMPARE_OP, Naming
from mos_assets.automation.jobs import COMPARE, STORE_TAG


def compare_for(naming: Naming) -> dg.JobDefinition:
    """The job of this project."""
    resource = naming.resource_key

    @dg.op(
        name=naming.of(COMPARE_OP),
        description="Cheap regressors on every set of feature blocks, on the folds of the run.",
        required_resource_keys={resource},
    )
    def compare(context: dg.OpExecutionContext) -> None:
        context.log_event(compared(context, getattr(context.resources, resource), naming))

    @dg.job(
        name=naming.of(COMPARE),
        description="What every feature block that is here reaches, alone and with others, on the "
        "folds of the run: the asset `feature_comparison`. Run the graph up to `folds` first; "
        "`mos compare-features` prints the same.",
        tags={STORE_TAG: "store"},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        compare()

    return job
