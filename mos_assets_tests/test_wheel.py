"""A wheel in an environment of its own, far from the checkout."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("mos_assets", "model", "pyproject.toml", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, as whoever clones has it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["/usr/bin/env", "git", "ls-files", "-z", *SHIPPED]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    source = folder / "source"
    for name in files.decode().split("\0"):
        if name and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    built = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", folder, source),
        cwd=folder,
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mos_assets").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= held, package - held


def test_it_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home)
    python = home / "bin" / "python"
    # Its dependencies are those of this environment; the package itself is not taken from there.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    installed = run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"),
        *("--no-index", wheel),
        cwd=tmp_path,
    )
    assert installed.returncode == 0, installed.stderr
    where = run(python, "-c", "import mos_assets; print(mos_assets.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(site)
    mos = home / "bin" / "mos"
    status = run(mos, "status", cwd=tmp_path)
    assert status.returncode == 2, status.stderr
    assert "konvid_mos_head_v1\tProposed" in status.stdout
    exported = run(mos, "export", "konvid_mos_head_v1", "--to", "out", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "out" / "MLmodel").is_file()
    loaded = run(python, "-c", "import mos_assets.definitions", cwd=tmp_path)
    assert loaded.returncode == 0, loaded.stderr
