#!/usr/bin/env bash
# Installs every package of pyproject.toml at its lower bound, all together, into a fresh
# environment, and runs the tests there: what is declared was run.
#
#   bench/lower_bounds.sh FOLDER [pytest arguments]
#
# FOLDER is made anew outside the checkout. A package that cannot be had at its bound, or beside
# the others, ends the script with pip's own words.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:?the folder of the new environment}")
shift
"${PYTHON:-python3}" -m venv --clear "$folder"
"$folder/bin/python" - > "$folder/lowest.txt" <<'PYTHON'
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
groups = [project["dependencies"], *project["optional-dependencies"].values()]
for line in sorted({line for group in groups for line in group}):
    name, bound = re.fullmatch(r"([\w.-]+)>=([\w.]+)(?:,<[\w.]+)?", line).groups()
    print(f"{name}=={bound}")
PYTHON
cat "$folder/lowest.txt"
# torch of a CPU alone, as in constraints.txt: its version goes before a local suffix.
"$folder/bin/pip" install --quiet --disable-pip-version-check \
    --constraint "$folder/lowest.txt" --editable '.[dev]'
"$folder/bin/pip" freeze --exclude-editable > "$folder/installed.txt"
exec "$folder/bin/python" -m pytest "$@"
