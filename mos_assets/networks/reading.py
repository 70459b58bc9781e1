"""The folder of a network: network.toml and the ONNX file beside it, held against each other."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mos_assets.errors import NetworkError
from mos_assets.graphs.messages import GraphError, declared_in_words
from mos_assets.io.hashing import hash_bytes, hash_text
from mos_assets.io.reading import TooLargeError, read_within, require_plain
from mos_assets.io.toml import toml_error_in_words
from mos_assets.networks.declaration import Declaration
from mos_assets.networks.frames import most_items
from mos_assets.networks.onnx_file import (
    LARGEST_ONNX_BYTES,
    GraphFacts,
    require_fitting,
    require_sound_network,
)

NETWORK_TOML = "network.toml"
LARGEST_TOML_BYTES = 1 << 20
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Network:
    """A network that may be run."""

    folder: Path
    declaration: Declaration
    facts: GraphFacts
    sha256: str
    """Of the ONNX file."""
    batches: tuple[int, ...]
    """Items that each input is fed in one call."""

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def toml(self) -> Path:
        return self.folder / NETWORK_TOML

    @property
    def onnx(self) -> Path:
        return self.folder / self.declaration.onnx

    @property
    def fingerprint(self) -> tuple[str, str]:
        """What its figures depend on: the file's hash, and that of what network.toml says of it."""
        told = hash_text(self.declaration.figures_depend_on())[:_DIGITS]
        return f"onnx-{self.sha256}", f"toml-{told}"


def read_network(folder: Path) -> Network:
    """The network of a folder.

    Raises NetworkError, one sentence that names file, key and remedy, where it cannot be used.
    """
    toml = folder / NETWORK_TOML
    declaration = read_declaration(toml)
    if declaration.name != folder.name:
        raise NetworkError(
            f"{toml}: name = {declaration.name!r} is not the folder's name, {folder.name!r}. Make "
            "them one."
        )
    onnx = folder / declaration.onnx
    try:
        require_plain(onnx)
        content = read_within(onnx, LARGEST_ONNX_BYTES)
    except FileNotFoundError:
        raise NetworkError(
            f"{toml}: onnx = {declaration.onnx!r} is not in the folder. Put the file there."
        ) from None
    except TooLargeError as error:
        raise NetworkError(f"{onnx} {error}. Export a smaller network.") from error
    except OSError as error:
        raise NetworkError(f"{onnx} cannot be read ({error.strerror}). Mend that.") from error
    try:
        facts = require_sound_network(content)
        batches = require_fitting(facts, declaration)
    except GraphError as error:
        raise NetworkError(
            f"{onnx}: {error}. Export it anew, or correct {NETWORK_TOML}."
        ) from error
    network = Network(folder, declaration, facts, hash_bytes(content), batches)
    _require_even(network)
    return network


def files_in_words(folder: Path) -> tuple[str, ...]:
    """What the ONNX files of a folder are fed and give, a line each."""
    found = []
    for path in sorted(folder.glob("*.onnx")):
        try:
            facts = require_sound_network(read_within(path, LARGEST_ONNX_BYTES))
        except (GraphError, TooLargeError, OSError) as error:
            found.append(f"{path.name}: {error}")
        else:
            inputs, outputs = map(declared_in_words, (facts.inputs, facts.outputs))
            found.append(f"{path.name}: inputs {inputs}; outputs {outputs}")
    return tuple(found)


def read_declaration(toml: Path) -> Declaration:
    """What network.toml says. Raises NetworkError."""
    try:
        require_plain(toml)
        content = read_within(toml, LARGEST_TOML_BYTES)
        given = tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise NetworkError(
            f"{toml} is missing. Write it; docs/networks.md has every key."
        ) from None
    except RecursionError:
        raise NetworkError(f"{toml} is not TOML: it is nested too deeply. Correct it.") from None
    except (OSError, ValueError) as error:
        raise NetworkError(f"{toml} {toml_error_in_words(error)}") from error
    try:
        return Declaration.model_validate(given)
    except ValidationError as error:
        raise NetworkError(f"{toml}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, where, and what to do."""
    # A key that is not known is often one that is then missing, misspelt.
    found = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    first = found[0]
    key = ""
    for part in first["loc"]:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif not (isinstance(part, str) and part in _TAGS):
            key += f".{part}" if key else str(part)
    where = f"{key}: " if key else ""
    match first["type"]:
        case "missing":
            return f"{where}it is missing. Add it; docs/networks.md has every key."
        case "extra_forbidden":
            return f"{where}there is no such key. Remove it; docs/networks.md has every key."
    said = first["msg"].removeprefix("Value error, ").replace("tuple", "list")
    value = json.dumps(first["input"], default=str)
    shown = "" if isinstance(first["input"], dict) else f" = {value[:80]}"
    place = f"{key}{shown}: " if key else ""
    return f"{place}{said}. Correct it; docs/networks.md has every key."


_TAGS = frozenset({"uniform", "rate", "clips", "whole", "crops", "fragments"})
"""Of the kinds of frames and views, which stand in an error's place behind their key."""


def _require_even(network: Network) -> None:
    """Raise NetworkError where inputs give different numbers of calls in every clip."""
    calls = {}
    for each, batch in zip(network.declaration.inputs, network.batches, strict=True):
        items = most_items(each)
        if items is None:
            if batch > 1 and _is_fixed(network, each.name):
                raise NetworkError(
                    f"{network.toml}: input {each.name!r} gives as many items as a clip has, and "
                    f"the ONNX file takes {batch} at a time. Export it for any number, or for one."
                )
            continue
        items *= each.crops
        if items % batch and items > batch:
            # The last call would be fed less; fine where the file leaves the number open.
            if _is_fixed(network, each.name):
                raise NetworkError(
                    f"{network.toml}: input {each.name!r} gives {items} items, and the ONNX file "
                    f"takes {batch} at a time. Make one a multiple of the other."
                )
        elif items < batch and _is_fixed(network, each.name):
            raise NetworkError(
                f"{network.toml}: input {each.name!r} gives {items} items, and the ONNX file "
                f"takes {batch} at a time. Make one a multiple of the other."
            )
        calls[each.name] = -(-items // batch)
    several = {name: n for name, n in calls.items() if n > 1}
    if len(set(several.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in several.items())
        raise NetworkError(
            f"{network.toml}: its inputs need different numbers of calls ({told}). Set batch so "
            "that they need the same, or one."
        )


def _is_fixed(network: Network, name: str) -> bool:
    return any(found == name and shape[0] is not None for found, _, shape in network.facts.inputs)
