"""Settings from MOS_* variables, and errors that name the variable.

The variable of a field is `MOS_` and the field's name in capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from mos_assets.errors import SettingsError
from mos_assets.settings.locations import shown

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

PREFIX = "MOS_"
LONGEST_SHOWN = 200
"""Characters of a wrong value in a message."""
Part = TypeVar("Part", bound=BaseModel)


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


def refuse_strays(environment: Collection[str], known: Collection[str]) -> None:
    """Raise SettingsError where a MOS_* variable is none of the known fields."""
    names = sorted(map(variable, known))
    stray = sorted(name for name in environment if name.startswith(PREFIX) and name not in names)
    if stray:
        near = get_close_matches(stray[0], names, 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise SettingsError(f"{stray[0]} is not a setting. {meant}Known: {', '.join(names)}.")


def given_in(environment: Mapping[str, str], part: type[BaseModel]) -> dict[str, Any]:
    """Values of the fields that have a variable; an empty one counts as unset."""
    # It loads asyncio, which is a fifth of the time that `mos --help` takes.
    from pydantic_settings import EnvSettingsSource

    # The parts are no BaseSettings: those read the environment whenever one is made, and so would
    # the form of a run that is given its values.
    source = EnvSettingsSource(cast("type[BaseSettings]", part), env_prefix=PREFIX)
    source.env_vars = {
        name.lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value != ""
    }
    return source()


def checked(
    part: type[Part], given: Mapping[str, object], named: Callable[[str], str] = variable
) -> Part:
    """These settings from these values.

    named: what messages call a setting. Raises SettingsError naming it, its value and what is
    accepted.
    """
    try:
        return part.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = named(str(first["loc"][0])) if first["loc"] else "settings"
        message = first["msg"].removeprefix("Value error, ")
        value = repr(shown(first["input"]))
        value = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
        # Without the cause, whose text has the value as it was given.
        raise SettingsError(f"{name}={value}: {message}.") from None
