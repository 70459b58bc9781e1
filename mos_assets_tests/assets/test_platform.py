"""The launchpad's form of the settings."""

import dagster as dg
import pytest

from mos_assets.assets.platform import platform_from
from mos_assets.settings import Missing, ReferencePolicy, Settings

SERVICE = Settings.of(corpus="synthetic", missing="impute", executor="multiprocess", tick_s=5)


def resource(config: dict[str, object]) -> dg.ConfigurableResource:
    @dg.op
    def look(platform: dg.ResourceParam[object]) -> object:
        return platform

    @dg.job(resource_defs={"platform": platform_from(SERVICE.run, SERVICE.paths)})
    def job() -> None:
        look()

    given = {"resources": {"platform": {"config": config}}}
    return job.execute_in_process(run_config=given).output_for_node("look")


def test_a_run_may_name_some_settings_and_takes_the_rest_from_the_service() -> None:
    """A choice is its word, as in the configurations of runs that are stored."""
    settings = resource({"reference": "self", "seeds": 7, "store": "file:///x"}).settings
    assert settings.run.reference is ReferencePolicy.SELF
    assert settings.run.missing is Missing.IMPUTE
    assert (settings.run.corpus, settings.run.seeds) == ("synthetic", 7)
    assert str(settings.paths.store_folder) == "/x"
    assert resource({"missing": "exclude"}).settings.run.missing is Missing.EXCLUDE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("missing", "IMPUTE"),
        ("reference", "pristine"),
        ("store", "gs://bucket/x"),
        ("model_dir", ""),
        ("features", "no-such:block"),
    ],
)
def test_what_the_form_cannot_know_is_said_by_the_first_step_that_asks(
    name: str, value: str
) -> None:
    with pytest.raises(dg.Failure) as caught:
        assert resource({name: value}).settings
    assert f"MOS_{name.upper()}" in str(caught.value)
    assert value in str(caught.value)


@pytest.mark.parametrize("name", ["executor", "tick_s", "automation"])
def test_what_belongs_to_the_service_is_not_in_the_form(name: str) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=name):
        resource({name: 1})
