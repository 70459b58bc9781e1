"""The asset `transfer_report`: what the candidate is worth on corpora that only test."""

import dagster as dg

from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.reporting import user_errors
from mos_assets.assets.templates import OwnCheck, asset
from mos_assets.assets.trained_onnx import trained_onnx
from mos_assets.evaluation import TransferFigures
from mos_assets.pipeline.transfer import judge_transfer

JUDGED = "test_corpora_judged"
COMPARABLE = "test_features_comparable"
WITHIN = "within_envelope"
MOST_OUTSIDE = 0.1
"""A larger share of clips outside the training rows is a warning."""
NONE = "no test corpus"


@asset(
    deps=[trained_onnx],
    code_version=graph_code,
    group=Group.VERDICT,
    kinds={"scipy", "matplotlib", "markdown"},
    description=(
        "The newest candidate on the corpora of MOS_TEST_CORPUS, which never train: each clip by "
        "heads that had not seen its content, beside shortcuts and metrics of others. Where "
        "several corpora train, closed forms say what each of them, all, and all but one teach "
        "of each. JSON, Markdown and a figure beside the gate report; nothing here gates."
    ),
    own_checks=[
        OwnCheck(
            JUDGED,
            description="Every test corpus has figures, and no clip of it was left out.",
        ),
        OwnCheck(
            COMPARABLE,
            description="Features of the test corpora were made as those of the training rows.",
        ),
        OwnCheck(
            WITHIN,
            description="At most a tenth of the clips of each test corpus lies outside the "
            "training rows, where no interval is promised.",
        ),
    ],
)
def transfer_report(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        done = judge_transfer(settings.run, settings.paths, platform.database, context.log)
    corpora = done.report.corpora
    context.log.info("; ".join(map(_headline, corpora)) or NONE)
    return dg.MaterializeResult(
        tags=asset_tags(settings.run, done.report.candidate_id),
        metadata={
            "corpora": ", ".join(found.corpus for found in corpora) or NONE,
            **{f"{each.corpus}_plcc": each.plcc for each in corpora if each.plcc is not None},
            **{f"{each.corpus}_rmse": each.rmse for each in corpora if each.rmse is not None},
            **{
                f"{each.tested}_left_out_plcc": each.plcc
                for each in done.report.left_out_corpora
                if each.plcc is not None
            },
            "candidate": done.report.candidate_id,
            # False: the report on these very rows and predictions was there, and stands.
            "judged": done.anew,
            # The UI cannot read the store folder, so the picture travels in the text.
            "report": dg.MetadataValue.md(done.page),
            "folder": dg.MetadataValue.path(str(done.folder)),
        },
        check_results=[
            _warning(
                JUDGED,
                [
                    f"{each.corpus}: {each.left_out + each.incomplete} clips have no figure"
                    for each in corpora
                    if each.plcc is None or each.left_out or each.incomplete
                ],
            ),
            _warning(
                COMPARABLE,
                [
                    f"{each.corpus}: {note}"
                    for each in corpora
                    if not each.comparable
                    for note in each.notes[:1]
                ],
            ),
            _warning(
                WITHIN,
                [
                    f"{each.corpus}: {each.outside:.0%} of its clips lie outside the training rows"
                    for each in corpora
                    if each.outside is not None and each.outside > MOST_OUTSIDE
                ],
            ),
        ],
    )


def _headline(found: TransferFigures) -> str:
    if found.plcc is None or found.rmse is None:
        return f"{found.corpus}: no figures, since {found.reason}"
    return f"{found.corpus}: PLCC {found.plcc:.3f}, RMSE {found.rmse:.3f} on {found.clips} clips"


def _warning(name: str, sentences: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(sentences) or None,
    )
