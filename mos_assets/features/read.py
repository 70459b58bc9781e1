"""Reading the figures of one extractor, where this process may run out of memory or disk."""

from __future__ import annotations

from dataclasses import replace

from mos_assets.errors import MachineError
from mos_assets.features.extractors.base import Columns, Decoded, PictureExtractor
from mos_assets.features.reference import Pristine, compared_pairs
from mos_assets.media.blame import require_room

_NO_MEMORY = "out of memory while its pictures were looked at"


def read(extractor: PictureExtractor, decoded: Decoded, pristine: Pristine | None) -> Columns:
    """Its figures; raises ClipError, or MachineError where this process runs out of something."""
    try:
        if extractor.compares and pristine is not None:
            pairs = compared_pairs(decoded.probe, pristine, decoded.folder, decoded.frames)
            decoded = replace(decoded, pairs=pairs)
        return extractor.read(decoded)
    except MemoryError as error:
        raise MachineError(_NO_MEMORY) from error
    except OSError as error:
        require_room(decoded.folder)
        raise MachineError(f"its pictures could not be looked at ({error.strerror})") from error
    except Exception as error:
        if any(library.ran_out(error) for library in extractor.libraries):
            raise MachineError(_NO_MEMORY) from error
        raise
