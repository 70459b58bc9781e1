"""The asset behind `mos compare-features`: made when asked for, and then in the gate report."""

import logging
from pathlib import Path

import dagster as dg

from mos_assets.automation.jobs import COMPARE
from mos_assets.definitions import build_defs
from mos_assets.evaluation import FeatureComparison
from mos_assets.pipeline.feature_sets import compare_features
from mos_assets.pipeline.kept_sets import keep_sets
from mos_assets.pipeline.report_page import REPORT_HTML
from mos_assets.store import comparison_rows
from mos_assets_tests.pipeline.chain import Chain, settings_in, write_corpus

KEY = dg.AssetKey(["feature_comparison"])
NOT_COMPARED = "Not compared on these rows under these settings"


def compared_again(chain: Chain) -> FeatureComparison:
    run, paths = chain.settings.run, chain.settings.paths
    return compare_features(run, paths, chain.database, logging.getLogger())


def page(chain: Chain) -> str:
    return (chain.finish().judged.folder / REPORT_HTML).read_text()


def test_it_is_made_when_asked_for_and_shown_as_long_as_it_holds(tmp_path: Path) -> None:
    write_corpus(tmp_path, "mine", 24)
    settings = settings_in(tmp_path, features="own", seeds=1, folds=3, epochs=1)
    chain = Chain(tmp_path, settings).prepare()
    assert NOT_COMPARED in page(chain)
    defs = build_defs(settings)
    graph = defs.resolve_asset_graph()
    assert KEY in graph.external_asset_keys  # "Materialize all" does not make it.
    with dg.instance_for_test() as instance:
        done = defs.resolve_job_def(COMPARE).execute_in_process(instance=instance)
        event = instance.get_latest_materialization_event(KEY)
    assert done.success
    assert event is not None and event.asset_materialization is not None
    told = event.asset_materialization.metadata
    assert told["n_clips"].value == 24
    assert "| **own** |" in str(told["comparison"].value)
    shown = page(chain)
    assert NOT_COMPARED not in shown and "What these blocks reach" in shown
    # Other settings, what another version wrote, and another rating: it was made of other things.
    assert NOT_COMPARED in page(chain.using(weights="precision"))
    made_of, _ = comparison_rows.find_comparison(chain.database, ["mine"]) or ("", "")
    comparison_rows.write_comparison(chain.database, ["mine"], made_of, '{"of": "tomorrow"}')
    assert NOT_COMPARED in page(chain)
    keep_sets(settings.run, settings.paths, chain.database, compared_again(chain))
    assert NOT_COMPARED not in page(chain)
    labels = tmp_path / "corpora/mine/labels.csv"
    labels.write_text(labels.read_text().replace("mine3,3.0", "mine3,3.5"))
    assert NOT_COMPARED in page(chain.prepare())


def test_it_needs_folds(tmp_path: Path) -> None:
    write_corpus(tmp_path, "mine", 24)
    job = build_defs(settings_in(tmp_path, features="own")).resolve_job_def(COMPARE)
    with dg.instance_for_test() as instance:
        done = job.execute_in_process(instance=instance, raise_on_error=False)
        (failure,) = [e for e in done.all_events if e.event_type_value == "STEP_FAILURE"]
    assert not done.success
    assert "materialize folds first" in failure.step_failure_data.user_failure_data.description
