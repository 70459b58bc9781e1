"""What the documentation tells people to type works, and its site builds without a warning."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mos_assets.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\s*(?:[A-Z_]+=\S* )*(?:\.venv/bin/)?mos (?!=)")


def commands() -> list[str]:
    """Every `mos …` in a block of code, without comments and placeholders."""
    found = []
    for page in PAGES:
        for block in _FENCED.findall(page.read_text()):
            lines = block.replace("\\\n", " ").splitlines()
            found += [line.strip() for line in lines if _COMMAND.match(line)]
    return sorted(set(found))


@pytest.mark.parametrize("line", commands())
def test_every_mos_command_of_the_docs_can_be_typed(line: str, tmp_path: Path) -> None:
    """Its subcommand, options and arguments exist; nothing is carried out."""
    words = shlex.split(line, comments=True)
    words = words[next(at for at, word in enumerate(words) if word.endswith("mos")) + 1 :]
    command: click.Command = main
    context = click.Context(main, info_name="mos")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"mos has no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    command.make_parser(context).parse_args(words)


def test_a_shell_completes_mos() -> None:
    """As the questions say: bash asks the program itself."""
    program = str(Path(sys.executable).with_name("mos"))
    asked = {"_MOS_COMPLETE": "bash_complete", "COMP_WORDS": "mos predict --ref", "COMP_CWORD": "2"}
    ran = subprocess.run(
        [program], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [
        *("plain,--reference", "plain,--references", "plain,--reference-table"),
    ]


def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    """Typed into a shell in an empty folder; only training is shorter than a reader's."""
    steps = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/tutorial.md").read_text(), re.M | re.S)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {name: value for name, value in os.environ.items() if name[:4] != "MOS_"}
    ran = subprocess.run(
        ["/bin/bash", "-e", "-c", "\n".join(steps)],
        cwd=tmp_path,
        env={**environment, "MOS_SEEDS": "2", "MOS_EPOCHS": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert "30 found and readable, 0 labels without a clip" in ran.stdout
    assert "Proposed: " in ran.stdout
    assert "# Feature blocks of mine" in ran.stdout
    (row,) = (line for line in ran.stdout.splitlines() if line.startswith("corpora/mine/clips/"))
    assert 1.0 <= float(row.split("\t")[1]) <= 5.0
    assert (tmp_path / "model" / "mine_mos_head_v1.onnx").is_file()


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every page, link and docstring of it."""
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    ran = subprocess.run(
        [*sphinx, "-d", tmp_path / "trees", ROOT / "docs", tmp_path / "site"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "predict_mos" in (tmp_path / "site" / "api.html").read_text()
