"""The settings as a Dagster resource: the launchpad's form, filled from MOS_* variables."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from pydantic import Field, PrivateAttr, create_model

from mos_assets.assets.naming import UNNAMED, Naming
from mos_assets.assets.provenance import RUN_SCOPE, git_revision, tag_run
from mos_assets.assets.reporting import user_errors
from mos_assets.errors import NetworkError, SettingsError, StoreError
from mos_assets.features import use_networks_folder
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.settings import PathSettings, RunSettings, Settings
from mos_assets.store import Database
from mos_assets.store.opening import OpenStore, acquire, choose
from mos_assets.store.run_lock import Timeout

LOCK_TIMEOUT_S = 600.0
"""How long a run waits for a store that is in use: longer than a backup or a prune, shorter than
somebody would look at a run that does nothing."""


class _PlatformBase(dg.ConfigurableResource):
    """Settings of one run, and the store that they point to."""

    naming: ClassVar[Naming] = UNNAMED
    """What the project is called, whose settings these are."""
    _run_id: str | None = PrivateAttr(default=None)
    _opened: OpenStore | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tag the run with what it works on, whoever started it."""
        self._run_id = context.run_id if context.dagster_run is not None else None
        if self._run_id is not None and context.instance is not None:
            try:
                scope = self.settings.run_scope
            except dg.Failure:
                # The first step that asks for a setting fails and says why.
                scope = None
            corpus = self.corpus  # type: ignore[attr-defined]
            # The same for all projects of the run.
            tag_run(context.instance, self._run_id, UNNAMED, git=git_revision())
            facts = {RUN_SCOPE: scope, "corpus": corpus}
            tag_run(context.instance, self._run_id, self.naming, **facts)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let go of the store."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    @property
    def settings(self) -> Settings:
        """The settings of this run, checked; those of the service are none of them. Who asks works
        for this project's store from then on.

        Raises dagster.Failure where one cannot be used.
        """
        try:
            given = {name: getattr(self, name) for name in Settings.FORM}
            found = Settings.of(self.naming.project, **given)
            use_networks_folder(found.paths.networks_folder)
            chosen_blocks(found.run, found.paths)
            choose(found.paths.store_place)
            return found
        except (SettingsError, NetworkError) as error:
            raise dg.Failure(str(error), allow_retries=False) from None

    @property
    def database(self) -> Database:
        """The store, locked for this run until it ends.

        Waits for LOCK_TIMEOUT_S where somebody else has it, such as a backup. Raises
        dagster.Failure where that has not ended then.
        """
        place = self.settings.paths.store_place
        if self._run_id is not None and self._opened is None:
            with user_errors():
                self._opened = acquire(place, f"run {self._run_id}", lock_timeout())
        return Database(place.folder)


def lock_timeout() -> Timeout:
    """A run waits for LOCK_TIMEOUT_S, and says so in its log."""

    def tell(error: StoreError) -> None:
        dg.get_dagster_logger().warning("waiting up to %d s: %s", LOCK_TIMEOUT_S, error)

    return Timeout(LOCK_TIMEOUT_S, tell)


def _with_fields(base: type[_PlatformBase], defaults: Mapping[str, object]) -> Any:
    """Made from Settings, so that a setting has one name and description.

    A choice is a text here: of an Enum, Dagster takes the name of a member and not its value.
    """
    fields: dict[str, Any] = {
        name: (
            str if _is_choice(setting.annotation) else setting.annotation,
            Field(default=defaults.get(name, ...), description=setting.description),
        )
        for name, setting in Settings.FORM.items()
    }
    return create_model("Platform", __base__=base, **fields)


def _is_choice(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, StrEnum)


if TYPE_CHECKING:
    Platform = _PlatformBase
else:
    Platform = _with_fields(_PlatformBase, {})


def platform_from(run: RunSettings, paths: PathSettings, project: str = "") -> Platform:
    """The resource with these settings, which are also those of a run that is given only some."""
    values = {**run.model_dump(mode="json"), **paths.model_dump(mode="json")}

    class Named(Platform):
        naming: ClassVar[Naming] = Naming(project)

    found: Platform = _with_fields(Named, values)(**values)
    return found
