"""A folder is named by a local path or a file:// URL; anything else is refused in one message."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mos_assets import Predictor
from mos_assets.cli import main
from mos_assets.errors import SettingsError
from mos_assets.settings import Settings, local_folder


@pytest.mark.parametrize("value", ["s3://bucket/x", "S3://bucket/x", " s3://bucket/x"])
def test_a_bucket_holds_a_store_and_no_releases(value: str) -> None:
    place = Settings.of(store=value, work="/w").paths.store_place
    assert place.url == "s3://bucket/x"
    assert place.folder.parent == Path("/w")
    with pytest.raises(SettingsError, match=r"MOS_MODEL_DIR=.*: must be a local path"):
        Settings.from_env({"MOS_MODEL_DIR": value})


@pytest.mark.parametrize("value", ["s3://b", "s3://b/", "s3://b/a/b/"])
def test_a_bucket_may_be_the_whole_place(value: str) -> None:
    assert Settings.of(store=value).paths.store_place.url == value.rstrip("/")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "s3://",
            "s3:///x",
            "s3://b//x",
            "s3://b/../x",
            "s3://b/./x",
            "s3://b/x\ny",
            "s3://b c/x",
        ),
        *("s3://KEY:hush@b/x", "s3://hush@b", "s3://b/x?key=hush", "s3://b/x#hush"),
        "gs://KEY:hush@b/x",
        "https://b/x?X-Amz-Signature=hush",
    ],
)
def test_a_url_of_more_than_bucket_and_prefix_is_refused_and_no_secret_told(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^MOS_STORE=.*must be") as caught:
        Settings.from_env({"MOS_STORE": value})
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["store", "model_dir", "corpus_root"])
@pytest.mark.parametrize(
    "value",
    [
        "s3:/bucket/x",
        "s3:",
        "gs://bucket",
        "https://host/x",
        "simplecache::s3://bucket/x",
        "me@host:/x",
        "file://host/x",
        "file:x",
        "file:///x?y",
        "file:///x#y",
        "file:///x%00",
        "file://",
        " ",
    ],
)
def test_what_is_not_on_this_machine_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({f"MOS_{name.upper()}": value})
    assert str(caught.value).startswith(f"MOS_{name.upper()}={value!r}: must be a local path")


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("file:///x/y", "/x/y"),
        ("FILE:///x/y", "/x/y"),
        ("file:/x/y", "/x/y"),
        ("file://localhost/x/y", "/x/y"),
        ("file:///a%20b%23", "/a b#"),
        ("/x/s3://y", "/x/s3:/y"),
        ("/x:", "/x:"),
        ("./s3://y", "s3:/y"),
        ("a:b", "a:b"),
        ("2026-01-01T10:00/x", "2026-01-01T10:00/x"),
        ("c:/x", "c:/x"),
        ("x", "x"),
    ],
)
def test_what_is_on_this_machine_is_a_folder(value: str, folder: str) -> None:
    assert Settings.of(store=value).paths.store_folder == Path(folder).absolute()
    assert Settings.of(store=value).paths.store == value


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_a_url_that_python_writes_leads_back(name: bytes) -> None:
    path = Path("/" + os.fsdecode(name))
    # Python takes two slashes at the start for a host.
    path = Path("/" + str(path).lstrip("/"))
    assert local_folder(path.as_uri()) == path


def test_two_spellings_of_a_folder_are_one_scope(tmp_path: Path) -> None:
    places = [str(tmp_path), tmp_path.as_uri()]
    assert len({Settings.of(store=place).run_scope for place in places}) == 1


def test_a_command_and_a_predictor_say_so_and_make_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOS_MODEL_DIR", "s3://bucket/model")
    told = CliRunner().invoke(main, ["status"])
    assert told.exit_code == 1
    assert told.output == (
        "Error: MOS_MODEL_DIR='s3://bucket/model': must be a local path or a file:// URL; "
        "'s3' is neither.\n"
    )
    with pytest.raises(SettingsError, match="model_folder='s3://bucket/model': must be a local"):
        Predictor("s3://bucket/model")
    assert list(tmp_path.iterdir()) == []
