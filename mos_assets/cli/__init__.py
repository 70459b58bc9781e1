"""The `mos` command. Its parts import what is heavy inside the command that needs it."""

from __future__ import annotations

import click

from mos_assets.cli import (
    adapt,
    compare,
    corpora,
    doctor,
    features,
    heads,
    networks,
    predict,
    service,
)
from mos_assets.errors import MosAssetsError


class _Group(click.Group):
    """Shows an error that the user can mend as its message alone."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except MosAssetsError as error:
            raise click.ClickException(str(error)) from error


@click.version_option(package_name="mos-assets", prog_name="mos")
@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Predict how good a clip looks, and see what stands behind the prediction.

    Settings come from MOS_* environment variables.
    """


for command in (
    predict.predict,
    compare.compare,
    compare.ladder,
    compare.explain,
    adapt.adapt,
    heads.status,
    heads.report,
    heads.judge,
    heads.export,
    corpora.corpus,
    features.compare_features,
    networks.networks,
    service.dev,
    service.prune,
    doctor.doctor,
    doctor.retry,
):
    main.add_command(command)
