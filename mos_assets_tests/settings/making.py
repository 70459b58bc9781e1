"""Settings by name, whichever of the three they are of."""

from mos_assets.settings import Settings


def values(settings: Settings) -> dict[str, object]:
    """Every setting by its name, as JSON knows them."""
    parts = (settings.run, settings.service, settings.paths)
    return {name: value for part in parts for name, value in part.model_dump(mode="json").items()}


def using(settings: Settings, **changes: object) -> Settings:
    """The same settings but for these."""
    return Settings.of(**{**values(settings), **changes})
