"""Assets and checks as templates: each is written once, and made for every project.

`@asset` and `@check` stand above a plain function that takes the `Platform` of the project it runs
for. `template.of(naming)` is the definition that Dagster takes, under that project's key, group and
resource. Called directly, a template is its function.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import dagster as dg

from mos_assets.assets.code_links import code_references
from mos_assets.assets.naming import PREFIX, Group, Naming
from mos_assets.assets.platform import Platform

AssetFunction = Callable[[dg.AssetExecutionContext, Platform], dg.MaterializeResult]
CheckFunction = Callable[[Platform], dg.AssetCheckResult]


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """A check whose result the asset's own function hands out."""

    name: str
    description: str
    blocking: bool = False


@dataclass(frozen=True)
class ExternalTemplate:
    """What every project has in its graph and no run of the graph makes."""

    name: str
    group: Group
    kinds: Set[str]
    description: str
    deps: Sequence["AssetTemplate"] = ()

    def of(self, naming: Naming, owners: Sequence[str] = ()) -> dg.AssetSpec:
        """The external asset of this project."""
        return dg.AssetSpec(
            naming.key(self.name),
            deps=[naming.key(dep.name) for dep in self.deps],
            group_name=naming.of(self.group),
            owners=owners,
            kinds=set(self.kinds),
            tags=_tags(naming, self.group),
            description=self.description,
        )


@dataclass(frozen=True)
class AssetTemplate:
    """An asset of every project."""

    function: AssetFunction
    group: Group
    kinds: Set[str]
    description: str
    deps: Sequence["AssetTemplate | ExternalTemplate"] = ()
    own_checks: Sequence[OwnCheck] = ()
    code_version: Callable[[], str] | None = None
    """Moves with what would make something else of the same; None where that is not told."""

    @property
    def name(self) -> str:
        return self.function.__name__

    def __call__(
        self, context: dg.AssetExecutionContext, platform: Platform
    ) -> dg.MaterializeResult:
        return self.function(context, platform)

    def of(self, naming: Naming, owners: Sequence[str] = ()) -> dg.AssetsDefinition:
        """The asset of this project."""
        key, function, resource = naming.key(self.name), self.function, naming.resource_key

        @dg.asset(
            key=key,
            deps=[naming.key(dep.name) for dep in self.deps],
            group_name=naming.of(self.group),
            owners=owners,
            kinds=set(self.kinds),
            tags=_tags(naming, self.group),
            description=self.description,
            code_version=self.code_version() if self.code_version else None,
            metadata=code_references(function),
            check_specs=[
                dg.AssetCheckSpec(
                    check.name, asset=key, blocking=check.blocking, description=check.description
                )
                for check in self.own_checks
            ],
            required_resource_keys={resource},
        )
        def compute(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
            made = function(context, getattr(context.resources, resource))
            # With a code version and none for its data, Dagster would take two of them for the same
            # whenever the code is, whatever lies in the files.
            return made if made.data_version else _of_run(made, context.run_id)

        return compute


def _of_run(made: dg.MaterializeResult, run_id: str) -> dg.MaterializeResult:
    return made._replace(data_version=dg.DataVersion(run_id))


def _tags(naming: Naming, group: Group) -> dict[str, str]:
    """By which the UI finds the same stage of every project, and all of one."""
    project = {f"{PREFIX}project": naming.project} if naming.project else {}
    return {f"{PREFIX}stage": str(group), **project}


@dataclass(frozen=True)
class CheckTemplate:
    """A check of an asset of every project, in a step of its own."""

    function: CheckFunction
    asset: AssetTemplate
    description: str
    blocking: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    def __call__(self, platform: Platform) -> dg.AssetCheckResult:
        return self.function(platform)

    def of(self, naming: Naming) -> dg.AssetChecksDefinition:
        """The check of this project."""
        function, resource = self.function, naming.resource_key

        @dg.asset_check(
            name=self.name,
            asset=naming.key(self.asset.name),
            blocking=self.blocking,
            description=self.description,
            required_resource_keys={resource},
        )
        def compute(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            return function(getattr(context.resources, resource))

        return compute


def asset(
    *,
    group: Group,
    kinds: Set[str],
    description: str,
    deps: Sequence[AssetTemplate | ExternalTemplate] = (),
    own_checks: Sequence[OwnCheck] = (),
    code_version: Callable[[], str] | None = None,
) -> Callable[[AssetFunction], AssetTemplate]:
    """The function below is an asset of every project, called like it.

    deps: what it reads. own_checks: those whose results it hands out itself. code_version: of what
    computes it.
    """

    def made(function: AssetFunction) -> AssetTemplate:
        return AssetTemplate(
            function, group, kinds, description, tuple(deps), tuple(own_checks), code_version
        )

    return made


def check(
    asset: AssetTemplate, *, description: str, blocking: bool = False
) -> Callable[[CheckFunction], CheckTemplate]:
    """The function below is a check of this asset, called like it.

    blocking: where it fails, nothing that follows the asset is made.
    """

    def made(function: CheckFunction) -> CheckTemplate:
        return CheckTemplate(function, asset, description, blocking)

    return made
