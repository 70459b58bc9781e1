"""What a run was made with: the git revision of the code, and tags that say so in the UI."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import dagster as dg

from mos_assets.settings import RunSettings

PREFIX = "mos_assets/"
RUN_SCOPE_TAG = f"{PREFIX}reach"
"""`Settings.run_scope` of the settings that a run really had, wherever they came from. Its name is
that of the runs that Dagster has stored: sensors look for it."""
TAG_LENGTH = 200
ASSET_TAG_LENGTH = 63
"""Dagster allows letters, digits, '_', '-' and '.' in the tag of a materialization, and no more."""
UNKNOWN = "unknown"


@cache
def git_revision() -> str:
    """Commit of the code that runs, `-dirty` where it differs; `unknown` outside of a checkout."""
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            [
                *("git", "-C", str(folder), "describe", "--always", "--abbrev=12"),
                *("--match", "", "--dirty"),
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return found.stdout.strip() or UNKNOWN


def tag_run(
    instance: dg.DagsterInstance, run_id: str, scope: str | None = None, **facts: str
) -> None:
    """Tags `mos_assets/<name>` on a run, by which the UI finds it; `scope` under RUN_SCOPE_TAG."""
    tags = {PREFIX + name: value[:TAG_LENGTH] for name, value in facts.items() if value}
    instance.add_run_tags(run_id, tags if scope is None else {**tags, RUN_SCOPE_TAG: scope})


def asset_tags(run: RunSettings, candidate: str | None = None) -> dict[str, str]:
    """The same facts as tags of one materialization; several corpora are joined by `_and_`."""
    facts = {
        "corpus": "_and_".join(run.corpora),
        "git": git_revision(),
        **({} if candidate is None else {"candidate": candidate}),
    }
    return {PREFIX + name: value[:ASSET_TAG_LENGTH] for name, value in facts.items()}
