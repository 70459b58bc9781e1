"""The settings as a Dagster resource: the launchpad's form, filled from MOS_* variables."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, create_model

from mos_assets.errors import SettingsError
from mos_assets.extraction import parse_blocks
from mos_assets.settings import Settings
from mos_assets.store import Database

RESOURCE_KEY = "platform"


class _PlatformBase(dg.ConfigurableResource):
    """Settings of one run, and the store that they point to."""

    @property
    def settings(self) -> Settings:
        """The settings, checked. Raises dagster.Failure where one cannot be used."""
        try:
            found = Settings.checked({name: getattr(self, name) for name in Settings.model_fields})
            parse_blocks(found.features)
            return found
        except SettingsError as error:
            raise dg.Failure(str(error), allow_retries=False) from None

    @property
    def database(self) -> Database:
        return Database(self.settings.store_folder)


if TYPE_CHECKING:
    Platform = _PlatformBase
else:
    # Made from Settings, so that a setting has one name, default and description.
    Platform = create_model(
        "Platform",
        __base__=_PlatformBase,
        **{
            name: (field.annotation, Field(description=field.description))
            for name, field in Settings.model_fields.items()
        },
    )


def platform_from(settings: Settings) -> Platform:
    """The resource with these settings as its defaults."""
    return Platform(**settings.model_dump())
