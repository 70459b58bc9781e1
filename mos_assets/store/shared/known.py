"""What this machine knows of a bucket: which version of each object its own files are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from mos_assets.io.hashing import hash_file
from mos_assets.io.writing import write_whole
from mos_assets.store.shared.tables import Stamp

_FILE = ".shared.json"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A local file that has the bytes of an object."""

    etag: str
    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path, etag: str) -> KnownFile:
        """As it is now. Raises OSError."""
        status = path.stat()
        return cls(etag, status.st_size, status.st_mtime_ns, hash_file(path))

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.size, self.mtime_ns)


@dataclass(slots=True)
class KnownObjects:
    """Kept beside the files; without it everything is fetched anew."""

    place: str = field(default_factory=lambda: uuid4().hex)
    """Of this working folder, an id that no other has."""
    conditions: bool = False
    """Whether the server was seen to heed conditions."""
    tables: str = ""
    """sha256 of the copy of tables that the DuckDB file was last the same as."""
    tables_stamp: tuple[int, int] = (0, 0)
    """Size and time of the file then."""
    files: dict[str, KnownFile] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> KnownObjects:
        """What is known in this working folder; nothing where the file is not whole."""
        try:
            told = json.loads((folder / _FILE).read_bytes())
            return cls(
                str(told["place"]),
                bool(told["conditions"]),
                str(told["tables"]),
                (int(told["tables_stamp"][0]), int(told["tables_stamp"][1])),
                {name: KnownFile(**facts) for name, facts in told["files"].items()},
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return cls()

    def write(self, folder: Path) -> None:
        """Keep it, whole. Raises OSError."""
        write_whole(folder / _FILE, json.dumps(asdict(self)).encode())
