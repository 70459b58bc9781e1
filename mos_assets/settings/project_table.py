"""MOS_PROJECTS: a TOML with a table of settings for each project.

    [projects.mine]
    corpus = "mine"
    features = "konvid-v1+nr-v1"

Keys are names of settings; `composed.py` knows which there are and what each takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import SettingsError
from mos_assets.io.toml import read_bounded_toml, toml_error_in_words
from mos_assets.settings.environment import LONGEST_SHOWN, variable

TABLE = "projects"
FILE_VARIABLE = variable("projects")
CHOICE_VARIABLE = variable("project")
MOST_PROJECTS = 100
LONGEST_NAME = 40
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
"""Dagster's rule for ops and resources; a doubled underscore is what it joins parts of names by."""
STORE_FOLDERS = frozenset(
    {"candidates", "reports", "shards", "kept_measurements", "tables", "journals"}
)
"""Folders that a store has for itself, in which the store of a project must not lie."""


@dataclass(frozen=True, slots=True)
class ProjectTable:
    """What stands in the file, not checked beyond names."""

    path: Path
    given: Mapping[str, Mapping[str, object]]
    """Project → setting → value."""

    def place(self, project: str) -> str:
        """Where a project stands, as messages begin."""
        return f"{self.path}: [{TABLE}.{project}]"


def read_project_table(location: str) -> ProjectTable:
    """The file that MOS_PROJECTS names. Raises SettingsError naming the file, and what to do."""
    path = Path(location).absolute()
    given = _parsed(path)
    stray = sorted(given.keys() - {TABLE})
    if stray:
        raise SettingsError(
            f"{path}: {_shown(stray[0])}: it stands outside of a project. Write it under "
            f"[{TABLE}.NAME], or give it to all projects by its variable."
        )
    projects = given.get(TABLE)
    if not isinstance(projects, dict) or not projects:
        raise SettingsError(
            f"{path} has no project. Write [{TABLE}.NAME] and its settings below, such as "
            'corpus = "mine".'
        )
    if len(projects) > MOST_PROJECTS:
        raise SettingsError(
            f"{path} has {len(projects)} projects, more than {MOST_PROJECTS}. Divide them among "
            "several files and services."
        )
    for name, settings in projects.items():
        _require_name(path, name)
        if not isinstance(settings, dict):
            raise SettingsError(
                f"{path}: {TABLE}.{name} is {_shown(settings)} and no table. Write "
                f"[{TABLE}.{name}] and its settings below."
            )
    return ProjectTable(path, projects)


def _parsed(path: Path) -> dict[str, object]:
    try:
        return read_bounded_toml(path)
    except FileNotFoundError:
        raise SettingsError(
            f"{FILE_VARIABLE}={path}: there is no such file. Write it, or unset the variable."
        ) from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} {_shown(toml_error_in_words(error))}") from error


def _require_name(path: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise SettingsError(
            f"{path}: no project can be called {_shown(name)}. Take letters a-z, digits and single "
            f"underscores, a letter first, at most {LONGEST_NAME}."
        )
    if name.lower() in STORE_FOLDERS:
        raise SettingsError(
            f"{path}: no project can be called {name!r}: a store has a folder of that name. Take "
            "another."
        )


def _shown(value: object) -> str:
    """A value of a stranger in a message: short, and without what a terminal obeys."""
    text = value if isinstance(value, str) and " " in value else repr(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
