"""MOS_PROJECTS: what a project's settings are, and every mistake in the file as one message."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import SettingsError
from mos_assets.settings import Settings

TWO = """
[projects.mine]
corpus = "b, a"
features = "canonical-6"
retrain_cron = "0 5 * * 1"
removal_share = 1
store = "file:///elsewhere"

[projects.Other_2]
corpus = "a"
test_corpus = "b"
seeds = 7
retrain = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "projects.toml"
    path.write_text(TWO)
    return path


def read(file: Path, content: str | bytes, **environment: str) -> tuple[Settings, ...]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return Settings.all_from_env({"MOS_PROJECTS": str(file), **environment})


def test_a_project_has_its_settings_on_top_of_the_environments(file: Path) -> None:
    outside = {"MOS_STORE": "/s/", "MOS_SEEDS": "9", "MOS_MODEL_DIR": "m", "MOS_TICK_S": "5"}
    mine, other = Settings.all_from_env({"MOS_PROJECTS": str(file), **outside})
    assert (mine.project, other.project) == ("mine", "Other_2")
    assert (mine.run.corpora, mine.run.seeds, other.run.seeds) == (("a", "b"), 9, 7)
    assert other.run.retrain and not mine.run.retrain
    assert (mine.service.retrain_cron, other.service.retrain_cron) == ("0 5 * * 1", "0 3 * * 0")
    assert mine.service.tick_s == other.service.tick_s == 5
    assert (mine.paths.store, other.paths.store) == ("file:///elsewhere", "/s/Other_2")
    assert (mine.paths.model_dir, other.paths.model_dir) == ("m/mine", "m/Other_2")
    assert mine.run_scope != other.run_scope


def test_one_is_chosen_or_the_message_lists_them(file: Path) -> None:
    told = {"MOS_PROJECTS": str(file)}
    with pytest.raises(
        SettingsError, match=r"has 2 projects: mine, Other_2\. Choose one with MOS_P"
    ):
        Settings.from_env(told)
    assert Settings.from_env({**told, "MOS_PROJECT": "mine"}).project == "mine"
    with pytest.raises(SettingsError, match=r"MOS_PROJECT='yours' .* There: mine, Other_2\."):
        Settings.from_env({**told, "MOS_PROJECT": "yours"})
    with pytest.raises(SettingsError, match="MOS_PROJECTS names no file"):
        Settings.from_env({"MOS_PROJECT": "mine"})
    file.write_text('[projects.alone]\ncorpus = "a"\n')
    assert Settings.from_env(told).project == "alone"
    assert Settings.from_env({"MOS_PROJECTS": "", "MOS_PROJECT": ""}) == Settings()


def test_the_same_settings_alone_have_the_same_scope_where_they_lie_in_the_same_folders(
    file: Path,
) -> None:
    (one,) = read(file, '[projects.one]\ncorpus = "a"\nstore = "store"\nmodel_dir = "model"\n')
    assert one.run_scope == Settings.of(corpus="a").run_scope


DEEP = "a = " + "[\n" * 3000 + "]" * 3000
MISTAKES = {
    "no TOML": ("[projects", "is not TOML"),
    "no UTF-8": (b'[projects.a]\ncorpus = "\xff"', "is not UTF-8"),
    "UTF-16": ("[projects.a]\n".encode("utf-16"), "is not UTF-8"),
    "too large": ("#" + "x" * (1 << 17), "more than"),
    "a long line": ("# " + "x" * 5000, "a line has more than"),
    "nested": (DEEP, "nested too deeply"),
    "a number of many digits": (f"[projects.a]\nseeds = {'9' * 4000}", "seeds|not TOML"),
    "empty": ("", "has no project"),
    "no table": ("projects = 1", "has no project"),
    "no projects": ("[projects]", "has no project"),
    "a setting outside": ('corpus = "a"\n[projects.a]\n', "'corpus': it stands outside"),
    "a value for a project": ("[projects]\nmine = 1", "projects.mine is 1 and no table"),
    "another table": ("[project.a]\n", "'project': it stands outside"),
    "a list of tables": ("[[projects.a]]\nseeds = 1", "no table"),
    "too many": ("".join(f"[projects.p{n}]\n" for n in range(101)), "101 projects"),
    "a name with a dash": ("[projects.my-own]\n", "no project can be called 'my-own'"),
    "a name with a dot": ('[projects."a.b"]\n', "can be called 'a.b'"),
    "a name that escapes": ('[projects."\\u001b[31m"]\n', "can be called"),
    "an empty name": ('[projects.""]\n', "can be called ''"),
    "a digit first": ("[projects.2x]\n", "can be called '2x'"),
    "two underscores": ("[projects.a__b]\n", "can be called 'a__b'"),
    "a letter of another script": ('[projects."ä"]\n', "can be called 'ä'"),
    "a long name": (f"[projects.{'a' * 41}]\n", "can be called"),
    "a folder of the store": ("[projects.shards]\n", "a store has a folder of that name"),
    "an unknown key": ('[projects.a]\ncorpora = "x"', "'corpora' is not a setting. Did you mean"),
    "a nested key": ("[projects.a.run]\nseeds = 1", "'run' is not a setting"),
    "a variable": ('[projects.a]\nMOS_CORPUS = "x"', "'MOS_CORPUS' is not a setting"),
    "one for all": (
        '[projects.a]\nexecutor = "multiprocess"',
        "one for all projects.*MOS_EXECUTOR",
    ),
    "a number for a text": ("[projects.a]\ncorpus = 5", r"\[projects.a\]: corpus=5: "),
    "a list": ('[projects.a]\ncorpus = ["x", "y"]', "corpus=.*valid string"),
    "a truth value": ("[projects.a]\nseeds = true", "seeds=true: must not be a truth value"),
    "out of bounds": ("[projects.a]\nseeds = 51", "seeds=51: "),
    "not a number": ("[projects.a]\nremoval_share = nan", "removal_share=nan: "),
    "a date": ("[projects.a]\nretrain_cron = 2026-01-01", "retrain_cron="),
    "no corpus": ('[projects.a]\ncorpus = ""', "corpus='': must name at least one corpus"),
    "no place": ('[projects.a]\nstore = "me@host:"', "store='me@host:': must be"),
    "a choice that is none": ('[projects.a]\nmissing = "Impute"', "missing='Impute': "),
    "tested and trained": ('[projects.a]\ntest_corpus = "demo"', "test_corpus='demo': 'demo' is"),
    "one store": (
        '[projects.a]\nstore = "x"\n[projects.b]\nstore = "y/../x/"',
        "projects a and b have the same store",
    ),
    "a store that is another's default": (
        '[projects.a]\nstore = "store/b"\n[projects.b]\n',
        "projects a and b have the same store",
    ),
    "a store among the candidates of another": (
        '[projects.a]\nstore = "x"\n[projects.b]\nstore = "x/candidates/b"',
        "the store of project b, x/candidates/b, lies in ",
    ),
    "one model folder": (
        '[projects.a]\nmodel_dir = "m"\n[projects.b]\nmodel_dir = "m"',
        "projects a and b have the same model_dir",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_one_message_that_names_the_file(file: Path, kind: str) -> None:
    content, said = MISTAKES[kind]
    with pytest.raises(SettingsError, match=said) as caught:
        read(file, content)
    assert str(file) in str(caught.value)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1500


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name, said in (("none", "no such file"), (".", "is a folder"), ("loop", "a loop of links")):
        with pytest.raises(SettingsError, match=said):
            Settings.all_from_env({"MOS_PROJECTS": str(tmp_path / name)})


def test_a_wrong_variable_is_named_as_such_and_not_as_a_key(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"^MOS_SEEDS='many': "):
        read(file, "[projects.a]\nfolds = 4\n", MOS_SEEDS="many")
    with pytest.raises(SettingsError, match=r"^MOS_TEST_CORPUS='x': 'x' is in MOS_CORPUS too"):
        read(file, '[projects.a]\ncorpus = "x"\n', MOS_TEST_CORPUS="x")


@given(st.text(alphabet='[]projects.="\n1a_-{},#\\ ', max_size=80) | st.binary(max_size=40))
def test_whatever_stands_there_is_projects_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    try:
        found = read(file, content)
    except SettingsError as error:
        assert str(file) in str(error)
    else:
        assert all(one.project for one in found)
