"""What a run was made with: the git revision of the code, and tags that say so in the UI."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import dagster as dg

from mos_assets.assets.naming import PREFIX, Naming
from mos_assets.pipeline.unchanged import made_with
from mos_assets.settings import RunSettings

RUN_SCOPE = "reach"
"""The fact that is `Settings.run_scope` of the settings that a run really had, wherever they came
from. Its name is that of the runs that Dagster has stored: sensors look for it."""
TAG_LENGTH = 200
ASSET_TAG_LENGTH = 63
"""Dagster allows letters, digits, '_', '-' and '.' in the tag of a materialization, and no more."""
UNKNOWN = "unknown"
PACKAGE = "mos-assets"
REVISION_LENGTH = 12


@cache
def git_revision() -> str:
    """Commit of the code that runs, `-dirty` where it differs; `unknown` outside of a checkout."""
    return git("describe", "--always", "--abbrev=12", "--match", "", "--dirty") or UNKNOWN


def git(*arguments: str) -> str | None:
    """What git says in this checkout; None outside of one, or without git."""
    try:
        found = subprocess.run(
            [*("git", "-C", str(Path(__file__).parent)), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def graph_code() -> str:
    """The code, libraries and Python that the graph runs on; with another one a retrain makes
    everything anew, but measurements."""
    return made_with()[:REVISION_LENGTH]


def package_version() -> str:
    """Version of this package."""
    return version(PACKAGE)


def tag_run(instance: dg.DagsterInstance, run_id: str, naming: Naming, **facts: str | None) -> None:
    """Facts of a run as its tags, `mos_assets/<fact>`, by which the UI finds it.

    A run may hold several projects: the tags of one with a name have that in theirs.
    """
    tags = {naming.run_tag(name): value[:TAG_LENGTH] for name, value in facts.items() if value}
    instance.add_run_tags(run_id, tags)


def asset_tags(run: RunSettings, candidate: str | None = None) -> dict[str, str]:
    """The same facts as tags of one materialization; several corpora are joined by `_and_`."""
    facts = {
        "corpus": "_and_".join(run.corpora),
        "git": git_revision(),
        **({} if candidate is None else {"candidate": candidate}),
    }
    return {PREFIX + name: value[:ASSET_TAG_LENGTH] for name, value in facts.items()}
