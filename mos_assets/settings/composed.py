"""All settings together, read once: those of one project, or of several."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import ClassVar, Self

from pydantic.fields import FieldInfo

from mos_assets.errors import SettingsError
from mos_assets.settings.environment import Part, checked, given_in, refuse_strays, variable
from mos_assets.settings.locations import local_folder, remote_url
from mos_assets.settings.paths import PathSettings
from mos_assets.settings.project_table import (
    CHOICE_VARIABLE,
    FILE_VARIABLE,
    STORE_FOLDERS,
    ProjectTable,
    read_project_table,
)
from mos_assets.settings.run import RunSettings
from mos_assets.settings.scopes import run_scope
from mos_assets.settings.service import ServiceSettings

_OF_ONE = ("store", "model_dir")
"""Folders that are a project's alone."""


@dataclass(frozen=True)
class Settings:
    """The settings in three; no name is in two of them."""

    FORM: ClassVar[Mapping[str, FieldInfo]] = {
        **RunSettings.model_fields,
        **PathSettings.model_fields,
    }
    """Name → field of what a run has, and its form in the UI."""
    KNOWN: ClassVar[Mapping[str, FieldInfo]] = {**FORM, **ServiceSettings.model_fields}
    """Name → field of every setting."""

    run: RunSettings = field(default_factory=RunSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    paths: PathSettings = field(default_factory=PathSettings)
    project: str = ""
    """Name of the project whose settings these are; empty where there is one, without a name."""

    @classmethod
    def of(cls, project: str = "", /, **given: object) -> Self:
        """Settings by name, the others at their default.

        Raises SettingsError naming the variable, its value and what is accepted.
        """
        unknown = sorted(given.keys() - cls.KNOWN.keys())
        if unknown:
            raise TypeError(f"{unknown[0]!r} is not a setting")
        return cls._checked(project, given, variable)

    @classmethod
    def _checked(
        cls, project: str, given: Mapping[str, object], named: Callable[[str], str]
    ) -> Self:
        """named: what messages call a setting."""

        def part(of: type[Part]) -> Part:
            return checked(of, {k: v for k, v in given.items() if k in of.model_fields}, named)

        return cls(part(RunSettings), part(ServiceSettings), part(PathSettings), project)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from MOS_* variables; an empty variable counts as unset.

        With MOS_PROJECTS those of its project, the one that MOS_PROJECT names where there are
        several. Raises SettingsError naming the variable, its value and what is accepted, also for
        a variable that is no setting, and where no project is chosen.
        """
        found = cls.all_from_env(environment)
        if len(found) > 1:
            names = ", ".join(settings.project for settings in found)
            raise SettingsError(
                f"{FILE_VARIABLE} has {len(found)} projects: {names}. Choose one with "
                f"{CHOICE_VARIABLE}, or with mos --project NAME."
            )
        return found[0]

    @classmethod
    def all_from_env(cls, environment: Mapping[str, str] | None = None) -> tuple[Self, ...]:
        """The settings of every project, or of the one that MOS_PROJECT names.

        Raises SettingsError as `from_env`, naming the file and the project where it is there.
        """
        environment = os.environ if environment is None else environment
        refuse_strays(environment, {*cls.KNOWN, "projects", "project"})
        parts = (RunSettings, ServiceSettings, PathSettings)
        given = {
            name: value for part in parts for name, value in given_in(environment, part).items()
        }
        location, chosen = environment.get(FILE_VARIABLE), environment.get(CHOICE_VARIABLE)
        if not location:
            if chosen:
                raise SettingsError(
                    f"{CHOICE_VARIABLE}={chosen!r} names a project, and {FILE_VARIABLE} names no "
                    "file that has any. Set it, or unset the other."
                )
            return (cls.of(**given),)
        table = read_project_table(location)
        if chosen and chosen not in table.given:
            raise SettingsError(
                f"{CHOICE_VARIABLE}={chosen!r} is no project of {table.path}. There: "
                f"{', '.join(table.given)}."
            )
        # All of them are read, so that a mistake in one does not wait until it is chosen.
        found = [cls._of_project(table, name, given) for name in table.given]
        _require_apart(table, found)
        return tuple(one for one in found if chosen in (None, "", one.project))

    @classmethod
    def _of_project(cls, table: ProjectTable, name: str, outside: Mapping[str, object]) -> Self:
        """outside: what the environment says, for all projects."""
        own = table.given[name]
        for key, value in own.items():
            _require_setting(table, name, key, value, cls.KNOWN)
        plain = cls.of(**outside).paths
        apart = {key: f"{getattr(plain, key).rstrip('/')}/{name}" for key in _OF_ONE}
        return cls._checked(
            name,
            {**outside, **apart, **own},
            lambda key: f"{table.place(name)}: {key}" if key in own else variable(key),
        )

    @property
    def run_scope(self) -> str:
        """The same for two runs that read the same files and release the same head from them."""
        return run_scope(self.run, self.paths)


def _require_setting(
    table: ProjectTable, project: str, key: str, value: object, known: Mapping[str, FieldInfo]
) -> None:
    place = table.place(project)
    if key in ServiceSettings.OF_ALL:
        raise SettingsError(
            f"{place}: {key} is one for all projects. Take it out, and set {variable(key)}."
        )
    if key not in known:
        names = sorted(known.keys() - ServiceSettings.OF_ALL)
        near = get_close_matches(key, names, 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise SettingsError(f"{place}: {key!r} is not a setting. {meant}Known: {', '.join(names)}.")
    # Python takes it for the number 1, and so does pydantic.
    if isinstance(value, bool) and known[key].annotation is not bool:
        raise SettingsError(
            f"{place}: {key}={str(value).lower()}: must not be a truth value. {key}: "
            f"{known[key].description}"
        )


def _require_apart(table: ProjectTable, projects: Sequence[Settings]) -> None:
    """Two projects in one folder would replace each other's tables and heads."""
    for key in _OF_ONE:
        owners: dict[str, str] = {}
        for one in projects:
            location = str(getattr(one.paths, key))
            first = owners.setdefault(_place(location), one.project)
            if first != one.project:
                raise SettingsError(
                    f"{table.path}: projects {first} and {one.project} have the same {key}, "
                    f"{location}. Give each its own, or leave it out."
                )
    # Pruning takes what lies there and belongs to no candidate of this store.
    inside = {
        f"{_place(one.paths.store)}/{name}/": one for one in projects for name in STORE_FOLDERS
    }
    for one in projects:
        at = f"{_place(one.paths.store)}/"
        for folder, owner in inside.items():
            if at.startswith(folder):
                raise SettingsError(
                    f"{table.path}: the store of project {one.project}, {one.paths.store}, lies in "
                    f"{folder}, which the store of {owner.project} has for itself. Give it another."
                )


def _place(location: str) -> str:
    """The same for two locations of one folder, through whatever link."""
    return remote_url(location) or os.path.realpath(local_folder(location))
