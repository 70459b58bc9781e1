"""The real thing: webserver, daemon and code server on loopback, seen through GraphQL."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.store import Database, corpus_rows, verdict_rows
from mos_assets_tests.assets.conftest import QUALITIES, SCENES, make_world, write_labels
from mos_assets_tests.automation.service import (
    LOCATION,
    Service,
    overlapping,
    processes_of,
    serving,
    variables,
)

HEAD = "tabled_mos_head_v1_own"
CHECKS = 17


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """Labels, a feature table, and a folder for clips in which none lies yet."""
    folder = tmp_path / "corpora" / "tabled"
    write_labels(folder)
    (folder / "clips").mkdir()
    (folder / "features").mkdir()
    rows = [
        f"scene{index}_crf{crf},{mos * 2 + index},{crf / 7 + index % 2}"
        for index in range(len(SCENES))
        for crf, mos in QUALITIES
    ]
    (folder / "features" / "own.csv").write_text(
        "\n".join(["clip_name,sharpness,noise", *rows, "new,5.5,3.5"]) + "\n"
    )
    return make_world(tmp_path, "tabled", features="own")


def add_clip(folder: Path) -> None:
    """A label, and the clip that it rates; the feature table has its row already."""
    with (folder / "labels.csv").open("a") as labels:
        labels.write("new.mp4,2.5,new\n")
    run = run_ffmpeg(
        find_ffmpeg(),
        [
            *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-frames:v", "5"),
            *("-pix_fmt", "yuv420p", "-c:v", "libx264", str(folder / "clips" / "new.mp4")),
        ],
    )
    assert run.returncode == 0


def ended(service: Service, cause: str) -> Callable[[], Any]:
    """The run of this cause, once it has ended."""
    return lambda: next(
        (
            run
            for run in service.runs()
            if run["tags"].get("mos_assets/cause", "").startswith(cause) and run["endTime"]
        ),
        None,
    )


def test_a_day_of_the_service(world: Any, tmp_path: Path) -> None:
    """The schedule fires, a new clip leads to a new candidate and a verdict, a person confirms a
    removal, what is launched at once runs one after the other though the instance would let three
    through, the UI shows it all, and TERM leaves nothing behind."""
    settings = {
        "corpus": world.settings.run.corpus,
        **world.settings.paths.model_dump(),
        **{"features": "own", "seeds": 2, "folds": 3, "epochs": 3, "workers": 2},
        **{"tick_s": 1, "retrain_cron": "* * * * *", "removal_share": 0.01},
        "notify": f"tee -a {tmp_path / 'told'}",
    }
    home = tmp_path / "home"
    many = {"max_concurrent_runs: 2": "max_concurrent_runs: 3"}
    with serving(home, variables(settings), many) as service:
        service.wait("the UI", service.serves)
        scheduled = service.wait("the scheduled run", lambda: service.runs() or None)[0]
        service.ask(
            "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }",
            id=schedule_id(service),
        )
        assert scheduled["jobName"] == "retrain"
        before = service.wait(
            "its candidate", lambda: service.runs()[-1]["tags"].get("mos_assets/candidate")
        )
        add_clip(world.folder("tabled"))
        first = service.wait("the end of the scheduled run", ended(service, "weekly_retrain"))
        assert first["status"] == "SUCCESS"
        second = service.wait("the sensor's run", ended(service, "corpus_sensor"))
        assert second["status"] == "SUCCESS"
        candidate = second["tags"]["mos_assets/candidate"]
        assert candidate != before
        assert second["tags"]["mos_assets/corpus"] == "tabled"
        clips = corpus_rows.read_clips(Database(world.settings.paths.store_folder), ["tabled"])
        assert [clip.clip_id for clip in clips if clip.probe] == ["tabled/new"]
        assert len(clips) == 16
        what_a_person_sees(service, candidate)
        service.wait("a look", lambda: "nothing changed" in service.reason("corpus_sensor"))
        labels = world.folder("tabled") / "labels.csv"
        header, _, *others = labels.read_text().splitlines(keepends=True)
        labels.write_text("".join([header, *others]))
        service.wait(
            "the question",
            lambda: "label lines of tabled are missing" in service.reason("corpus_sensor"),
        )
        service.wait("the question outside", lambda: "corpus_sensor asks" in told(tmp_path))
        assert told(tmp_path).count('"kind": "verdict"') == 1, "the second verdict is the same"
        for job in ("retrain", "prune", "prune"):
            service.launch(job)
        service.wait(
            "three more runs",
            lambda: len([run for run in service.runs() if run["endTime"]]) >= 5,
        )
        service.wait("the answer", lambda: "nothing changed" in service.reason("corpus_sensor"))
        runs = service.runs()
        assert sorted(run["jobName"] for run in runs) == ["prune"] * 2 + ["retrain"] * 3
        assert all(run["status"] == "SUCCESS" for run in runs)
        assert not overlapping(runs)
        assert service.stop(signal.SIGTERM) == 128 + signal.SIGTERM
        assert processes_of(home) == []
    database = Database(world.settings.paths.store_folder)
    verdict = verdict_rows.latest_verdict(database, HEAD)
    assert verdict is not None
    assert verdict.candidate_id != candidate
    assert verdict.n_clips == 15


def told(folder: Path) -> str:
    """Messages that MOS_NOTIFY carried."""
    return (folder / "told").read_text() if (folder / "told").exists() else ""


def schedule_id(service: Service) -> str:
    found = service.ask(
        "query($at: RepositorySelector!) { schedulesOrError(repositorySelector: $at) "
        "{ ... on Schedules { results { name scheduleState { id status } } } } }",
        at=LOCATION,
    )["schedulesOrError"]["results"]
    state = {schedule["name"]: schedule["scheduleState"] for schedule in found}
    assert {name: one["status"] for name, one in state.items()} == {
        "weekly_retrain": "RUNNING",
        "weekly_prune": "RUNNING",
    }
    found_id: str = state["weekly_retrain"]["id"]
    return found_id


def what_a_person_sees(service: Service, candidate: str) -> None:
    """Assets with descriptions, their newest metadata, their checks, and the form of a run."""
    nodes = service.ask(
        """{ assetNodes { assetKey { path } description groupName
        internalFreshnessPolicy { ... on TimeWindowFreshnessPolicy { failWindowSeconds } }
        isMaterializable assetObservations(limit: 1) { metadataEntries { label
            ... on IntMetadataEntry { intValue } } }
        assetMaterializations(limit: 1) { metadataEntries { __typename label
            ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr } } }
        assetChecksOrError { ... on AssetChecks { checks { name description
            executionForLatestMaterialization { status evaluation { success severity
                metadataEntries { label ... on FloatMetadataEntry { floatValue } } } } } } } } }"""
    )["assetNodes"]
    by_name = {node["assetKey"]["path"][-1]: node for node in nodes}
    assert len(by_name) == 16
    comparison = by_name.pop("feature_comparison")
    assert not comparison["isMaterializable"] and comparison["description"]
    for name in ("label_files", "clips", "shot_files", "feature_tables"):
        node = by_name.pop(name)
        assert not node["isMaterializable"] and node["description"]
        (seen,) = node["assetObservations"]
        assert {"label": "total", "intValue": int(name != "shot_files")} in [
            entry | {"intValue": min(entry["intValue"], 1)} for entry in seen["metadataEntries"]
        ]
    shown = {}
    for name, node in by_name.items():
        assert len(node["description"]) > 60, name
        if node["groupName"] == "scoring":
            assert not node["assetMaterializations"], "no retrain runs it"
            continue
        (made,) = node["assetMaterializations"]
        shown[name] = {entry["label"]: entry for entry in made["metadataEntries"]}
        assert shown[name], name
    assert shown["trained_onnx"]["candidate"]["text"] == candidate
    assert shown["trained_onnx"]["git_revision"]["text"]
    assert "data:image/png;base64," in shown["gate_report"]["figures"]["mdStr"]
    assert "Proposed" in shown["model_card"]["card"]["mdStr"]
    policies = {name: node["internalFreshnessPolicy"] for name, node in by_name.items()}
    week = {"failWindowSeconds": 8 * 86_400}
    assert {name: policy for name, policy in policies.items() if policy} == {
        "gate_report": week,
        "model_card": week,
    }
    checks = [check for node in nodes for check in node["assetChecksOrError"].get("checks", [])]
    assert len(checks) >= CHECKS
    assert all(check["description"] for check in checks)
    gate = {
        check["name"]: check["executionForLatestMaterialization"]["evaluation"]
        for check in by_name["gate_report"]["assetChecksOrError"]["checks"]
    }
    assert {evaluation["success"] for evaluation in gate.values()} == {True, False}
    for name, evaluation in gate.items():
        if name == "beats_shortcuts":
            continue
        figures = [e for e in evaluation["metadataEntries"] if e["label"] == "figure"]
        assert figures[0]["floatValue"] is not None
