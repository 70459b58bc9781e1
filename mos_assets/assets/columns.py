"""What the columns of the tables in the UI are, in words with units."""

from __future__ import annotations

from collections.abc import Mapping

from mos_assets.store.schema import (
    CLIP_MEASUREMENTS,
    CLIP_SCORES,
    EXTRACTED_FEATURES,
    FOLDS,
    INCOMING_CLIPS,
    RAW_CORPUS,
    SHOT_METADATA,
)

_CLIP_ID = "corpus/clip name without suffix; stable within the corpus"
_FINGERPRINT = "where the figures come from and with what; rows that differ are not comparable"
_FILE = {
    "sha256": "SHA-256 of the file's bytes; empty where no file could be read",
    "size_bytes": "bytes of the file",
    "mtime_ns": "modification time of the file, ns since 1970",
}
_PROBE = {
    "width": "picture columns as shown, cropped and turned; container header",
    "height": "picture lines as shown; container header",
    "fps": "frames a second as stated, by time stamps where they contradict it",
    "duration_s": "seconds that pictures are shown; time stamps of the packets",
    "frames": "pictures that are shown, counted from the coded packets",
    "pix_fmt": "pixel format, as FFmpeg calls it",
    "codec": "decoder, as FFmpeg calls it",
    "bit_rate": "coded bit/s of the pictures",
    "stream": "number of the video stream in the file, from 0",
    "coded_bytes": "bytes of the packets of the pictures",
    "doubtful": "packets of which only a decoder can tell whether a picture comes of them",
    "nominal_fps": "frames a second as stated, by which pictures are sampled",
}
_INCOMING = {
    "clip": "path in the folder of incoming clips",
    **_FILE,
    "reference": "path of its pristine file; empty where it has none",
    "reference_sha256": "SHA-256 of the pristine file",
    "arrived_at": "when these bytes were first seen under this name, UTC",
}
_FEATURES = {
    "clip_id": _CLIP_ID,
    "corpus": "name of the corpus",
    "fingerprint": _FINGERPRINT,
    "complete": "whether every feature is there; other rows train with MOS_MISSING=impute only",
    "reason": "why a feature is missing; empty where none is",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    RAW_CORPUS: {
        "clip_id": _CLIP_ID,
        "corpus": "name of the corpus",
        "corpus_version": "version that its corpus.toml or layout states",
        "part": "part of the corpus as its authors divide it: a or b of KonViD-150k",
        "clip_name": "file name with suffix, of the label file",
        "path": "absolute path of the clip; empty where only the label is here",
        **_FILE,
        **_PROBE,
        "mos": "mean opinion score, 1..5 (ITU-T P.800.1), mapped from the declared scale",
        "mos_std": "standard deviation of single ratings, MOS; empty where unknown",
        "n_ratings": "number of ratings; empty where unknown",
        "label_origin": "human or simulated",
        "content_group": "content that folds keep together, or the clip's own id",
        "reference_path": "absolute path of the pristine file that the labels name",
        "reference_sha256": "SHA-256 of the pristine file",
        "session": "test that the rating comes from, where the corpus names tests",
        "mos_ci95": "half-width of the 95 % interval of the MOS, MOS; empty where unknown",
        "ingested_at": "when the row was written, UTC",
    },
    CLIP_MEASUREMENTS: {
        "content": "SHA-256 of the clip's bytes, with that of its reference where one is compared",
        "part": "extractor that the figures are of",
        "fingerprint": "extractor, its version, settings and libraries",
        "reason": "why a figure is missing; empty where none is",
    },
    SHOT_METADATA: {
        "clip_id": _CLIP_ID,
        "corpus": "name of the corpus",
        "shot_count": "shots of the clip; TransNet V2, or an external file",
        "mean_length_s": "mean shot length, s",
        "length_std_s": "population deviation of shot lengths, s",
        "shot_count_norm": "log10(1 + shots)/3, no unit",
        "shot_mean_len_norm": "mean shot length / 30 s",
        "shot_cut_density": "(shots - 1)/frames, cuts a frame",
        "source": "measured, or the external file that replaces it",
        "fingerprint": _FINGERPRINT,
        "reason": "why there are no figures; empty where there are",
    },
    EXTRACTED_FEATURES: _FEATURES,
    FOLDS: {
        "clip_id": _CLIP_ID,
        "corpus": "name of the corpus",
        "content_group": "content that folds keep together",
        "fold": "fold that judges the clip, from 0; -1: it never trains",
    },
    INCOMING_CLIPS: {
        **_INCOMING,
        "reference_stamp": "size and time of the pristine file, by which it is known again",
        "reason": "why the clip or its reference cannot be used; empty where both can",
    },
    CLIP_SCORES: {
        **_INCOMING,
        "head_id": "head that has scored; empty where none may",
        "candidate_id": "its weights, data and recipe",
        "status": "Accepted or Proposed",
        "mos": "predicted mean opinion score, 1..5; empty where there is none",
        "low": "lower end of the interval, MOS",
        "high": "upper end of the interval, MOS",
        "level": "share of such clips whose rating lies in low..high",
        "comparable": "whether the clip was measured as the head's training rows were",
        "applicability": "inside or outside of the training rows",
        "reason": "why there is no score or no interval, and what to do",
        "again": "whether a clip without a score is tried again",
        "scored_at": "when it was scored, UTC",
    },
}
"""Table → column → what it is. Figures of extractors say themselves what they are."""
