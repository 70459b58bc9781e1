"""`Predictor.predict_clip`: a typed score, and errors with a remedy."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets import Predictor
from mos_assets.errors import ClipError, FeatureError, ReleaseError
from mos_assets.features import fingerprint
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.predictor import Source
from mos_assets.predictor.measurable import MeasuringPlan, measurable
from mos_assets.records import (
    ColumnAgreement,
    DeclaredFeatures,
    LabelOrigin,
    ProofStatus,
    Status,
)
from mos_assets.release.manifest import Manifest, ManifestComparison
from mos_assets.scoring.output import row_of
from mos_assets.settings import Comparison, ReferencePolicy, Sampling
from mos_assets_tests.conftest import Release
from mos_assets_tests.made import Encodes

HEAD = "pairs_mos_head_v1"


@pytest.fixture
def predictor(release: Release, ffmpeg: Ffmpeg, tmp_path: Path) -> Predictor:
    """Of an Accepted head whose rows were measured here, against their sources."""
    parts = ("libvmaf", "saliency")
    prints = " + ".join(
        fingerprint(part, Comparison(ReferencePolicy.SOURCE), ffmpeg) for part in parts
    )
    human = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    human.called(HEAD, "MOS_REFERENCE=source", fingerprint=prints).put(tmp_path)
    return Predictor(tmp_path, HEAD)


def test_a_clip_and_its_source_give_a_typed_score(predictor: Predictor, encodes: Encodes) -> None:
    clip, source = encodes.clips / "park_low.mp4", encodes.references / "park.mkv"
    found = predictor.predict_clip(str(clip), str(source))
    assert float(found) == found.mos
    assert found.interval is not None
    assert found.interval[0] <= found.mos <= found.interval[1]
    assert (found.level, found.status, found.source) == (0.9, "Accepted", Source.HEAD)
    assert (found.clip, found.reference, found.head_id) == (str(clip), str(source), HEAD)
    assert found.comparable
    assert found.applicability is None


def test_without_its_source_the_remedy_is_named(predictor: Predictor, encodes: Encodes) -> None:
    with pytest.raises(FeatureError, match="reference= in Python"):
        predictor.predict_clip(encodes.clips / "park_low.mp4")


@pytest.mark.parametrize("reference", ["lake.mkv", "none.mkv"])
def test_a_reference_that_is_none_is_refused(
    predictor: Predictor, encodes: Encodes, reference: str
) -> None:
    with pytest.raises(ClipError, match=reference):
        predictor.predict_clip(encodes.clips / "park_low.mp4", encodes.references / reference)


def test_a_head_that_fills_gaps_says_which(
    release: Release, encodes: Encodes, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """One picture has no motion: an error for a head without a value for gaps, a note with one."""
    still = tmp_path / "still.mp4"
    source = f"file:{encodes.references / 'park.mkv'}"
    ran = run_ffmpeg(ffmpeg, ["-i", source, "-frames:v", "1", f"file:{still}"])
    assert ran.returncode == 0, ran.stderr
    release.called("plain").put(tmp_path)
    with pytest.raises(ClipError, match="motion2 cannot be had: no motion2"):
        Predictor(tmp_path, "plain").predict_clip(still)
    filling = release.called("filling")
    manifest = filling.manifest.model_copy(update={"missing_value": 0.0})
    replace(filling, manifest=manifest).put(tmp_path)
    found = Predictor(tmp_path, "filling").predict_clip(still)
    assert "filled in by the head: motion2" in found.reason


def test_without_a_head_the_codec_rule_answers_and_says_so(
    encodes: Encodes, tmp_path: Path
) -> None:
    found = Predictor(tmp_path).predict_clip(encodes.clips / "park_low.mp4")
    assert found.source is Source.FALLBACK
    assert (found.head_id, found.status, found.interval, found.level) == (None,) * 4
    assert "is missing" in found.reason
    with pytest.raises(ClipError, match="ffv1"):
        Predictor(tmp_path).predict_clip(encodes.references / "park.mkv")
    with pytest.raises(ReleaseError, match=r"no head compares it .* is missing"):
        Predictor(tmp_path).predict_clip(
            encodes.clips / "park_low.mp4", reference=encodes.references / "park.mkv"
        )


def declared(status: ProofStatus, **told: str | None) -> DeclaredFeatures:
    """What a table of both features that libvmaf makes of this head is declared to be."""
    columns = tuple(
        ColumnAgreement(
            name=name, n=12, r=1.0, mean_difference=0.0, least_r=0.999, most_difference=0.005
        )
        for name in ("adm2", "motion2")
    )
    what: dict[str, str | None] = {"reference": "source", "scaling": None, "reason": "not checked"}
    if status is ProofStatus.PROVED:
        what["reason"] = None
    what |= {"corpus": "made", "table": "own", "extractor": "libvmaf", "version": "1", **told}
    return DeclaredFeatures.model_validate({**what, "status": status, "columns": columns})


@pytest.mark.parametrize(
    ("told", "comparable", "says"),
    [
        (declared(ProofStatus.PROVED), True, "declared by their owner, proved on 12 clips"),
        (declared(ProofStatus.PROVED, scaling="lanczos"), True, "proved on 12 clips"),
        (declared(ProofStatus.UNPROVED), True, "not proved (table made/own, declared as libvmaf"),
        (declared(ProofStatus.UNPROVED, scaling="bicubic"), True, "not proved"),
        (declared(ProofStatus.UNPROVED, scaling="lanczos"), False, "of another origin"),
        (declared(ProofStatus.FAILED), False, "of another origin"),
        (declared(ProofStatus.PROVED, extractor="nr"), False, "of another origin"),
        (None, False, "of another origin"),
    ],
)
def test_a_head_of_declared_features_scores_what_is_measured_so(
    release: Release,
    encodes: Encodes,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    told: DeclaredFeatures | None,
    comparable: bool,
    says: str,
) -> None:
    """Under the policy that is declared, whatever that of the run was, which measured nothing."""
    saliency = fingerprint("saliency", Comparison(ReferencePolicy.SOURCE), ffmpeg)
    failed = told is None or told.status is ProofStatus.FAILED
    settings = ("MOS_REFERENCE=source",) if failed else ()
    head = release.called(HEAD, *settings, fingerprint=f"canonical-6=table:own + {saliency}")
    manifest = head.manifest.model_copy(update={"declared": None if told is None else (told,)})
    replace(head, manifest=manifest).put(tmp_path)
    predictor = Predictor(tmp_path, HEAD)
    found = predictor.predict_clip(encodes.clips / "park_low.mp4", encodes.references / "park.mkv")
    assert found.comparable is comparable
    assert found.declared is ("not proved" in says)
    assert row_of(found)["comparable"] == (
        "declared" if "not proved" in says else "yes" if comparable else "no"
    )
    assert (found.interval is not None) is comparable
    assert says in found.reason


@pytest.mark.parametrize(
    ("told", "sampling"),
    [(None, "every"), ("every", "every"), ("sparse", "sparse"), ("some", None)],
)
def test_a_clip_is_compared_as_the_rows_of_its_head_were(
    release: Release, told: str | None, sampling: str | None
) -> None:
    """Heads from before there was a choice: on every picture."""
    head = release.called(HEAD, "MOS_REFERENCE=source").manifest
    if told is not None:
        comparison = ManifestComparison(reference="source", sampling=told)
        head = head.model_copy(update={"comparison": comparison})
    assert ("comparison" in json.loads(head.to_json())) == (told is not None)
    plan = measurable(Manifest.parse(head.to_json().encode(), Path("x.json")))
    if sampling is None:
        assert (
            plan == f"{HEAD} was trained with MOS_SAMPLING=some, which this version does not know"
        )
    else:
        assert isinstance(plan, MeasuringPlan)
        assert plan.comparison == Comparison(ReferencePolicy.SOURCE, Sampling(sampling))


@pytest.mark.parametrize(("told", "loopback"), [(None, "1"), ("1", "1"), ("2", "2"), ("9", None)])
def test_a_head_keeps_its_transcode(
    release: Release, told: str | None, loopback: str | None
) -> None:
    """Heads from before there was a choice: the first."""
    measured = ManifestComparison(reference="loopback", sampling="sparse", loopback=told)
    head = release.called(HEAD).manifest.model_copy(update={"comparison": measured})
    plan = measurable(Manifest.parse(head.to_json().encode(), Path("x.json")))
    if loopback is None:
        assert isinstance(plan, str) and "MOS_LOOPBACK=9" in plan
    else:
        assert isinstance(plan, MeasuringPlan)
        assert plan.comparison.loopback == loopback


def test_a_manifest_without_declared_features_does_not_name_them(release: Release) -> None:
    assert "declared" not in json.loads(release.manifest.to_json())
    told = (declared(ProofStatus.PROVED),)
    with_it = release.manifest.model_copy(update={"declared": told})
    assert Manifest.parse(with_it.to_json().encode(), Path("x.json")).declared == told
