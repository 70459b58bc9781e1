"""The `mos` command. Its parts import what is heavy inside the command that needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
from mos_assets.cli.terminal import PROGRAM
from mos_assets.errors import MosAssetsError
from mos_assets.settings.project_table import CHOICE_VARIABLE


class _Group(click.Group):
    """Shows an error that the user can mend as its message alone."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except MosAssetsError as error:
            raise click.ClickException(str(error)) from error


@click.version_option(package_name="mos-assets", prog_name=PROGRAM)
@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--project",
    metavar="NAME",
    help="The project of MOS_PROJECTS whose settings count, as MOS_PROJECT does.",
)
@click.pass_context
def main(context: click.Context, project: str | None) -> None:
    """Predict how good a clip looks, and see what stands behind the prediction.

    Settings come from MOS_* environment variables, and from the file of projects that MOS_PROJECTS
    names.
    """
    if project is not None:
        context.with_resource(_chosen(project))


@contextmanager
def _chosen(project: str) -> Iterator[None]:
    """The settings of this project for the command, and for what it starts."""
    before = os.environ.get(CHOICE_VARIABLE)
    os.environ[CHOICE_VARIABLE] = project
    try:
        yield
    finally:
        if before is None:
            del os.environ[CHOICE_VARIABLE]
        else:
            os.environ[CHOICE_VARIABLE] = before


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
