"""All settings together, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from pydantic.fields import FieldInfo

from mos_assets.settings.environment import Part, checked, given_in, refuse_strays
from mos_assets.settings.paths import PathSettings
from mos_assets.settings.run import RunSettings
from mos_assets.settings.scopes import run_scope
from mos_assets.settings.service import ServiceSettings


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

    @classmethod
    def of(cls, **given: object) -> Self:
        """Settings by name, the others at their default.

        Raises SettingsError naming the variable, its value and what is accepted.
        """
        unknown = sorted(given.keys() - cls.KNOWN.keys())
        if unknown:
            raise TypeError(f"{unknown[0]!r} is not a setting")

        def part(of: type[Part]) -> Part:
            return checked(of, {k: v for k, v in given.items() if k in of.model_fields})

        return cls(part(RunSettings), part(ServiceSettings), part(PathSettings))

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from MOS_* variables; an empty variable counts as unset.

        Raises SettingsError naming the variable, its value and what is accepted, also for a
        variable that is no setting.
        """
        environment = os.environ if environment is None else environment
        refuse_strays(environment, cls.KNOWN)
        parts = (RunSettings, ServiceSettings, PathSettings)
        given = (given_in(environment, part) for part in parts)
        return cls.of(**{name: value for part in given for name, value in part.items()})

    @property
    def run_scope(self) -> str:
        """The same for two runs that read the same files and release the same head from them."""
        return run_scope(self.run, self.paths)
