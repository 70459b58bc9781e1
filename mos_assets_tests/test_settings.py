"""Settings come from MOS_* variables, once, and a wrong one is named together with its value."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import SettingsError
from mos_assets.settings import Settings


def test_defaults_without_any_variable() -> None:
    settings = Settings.from_env({"PATH": "/bin"})
    assert settings.corpora == ("demo",)
    assert settings.features == "konvid-v1"
    assert (settings.seeds, settings.folds) == (5, 5)
    assert settings.is_full_size
    assert settings.workers >= 1


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"MOS_CORPUS": ""}).corpora == ("demo",)


def test_corpora_are_split_and_sorted() -> None:
    assert Settings.from_env({"MOS_CORPUS": "b, a"}).corpora == ("a", "b")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MOS_SEEDS", "many"),
        ("MOS_SEEDS", "0"),
        ("MOS_WORKERS", "-1"),
        ("MOS_EXECUTOR", "kubernetes"),
        ("MOS_REFERENCE", "pristine"),
        ("MOS_CORPUS", "../elsewhere"),
        ("MOS_CORPUS", "a,a"),
        ("MOS_CORPUS", ","),
    ],
)
def test_a_bad_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: value})
    assert variable in str(caught.value)


def test_one_folder_spelt_in_two_ways_is_one_reach(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to("store")
    spelt = [f"{tmp_path}/store", f"{tmp_path}/link", f"{tmp_path}/link/../store/"]
    assert len({Settings(store=store).run_scope for store in spelt}) == 1
    others = [Settings(seeds=7), Settings(download_mb=7), Settings(workers=1), Settings()]
    assert len({settings.run_scope for settings in others}) == 3


def test_more_corpora_than_a_sensor_can_remember_are_refused() -> None:
    Settings(corpus=",".join(f"c{n}" for n in range(100)))
    with pytest.raises(ValueError, match="at most 100"):
        Settings(corpus=",".join(f"c{n}" for n in range(101)))
    with pytest.raises(ValueError, match="at most 100"):
        Settings(corpus="c" * 101)


def test_a_misspelt_variable_is_an_error_and_not_a_default() -> None:
    told = "MOS_CORPORA is not a setting. Did you mean MOS_CORPUS?"
    with pytest.raises(SettingsError, match=re.escape(told)):
        Settings.from_env({"MOS_CORPORA": "konvid-1k"})
    with pytest.raises(SettingsError, match=re.escape("MOS_XYZ is not a setting. Known: ")):
        Settings.from_env({"MOS_XYZ": "1"})


@given(st.integers(1, 50), st.integers(1, 50))
def test_full_size_needs_five_folds_and_five_seeds_or_more(seeds: int, folds: int) -> None:
    """Many small folds flatter the mean RMSE; more seeds only make the spread stricter."""
    settings = Settings.from_env({"MOS_SEEDS": str(seeds), "MOS_FOLDS": str(folds)})
    assert settings.is_full_size == (seeds >= 5 and folds == 5)


def test_a_subset_of_konvid_150k_is_not_full_size() -> None:
    floor = {"MOS_KONVID_150K_FLOOR": "100"}
    assert not Settings.from_env({"MOS_CORPUS": "konvid-150k", **floor}).is_full_size
    assert Settings.from_env({"MOS_CORPUS": "konvid-150k"}).is_full_size
    assert Settings.from_env(floor).is_full_size
    assert "MOS_KONVID_150K_FLOOR=100" in Settings.from_env(floor).shaping()


def test_no_setting_names_a_threshold() -> None:
    """The gate is not configurable: nothing in the settings may sound like one of its terms."""
    for name in Settings.model_fields:
        assert not any(word in name for word in ("plcc", "srocc", "rmse", "gate", "threshold"))
