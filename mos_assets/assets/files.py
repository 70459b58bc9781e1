"""What others put there, as external assets: label files, clips, shot files, feature tables.

The sensors that watch these files say what they have found as observations.
"""

from __future__ import annotations

from mos_assets.assets.naming import Group
from mos_assets.assets.templates import ExternalTemplate

label_files = ExternalTemplate(
    "label_files",
    group=Group.CORPUS,
    kinds={"csv"},
    description="Label files of the corpora of MOS_CORPUS and MOS_TEST_CORPUS, tables of single "
    "votes among them, and `corpus.toml`. Observed by the corpus sensor: lines of each corpus.",
)
clips = ExternalTemplate(
    "clips",
    group=Group.CORPUS,
    kinds={"file"},
    description="Clips of these corpora, and their pristine files. Observed by the corpus sensor: "
    "files of each corpus. What a manifest lists is downloaded and not observed.",
)
shot_files = ExternalTemplate(
    "shot_files",
    group=Group.FEATURES,
    kinds={"csv", "parquet"},
    description="Shots per clip that somebody else has found, in `<corpus>/shots/`; they replace "
    "those of TransNet V2 for that corpus. Observed by the sensor of the tables.",
)
feature_tables = ExternalTemplate(
    "feature_tables",
    group=Group.FEATURES,
    kinds={"csv", "parquet"},
    description="Columns per clip that somebody else has computed, in `<corpus>/features/`, each "
    "the block of its name. Observed by the sensor of the tables.",
)
FILES = (label_files, clips, shot_files, feature_tables)
