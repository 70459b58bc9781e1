"""Settings come from MOS_* variables, once, and a wrong one is named together with its value."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import SettingsError
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling, Settings
from mos_assets.settings.scopes import fold_scope, shaping
from mos_assets_tests.settings.making import values


def test_defaults_without_any_variable() -> None:
    run = Settings.from_env({"PATH": "/bin"}).run
    assert run.corpora == ("demo",)
    assert run.features == "konvid-v1"
    assert (run.seeds, run.folds) == (5, 5)
    assert run.is_full_size
    assert run.workers >= 1


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"MOS_CORPUS": ""}).run.corpora == ("demo",)


def test_corpora_are_split_and_sorted() -> None:
    assert Settings.from_env({"MOS_CORPUS": "b, a"}).run.corpora == ("a", "b")


@pytest.mark.parametrize(
    ("reference", "asked", "sampling"),
    [
        ("loopback", "", "sparse"),
        ("source", "", "every"),
        ("self", "", "every"),
        ("loopback", "every", "every"),
        ("source", "sparse", "sparse"),
    ],
)
def test_pictures_are_left_out_of_a_loopback_or_where_that_is_asked(
    reference: str, asked: str, sampling: str
) -> None:
    """Features measured in one way are not taken for those of the other."""
    run = Settings.from_env({"MOS_REFERENCE": reference, "MOS_SAMPLING": asked}).run
    ours = Loopback.TWO if reference == "loopback" else Loopback.ONE
    assert run.comparison == Comparison(ReferencePolicy(reference), Sampling(sampling), ours)
    assert (f"MOS_SAMPLING={asked}" in shaping(run)) == bool(asked)
    assert ("MOS_SAMPLING=sparse" in fold_scope(run)) == (sampling == "sparse")
    assert ("MOS_LOOPBACK=2" in fold_scope(run)) == (reference == "loopback")


def test_corpora_that_only_test_shape_no_head() -> None:
    """They are read with the others, and whoever names others has to train again."""
    none, two = (
        Settings.from_env({"MOS_CORPUS": "b", "MOS_TEST_CORPUS": tested}) for tested in ("", "c, a")
    )
    assert (two.run.corpora, two.run.test_corpora) == (("b",), ("a", "c"))
    assert (none.run.all_corpora, two.run.all_corpora) == (("b",), ("a", "b", "c"))
    assert shaping(none.run) == shaping(two.run)
    assert fold_scope(none.run) != fold_scope(two.run)
    assert none.run_scope != two.run_scope


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MOS_SEEDS", "many"),
        ("MOS_SEEDS", "0"),
        ("MOS_WORKERS", "-1"),
        ("MOS_EXECUTOR", "kubernetes"),
        ("MOS_EXECUTOR", "dask"),
        ("MOS_CLUSTER", "scheduler:8786"),
        ("MOS_CLUSTER", "tcp://scheduler"),
        ("MOS_CLUSTER", "http://scheduler:8786"),
        ("MOS_CLUSTER", "local:0"),
        ("MOS_CLUSTER", "local:many"),
        ("MOS_REFERENCE", "pristine"),
        ("MOS_SAMPLING", "some"),
        ("MOS_CORPUS", "../elsewhere"),
        ("MOS_CORPUS", "a,a"),
        ("MOS_CORPUS", ","),
        ("MOS_TEST_CORPUS", "a,../b"),
        ("MOS_TEST_CORPUS", "b,demo"),
        ("MOS_MISSING", "Impute"),
        ("MOS_MISSING", "IMPUTE"),
        ("MOS_ALIGN", "sessions"),
        ("MOS_WEIGHTS", "votes"),
        ("MOS_AUTOMATION", "perhaps"),
        ("MOS_DOWNLOAD_RATE", "nan"),
        ("MOS_REMOVAL_SHARE", "1.1"),
        ("MOS_RETRAIN_CRON", "weekly"),
    ],
)
def test_a_bad_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: value})
    assert str(caught.value).startswith(f"{variable}={value!r}: ")
    assert "\n" not in str(caught.value)


def test_one_folder_spelt_in_two_ways_is_one_run_scope(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to("store")
    spelt = [f"{tmp_path}/store", f"{tmp_path}/link", f"{tmp_path}/link/../store/"]
    assert len({Settings.of(store=store).run_scope for store in spelt}) == 1
    others = [Settings.of(seeds=7), Settings.of(download_mb=7), Settings.of(workers=1), Settings()]
    assert len({settings.run_scope for settings in others}) == 3


def test_more_corpora_than_a_sensor_can_remember_are_refused() -> None:
    Settings.of(corpus=",".join(f"c{n}" for n in range(100)))
    with pytest.raises(SettingsError, match="at most 100"):
        Settings.of(corpus=",".join(f"c{n}" for n in range(101)))
    with pytest.raises(SettingsError, match="at most 100"):
        Settings.of(corpus="c" * 101)


def test_a_misspelt_variable_is_an_error_and_not_a_default() -> None:
    told = "MOS_CORPORA is not a setting. Did you mean MOS_CORPUS?"
    with pytest.raises(SettingsError, match=re.escape(told)):
        Settings.from_env({"MOS_CORPORA": "konvid-1k"})
    with pytest.raises(SettingsError, match=re.escape("MOS_XYZ is not a setting. Known: ")):
        Settings.from_env({"MOS_XYZ": "1"})


@pytest.mark.parametrize("stray", ["MOS_RUN", "MOS_PATHS", "MOS_corpus", "MOS_SEEDS_", "MOS_"])
def test_neither_a_part_nor_another_case_is_a_setting(stray: str) -> None:
    with pytest.raises(SettingsError, match=f"^{stray} is not a setting"):
        Settings.from_env({stray: "1"})
    # As every program of this kind, it looks at capitals only.
    assert Settings.from_env({"mos_seeds": "many", "mos_corpora": "x"}) == Settings()


def test_only_from_env_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form of a run that was given a value must not take another from the service's."""
    monkeypatch.setenv("MOS_SEEDS", "7")
    assert Settings().run.seeds == Settings.of(corpus="a").run.seeds == 5
    assert Settings.from_env().run.seeds == 7


def test_every_setting_can_be_said_by_a_variable() -> None:
    """What is read from the values of one is the same again; no name is in two parts."""
    told = {f"MOS_{name.upper()}": str(value) for name, value in values(Settings()).items()}
    assert len(told) == len(Settings.KNOWN)
    assert Settings.from_env(told) == Settings()
    with pytest.raises(TypeError, match="'corpora' is not a setting"):
        Settings.of(corpora="a")


def test_scopes_are_those_of_stored_runs() -> None:
    """Sensors find finished runs by this text, and tables of yesterday's store by the others."""
    there = {"MOS_CORPUS_ROOT": "/x/c", "MOS_STORE": "/x/s", "MOS_MODEL_DIR": "/x/m"}
    settings = Settings.from_env(
        {**there, "MOS_CORPUS": "b,a", "MOS_MISSING": "impute", "MOS_REFERENCE": "self"}
    )
    assert settings.run_scope == "06c42cd4c468ecef"
    assert fold_scope(settings.run) == (
        "MOS_CORPUS=a,b MOS_FEATURES=konvid-v1 MOS_REFERENCE=self MOS_MISSING=impute MOS_FOLDS=5"
    )
    assert shaping(settings.run) == (
        "MOS_CORPUS=a,b",
        "MOS_MISSING=impute",
        "MOS_REFERENCE=self",
    )


def test_the_names_of_the_environment_are_read_when_they_are_asked_for() -> None:
    """Their library loads asyncio; `mos --help` and `Predictor` need neither."""
    code = "import sys, mos_assets.settings; print({'pydantic_settings'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@given(st.integers(1, 50), st.integers(1, 50))
def test_full_size_needs_five_folds_and_five_seeds_or_more(seeds: int, folds: int) -> None:
    """Many small folds flatter the mean RMSE; more seeds only make the spread stricter."""
    settings = Settings.from_env({"MOS_SEEDS": str(seeds), "MOS_FOLDS": str(folds)})
    assert settings.run.is_full_size == (seeds >= 5 and folds == 5)


def test_the_floor_of_konvid_150k_shapes_a_head() -> None:
    floor = {"MOS_KONVID_150K_FLOOR": "100"}
    assert "MOS_KONVID_150K_FLOOR=100" in shaping(Settings.from_env(floor).run)


def test_no_setting_names_a_threshold() -> None:
    """The gate is not configurable: nothing in the settings may sound like one of its terms."""
    for name in Settings.KNOWN:
        assert not any(word in name for word in ("plcc", "srocc", "rmse", "gate", "threshold"))
