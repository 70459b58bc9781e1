"""Whole objects under conditions, on a real S3 server and in memory."""

import socket
from pathlib import Path
from uuid import uuid4

import pytest

from mos_assets.errors import AbsentError, ChangedError, LocationError, UnreachableError
from mos_assets.objects import Location
from mos_assets_tests.buckets import Server


@pytest.fixture(params=["s3", "memory"])
def location(request: pytest.FixtureRequest) -> Location:
    if request.param == "memory":
        return Location(f"memory://{uuid4().hex}/folder")
    return Location(f"{request.getfixturevalue('bucket')}/folder")


def test_an_object_is_put_whole_and_only_over_what_was_expected(
    location: Location, tmp_path: Path
) -> None:
    assert location.listed() == ()
    first = location.put("a/one", b"one", absent=True)
    assert location.read("a/one") == (b"one", first)
    for condition in ({"absent": True}, {"etag": '"another"'}):
        with pytest.raises(ChangedError, match=r"folder/a/one|memory:/"):
            location.put("a/one", b"late", **condition)  # type: ignore[arg-type]
    second = location.put("a/one", b"second", etag=first)
    with pytest.raises(ChangedError):
        location.read_range("a/one", 0, 3, first)
    assert location.read_range("a/one", 0, 3, second) == b"sec"
    assert 0 <= location.age_s("a/one") < 60

    location.put("b", b"")
    assert [(one.name, one.size, one.etag == second) for one in location.listed()] == [
        ("a/one", 6, True),
        ("b", 0, False),
    ]
    assert [one.name for one in location.listed("a")] == ["a/one"]
    location.read_to("a/one", tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == b"second"

    location.delete(["a/one", "never"])
    assert [one.name for one in location.listed()] == ["b"]
    for ask in (location.read, location.age_s):
        with pytest.raises(AbsentError, match=r"a/one is not there"):
            ask("a/one")
    with pytest.raises((AbsentError, ChangedError)):
        location.put("a/one", b"late", etag=second)


def test_a_large_object_goes_and_comes_in_parts(bucket: str, tmp_path: Path) -> None:
    location = Location(bucket)
    content = bytes(range(256)) * (33 * 4096)
    (tmp_path / "large").write_bytes(content)
    location.put_file("large", tmp_path / "large")
    location.read_to("large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content


def test_each_failure_is_one_sentence_without_a_secret(
    bucket: str, s3_server: Server, fresh_clients: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LocationError, match=r"s3://no-such-bucket-here/x: there is no such bucket"):
        Location("s3://no-such-bucket-here/x").listed()
    with pytest.raises(LocationError, match=r"of gs it is not known how to write under a cond"):
        Location("gs://bucket").listed()
    with s3_server.asking_for_rights(), pytest.raises(LocationError, match=r"server refuses"):
        Location(bucket).put("x", b"")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody.removeprefix("http://"))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(
        LocationError, match=r"cannot be asked for \(Invalid endpoint: 127\.0\.0\.1"
    ):
        Location(bucket).read("x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(UnreachableError, match=r"cannot be reached") as caught:
        Location(bucket).read("x")
    assert "hush-hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(LocationError, match=r"needs credentials"):
        Location(bucket).read("x")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(
        LocationError, match=r"config profile \(nobody\) could not be found\)\. Corr"
    ):
        Location(bucket).read("x")
