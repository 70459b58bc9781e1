"""The card and the manifest: complete, deterministic, and without any per-clip figure."""

import json

import pytest

from mos_assets.evaluation import not_compared
from mos_assets.evaluation.importance import FeatureImportance
from mos_assets.records import (
    AlignedFigures,
    ColumnAgreement,
    CorpusAlignment,
    CorpusMap,
    DeclaredFeatures,
    LabelOrigin,
    ProofStatus,
    Status,
)
from mos_assets.release.manifest import Manifest
from mos_assets.reporting.card import render_card
from mos_assets.reporting.findings import weighting
from mos_assets.reporting.front_matter import without_front_matter
from mos_assets.reporting.markdown import plot_section, render_markdown
from mos_assets.reporting.report import ReportPlot
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.markdown import STRANGE, live, shown

SECTIONS = (
    "Whether to use it",
    "Inputs",
    "Output",
    "Architecture",
    "Training data",
    "Gate",
    "Where it is good and where it is not",
    "How far a rating may lie away",
    "Limits",
    "Reproduce",
    "Predictor",
    "Published on KoNViD-1k",
)
MANIFEST_KEYS = {
    "adr",
    "id",
    "kind",
    "status",
    "onnx",
    "sha256",
    "opset",
    "feature_order",
    "feature_mean",
    "feature_std",
    "encoder_vocab",
    "encoder_vocab_version",
    "mos_range",
    "n_parameters",
    "extractor_fingerprint",
    "training_recipe",
    "data",
    "versions",
    "folds",
    "seeds",
    "gate",
    "interval",
    "card_sha256",
    "seal",
}


def test_the_card_has_every_section(release: Release) -> None:
    for section in SECTIONS:
        assert f"\n## {section}\n" in release.card
    assert without_front_matter(release.card).startswith(f"# {HEAD_ID}\n")
    assert "Status: **Proposed: " in release.card


def test_every_input_stands_in_the_card_with_its_index(release: Release) -> None:
    for index, name in enumerate(release.manifest.feature_order):
        assert f"| {index} | {name} |" in release.card


def test_names_from_strangers_are_shown_and_not_obeyed(release: Release) -> None:
    """Features, corpora, licences and tables are named by whoever made them."""
    manifest = release.manifest.model_copy(
        update={
            "feature_order": (STRANGE, *release.manifest.feature_order[1:]),
            "extractor_fingerprint": f"own=table:{STRANGE}",
            "data": release.manifest.data.model_copy(
                update={
                    "corpora": tuple(
                        corpus.model_copy(
                            update=dict.fromkeys(("name", "version", "licence"), STRANGE)
                        )
                        for corpus in release.manifest.data.corpora
                    )
                }
            ),
        }
    )
    loss = FeatureImportance(
        feature=STRANGE,
        plcc_drop=0.2,
        low=0.1,
        high=0.3,
        correlated=(STRANGE,),
        plcc_drop_with_correlated=0.3,
    )
    picture = ReportPlot(file="residuals.png", title=STRANGE, sentence=STRANGE)
    report = release.report.model_copy(update={"importance": (loss,), "figures": (picture,)})
    card = render_card(manifest, report)
    assert live(card) == live(release.card)
    assert shown(card).count(STRANGE) == 6
    assert live(plot_section([picture])) == {"image": 1}


def test_what_is_declared_of_features_stands_in_card_and_report(release: Release) -> None:
    column = ColumnAgreement(
        name="adm2", n=40, r=0.99974, mean_difference=0.003213, least_r=0.999, most_difference=0.005
    )
    told = DeclaredFeatures(
        **{"corpus": "made", "table": "own", "extractor": "libvmaf", "version": "2.3"},
        **{"reference": "source", "scaling": "bicubic"},
        status=ProofStatus.PROVED,
        reason=None,
        columns=(column,),
    )
    manifest = release.manifest.model_copy(update={"declared": (told,)})
    report = release.report.model_copy(update={"declared": (told,)})
    sentence = "- table made/own, declared as libvmaf under source: proved on 40 clips (2.3, scaled"
    row = "| made/own | adm2 | 40 | .999740 | .999 | .003213 | .005 |"
    for page in (render_card(manifest, report), render_markdown(report)):
        assert sentence in page
        assert f"\n{row}\n" in page
    assert "Declared features" not in release.card


def test_held_out_rows_stand_beside_those_of_the_folds(release: Release) -> None:
    (corpus,) = release.manifest.data.corpora
    assert f"| {corpus.rows} |" in release.card
    held = corpus.model_copy(update={"held_out_rows": 30})
    data = release.manifest.data.model_copy(update={"corpora": (held,)})
    card = render_card(release.manifest.model_copy(update={"data": data}), release.report)
    assert f"| {corpus.rows} rows, 30 held out |" in card


def test_simulated_labels_are_said_to_be_simulated(release: Release) -> None:
    assert "no person gave them" in release.card


@pytest.mark.parametrize(
    ("status", "origin", "words"),
    [
        (Status.PROPOSED, LabelOrigin.SIMULATED, "- No: no person rated the clips"),
        (Status.PROPOSED, LabelOrigin.HUMAN, "- Not to decide about a clip"),
        (Status.ACCEPTED, LabelOrigin.HUMAN, "- Yes, for clips like those it was judged on"),
    ],
)
def test_the_card_says_whether_to_use_the_head(
    release: Release, status: Status, origin: LabelOrigin, words: str
) -> None:
    manifest = release.standing(status, origin).manifest
    assert words in render_card(manifest, release.report)


def test_the_gate_stands_there_with_thresholds_figures_and_intervals(release: Release) -> None:
    for name in ("Mean PLCC | ", "Mean SROCC | ", "Mean RMSE | ", "PLCC spread over seeds | "):
        (line,) = (row for row in release.card.splitlines() if row.startswith(f"| {name}"))
        assert line.count("|") == 6
        assert " … " in line
    for row in release.manifest.folds:
        assert f"| {row.seed} | {row.fold} | {row.n_train} | {row.n_val} | " in release.card


def test_what_was_released_before_changes_no_byte_of_the_card(release: Release) -> None:
    compared = release.report.model_copy(update={"comparison": not_compared("x", "it is gone")})
    assert render_card(release.manifest, compared) == release.card


@pytest.mark.parametrize(
    ("weighed", "says"),
    [
        (None, None),
        (0, "no clip has both a deviation and a number of ratings: all counted the same."),
        (7, "the ratings of 7 of 150 clips counted by their precision, the others like the"),
        (150, "In training the ratings counted by their precision."),
    ],
)
def test_the_card_says_how_much_ratings_counted(
    release: Release, weighed: int | None, says: str | None
) -> None:
    """Where that was asked for; the report says it in any case."""
    report = release.report.model_copy(update={"weighed": weighed})
    sentence = weighting(report.model_copy(update={"n_clips": 150}))
    assert (says or "In training every rating counted the same.") in sentence
    assert weighting(report) in render_markdown(report)
    assert (weighting(report) in render_card(release.manifest, report)) == (weighed is not None)


def test_corpora_on_one_scale_stand_in_manifest_card_and_report(release: Release) -> None:
    counted = {"rows": 60, "contents": 20}
    lines = CorpusAlignment(
        reference=STRANGE,
        maps=(
            CorpusMap(corpus=STRANGE, **counted),
            CorpusMap(corpus="b", **counted, offset=-0.5, slope=1.145, correlation=0.936),
            CorpusMap(corpus="c", **counted, reason="it has 2 contents"),
        ),
        held=3,
        figures=(
            AlignedFigures(
                corpus=None, clips=180, plcc=0.9, rmse=0.4, plcc_without=None, rmse_without=0.5
            ),
        ),
    )
    report = release.report.model_copy(update={"alignment": lines})
    manifest = release.manifest.model_copy(update={"alignment": lines})
    assert Manifest.model_validate_json(manifest.to_json()) == manifest
    assert not {"alignment", "weighed"} & set(json.loads(release.manifest.to_json()))
    before = live(release.card), live(render_markdown(release.report))
    for page, was in zip(
        (render_card(manifest, report), render_markdown(report)), before, strict=True
    ):
        assert live(page) == was
        assert "\n## Corpora on one scale\n\n" in page
        assert "| b | 60 | 20 | -.500 | 1.145 | .936 |  |\n" in page
        assert "| c | 60 | 20 | .000 | 1.000 | – | it has 2 contents |\n" in page
        assert "| all corpora | 180 | .900 | – | .400 | .500 |\n" in page
        assert "3 mapped ratings" in page
    assert STRANGE in shown(render_card(manifest, report))


def test_no_clip_is_named_in_what_is_released(release: Release) -> None:
    assert "made/0" not in release.card
    assert "made/0" not in release.manifest.to_json()


def test_the_same_verdict_gives_the_same_bytes(release: Release) -> None:
    assert render_card(release.manifest, release.report) == release.card


def test_the_manifest_has_its_keys_sorted_and_reads_back(release: Release) -> None:
    text = release.manifest.to_json()
    found = json.loads(text)
    assert set(found) >= MANIFEST_KEYS
    assert list(found) == sorted(found)
    assert "NaN" not in text
    assert Manifest.model_validate_json(text) == release.manifest
