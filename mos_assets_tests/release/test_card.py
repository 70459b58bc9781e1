"""The card and the manifest: complete, deterministic, and without any per-clip figure."""

import json

from mos_assets.release.card import render_card
from mos_assets.release.manifest import Manifest
from mos_assets_tests.conftest import HEAD_ID, Release

SECTIONS = (
    "Inputs",
    "Output",
    "Architecture",
    "Training data",
    "Gate",
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
}


def test_the_card_has_every_section(release: Release) -> None:
    for section in SECTIONS:
        assert f"\n## {section}\n" in release.card
    assert release.card.startswith(f"# {HEAD_ID}\n")
    assert "Status: **Proposed: " in release.card


def test_every_input_stands_in_the_card_with_its_index(release: Release) -> None:
    for index, name in enumerate(release.manifest.feature_order):
        assert f"| {index} | `{name}` |" in release.card


def test_simulated_labels_are_said_to_be_simulated(release: Release) -> None:
    assert "not from people" in release.card


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
