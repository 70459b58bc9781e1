"""Links from an asset in the UI to its code: in this checkout, and at the revision that runs."""

import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from mos_assets.assets.provenance import UNKNOWN, git, git_revision

_ROOT = Path(__file__).parents[2]
_HOSTED = re.compile(
    r"(?:https://(?:[^/@]*@)?|ssh://git@|git@)(?P<host>[A-Za-z0-9.-]+)(?::\d+)?[/:]"
    r"(?P<path>[A-Za-z0-9._~/-]+?)(?:\.git)?/?"
)
"""A remote as git knows it: https, or ssh in either spelling. A password in it is left out."""
_FILES_AT = {"github": "blob", "gitlab": "-/blob"}
"""Part of the host's name → where files of a revision are."""


def code_references(function: Callable[..., Any]) -> dict[str, dg.MetadataValue]:
    """Where this function stands, under the key that the UI knows."""
    code = function.__code__
    with warnings.catch_warnings():
        # Dagster calls these classes beta once for each use.
        warnings.simplefilter("ignore", dg.BetaWarning)
        found = _references(Path(code.co_filename), code.co_firstlineno)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=found)}


def _references(path: Path, line: int) -> list[dg.LocalFileCodeReference | dg.UrlCodeReference]:
    local = dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=path.name)
    base = hosted_revision()
    if base is None or not path.is_relative_to(_ROOT):
        return [local]
    url = f"{base}/{path.relative_to(_ROOT).as_posix()}#L{line}"
    return [local, dg.UrlCodeReference(url=url, label=f"{path.name} at {git_revision()}")]


@cache
def hosted_revision() -> str | None:
    """Address of the files of the revision that runs; None where it differs from every commit, or
    where no host is known that shows it."""
    revision = git("rev-parse", "HEAD")
    if revision is None or git_revision() == UNKNOWN or git_revision().endswith("-dirty"):
        return None
    return files_at(git("config", "--get", "remote.origin.url") or "", revision)


def files_at(remote: str, revision: str) -> str | None:
    """Where a browser finds the files of this revision of a remote; None for unknown hosts."""
    known = _HOSTED.fullmatch(remote)
    if known is None:
        return None
    for name, part in _FILES_AT.items():
        if name in known["host"].lower():
            return f"https://{known['host']}/{known['path']}/{part}/{revision}"
    return None
