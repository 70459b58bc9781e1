"""Networks of a user's own as feature blocks: from network.toml and an ONNX file to columns.

`declaration` and `choices` say what may stand in network.toml, `reading` holds it against the ONNX
file (`onnx_file`), `frames` and `views` say what a network sees of a clip, `feeding` makes tensors
of it and columns of the answers, and `process` runs the network (`worker`) within limits. Nothing
here decodes a clip. This is the room's door.
"""

from mos_assets.networks.declaration import NETWORK_NAME, Declaration
from mos_assets.networks.feeding import ClipFacts, figures_of, frames_of
from mos_assets.networks.frames import items_of
from mos_assets.networks.reading import (
    NETWORK_TOML,
    Network,
    files_in_words,
    read_declaration,
    read_network,
)

__all__ = [
    "NETWORK_NAME",
    "NETWORK_TOML",
    "ClipFacts",
    "Declaration",
    "Network",
    "figures_of",
    "files_in_words",
    "frames_of",
    "items_of",
    "read_declaration",
    "read_network",
]
