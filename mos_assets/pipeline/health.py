"""What this machine lacks of what a run needs, each with a remedy; nothing is changed by looking.

Nothing heavy is loaded: neither torch nor Dagster, so that the answer comes at once.
"""

from __future__ import annotations

import resource
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import psutil

from mos_assets.errors import MosAssetsError
from mos_assets.features import parse_blocks
from mos_assets.features.resource_limits import MEMORY_BYTES
from mos_assets.media.ffmpeg import CONTAINER_FORMATS, VIDEO_DECODERS, find_ffmpeg, known_names
from mos_assets.networks import NETWORK_TOML, read_network
from mos_assets.settings import PathSettings, Settings

PACKAGE = "mos-assets"
LEAST_ROOM_BYTES = 200 << 20
"""With less than this on a disk a run ends early."""
GOOD_ROOM_BYTES = 5 << 30
"""With less than this a large clip may find no room: one scratch file may take 4 GiB."""
FILES_A_WORKER = 64
"""Open files of a worker with its ffmpeg and what reads headers, with room to spare."""
FILES_ELSE = 128
MEMORY_A_WORKER_BYTES = 1_400 << 20
"""What measuring a clip takes; a third of the bound."""


_OTHERS_DO = frozenset(
    {"y4m", "libdav1d", "libaom-av1", "libvpx", "libvpx-vp9", "libopenjpeg", "v410"}
)
"""Names in our lists for which another one stands, or which new builds have no more."""


class Grade(StrEnum):
    """How bad a finding is; a failure is what a run ends on."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer."""

    grade: Grade
    what: str
    found: str
    remedy: str = ""


def examine(settings: Settings, host: str, port: int) -> Iterator[Finding]:
    """Every finding, in the order in which a run would meet them."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        packages,
        lambda: ffmpeg(settings.paths.ffmpeg),
        lambda: limits(settings.run.workers),
        lambda: folders(settings.paths),
        lambda: networks(settings),
        lambda: buckets(settings.paths),
        lambda: store(settings.paths.store_folder),
        fonts,
        lambda: listening(host, port),
    )
    for check in checks:
        yield from check()


def packages() -> Iterator[Finding]:
    """Every package that the project declares, within its bounds."""
    from packaging.requirements import Requirement

    odd = 0
    for line in metadata.requires(PACKAGE) or ():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            version = ""
        if version and wanted.specifier.contains(version, prereleases=True):
            continue
        odd += 1
        yield Finding(
            Grade.FAIL,
            f"package {wanted.name}",
            f"{version or 'not installed'}, needed is {wanted.specifier or 'any version'}",
            f"pip install -c constraints.txt '{wanted.name}{wanted.specifier}'",
        )
    if not odd:
        yield Finding(Grade.OK, "packages", "all within the bounds of pyproject.toml")


def ffmpeg(named: str) -> Iterator[Finding]:
    """Whether it can do what measuring needs, and which clips it cannot open."""
    try:
        program = find_ffmpeg(named or None)
    except MosAssetsError as error:
        yield Finding(Grade.FAIL, "ffmpeg", str(error), "as it says")
        return
    yield Finding(Grade.OK, "ffmpeg", f"{program.path} (version {program.version})")
    for what, listed, names in (
        ("formats", CONTAINER_FORMATS, known_names(program, "-demuxers")),
        ("decoders", VIDEO_DECODERS, known_names(program, "-decoders")),
    ):
        lacking = [name for name in listed.split(",") if name not in names | _OTHERS_DO]
        if lacking:
            yield Finding(
                Grade.WARN,
                f"ffmpeg {what}",
                f"it does not know {', '.join(lacking)}",
                "clips in these cannot be measured; set MOS_FFMPEG to a build that knows them",
            )


def networks(settings: Settings) -> Iterator[Finding]:
    """Each network of MOS_NETWORKS; a run ends on one that it names and cannot use."""
    folder = settings.paths.networks_folder
    chosen = parse_blocks(settings.run.features)
    for toml in sorted(folder.glob(f"*/{NETWORK_TOML}")):
        name = toml.parent.name
        try:
            found = read_network(toml.parent)
        except MosAssetsError as error:
            grade = Grade.FAIL if name in chosen else Grade.WARN
            yield Finding(grade, f"network {name}", str(error), "as it says")
        else:
            columns = len(found.declaration.columns)
            yield Finding(Grade.OK, f"network {name}", f"{columns} columns, {found.onnx}")


def limits(workers: int) -> Iterator[Finding]:
    """Open files, memory, size of files: what the shell or the service manager allows."""
    needed = FILES_ELSE + FILES_A_WORKER * workers
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = files != resource.RLIM_INFINITY and files < needed
    yield Finding(
        Grade.WARN if few else Grade.OK,
        "open files",
        f"{_amount(files)} allowed, {needed} for MOS_WORKERS={workers}",
        f"ulimit -n {needed} (LimitNOFILE of systemd), or a smaller MOS_WORKERS" if few else "",
    )
    space = resource.getrlimit(resource.RLIMIT_AS)[1]
    if space != resource.RLIM_INFINITY and space < MEMORY_BYTES:
        yield Finding(
            Grade.WARN,
            "address space",
            f"{_size(space)} allowed, measuring may take {_size(MEMORY_BYTES)}",
            "ulimit -v unlimited",
        )
    longest = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if longest != resource.RLIM_INFINITY:
        yield Finding(
            Grade.WARN, "size of files", f"{_size(longest)} allowed", "ulimit -f unlimited"
        )
    available = _available_memory()
    wanted = workers * MEMORY_A_WORKER_BYTES
    short = available < wanted
    yield Finding(
        Grade.WARN if short else Grade.OK,
        "memory",
        f"{_size(available)} available, {_size(wanted)} for MOS_WORKERS={workers}",
        "a smaller MOS_WORKERS, or end what takes it" if short else "",
    )


def folders(paths: PathSettings) -> Iterator[Finding]:
    """Whether store, releases and scratch can be written, and how much room there is."""
    for what, folder, setting in (
        ("store", paths.store_folder, "MOS_WORK" if paths.store_place.url else "MOS_STORE"),
        ("releases", paths.model_folder, "MOS_MODEL_DIR"),
        ("scratch", Path(tempfile.gettempdir()), "TMPDIR"),
    ):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        try:
            with tempfile.TemporaryFile(dir=there, buffering=0) as file:
                file.write(bytes(4096))
        except OSError as error:
            yield Finding(
                Grade.FAIL,
                f"{what} folder",
                f"{folder} cannot be written ({error.strerror})",
                f"make it writable for this user, make room, or set {setting} to another folder",
            )
            continue
        free = shutil.disk_usage(there).free
        grade = Grade.OK if free >= GOOD_ROOM_BYTES else Grade.WARN
        yield Finding(
            Grade.FAIL if free < LEAST_ROOM_BYTES else grade,
            f"{what} folder",
            f"{folder}, {_size(free)} free",
            "" if grade is Grade.OK else f"free some, or set {setting} to a larger disk",
        )


def buckets(paths: PathSettings) -> Iterator[Finding]:
    """Whether the store and the corpora can be reached where they lie in buckets, and who uses the
    store there."""
    from mos_assets.objects import Location
    from mos_assets.store.opening import holder_of

    for what, place in (("store", paths.store_place), ("corpora", paths.corpus_place)):
        if not place.url:
            continue
        try:
            Location(place.url).reach()
            holder = holder_of(place) if what == "store" else ""
        except MosAssetsError as error:
            yield Finding(Grade.FAIL, f"bucket of the {what}", str(error), "as it says")
            continue
        yield Finding(
            Grade.WARN if holder else Grade.OK,
            f"bucket of the {what}",
            f"{place.url} is in use by {holder}" if holder else f"{place.url} can be listed",
            "wait until that has ended" if holder else "",
        )


def store(folder: Path) -> Iterator[Finding]:
    """Whether somebody uses the store, whether its file can be read, and what waits in it."""
    from mos_assets.store.health import store_state
    from mos_assets.store.run_lock import lock_holder

    holder = lock_holder(folder)
    if holder:
        yield Finding(
            Grade.WARN, "store", f"{folder} is in use by {holder}", "wait until that has ended"
        )
    state = store_state(folder)
    if state.flaw:
        grade = Grade.WARN if state.busy else Grade.FAIL
        yield Finding(grade, "store file", state.flaw, state.remedy)
        return
    yield Finding(Grade.OK, "store file", state.told)
    if state.waiting:
        yield Finding(
            Grade.WARN,
            "clips",
            f"{state.waiting} measurements came to nothing since the machine failed, "
            f"{state.given_up} of them are given up for now",
            "the next run tries the others again; `mos retry` lets all be tried",
        )


def fonts() -> Iterator[Finding]:
    """The fonts that plots and the demo corpus use; they come with matplotlib."""
    folder = Path(str(metadata.distribution("matplotlib").locate_file("matplotlib")))
    names = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    lacking = [name for name in names if not (folder / "mpl-data/fonts/ttf" / name).is_file()]
    yield Finding(
        Grade.FAIL if lacking else Grade.OK,
        "fonts",
        f"matplotlib lacks its {', '.join(lacking)}" if lacking else "those of matplotlib",
        "pip install --force-reinstall -c constraints.txt matplotlib" if lacking else "",
    )


def listening(host: str, port: int) -> Iterator[Finding]:
    """Whether the UI could listen there."""
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            socket.create_server(address[:2], family=family).close()
    except OSError as error:
        yield Finding(
            Grade.WARN,
            "port",
            f"the UI could not listen on {host}:{port} ({error.strerror})",
            f"end what has it, unless that is `mos dev`, or mos dev --port {port + 1}",
        )
        return
    yield Finding(Grade.OK, "port", f"{host}:{port} is free")


def _available_memory() -> int:
    """Bytes that a process could get now, by the machine and by its control group."""
    found = [psutil.virtual_memory().available]
    try:
        group = Path("/proc/self/cgroup").read_text().strip().rpartition(":")[2]
        folder = Path("/sys/fs/cgroup") / group.lstrip("/")
        most = (folder / "memory.max").read_text().strip()
        if most.isdecimal():
            found.append(int(most) - int((folder / "memory.current").read_text()))
    except (OSError, ValueError):
        pass  # No control group that bounds it.
    return min(found)


def _amount(number: int) -> str:
    return "any number" if number == resource.RLIM_INFINITY else str(number)


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GB"
