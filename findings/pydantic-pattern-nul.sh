#!/usr/bin/env bash
# Guess: a pattern that Python's re takes, [^\0] for "no NUL byte", is one for pydantic's Field(pattern=...) too.
# What happens: the class does not build. Patterns go to Rust's regex crate, which reads \0 as a reference to a group
#   and says that backreferences are not supported. \x00 is taken, and so is \0 with
#   ConfigDict(regex_engine="python-re"). The Field itself says nothing.
# Why it matters: where models are built late (on first use, by a framework) the error comes far from the pattern,
#   and its words send the reader to look for a backreference.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q pydantic==2.14.3
echo "guess: taken in each line"
venv/bin/python - <<'PY'
import re
import sys
from typing import Annotated

import pydantic
from pydantic import BaseModel, ConfigDict, Field, create_model

print("pydantic", pydantic.VERSION)
assert re.fullmatch(r"[^\0]*", "plain") and not re.fullmatch(r"[^\0]*", "a\0b")


def built(pattern, **config):
    text = Annotated[str, Field(pattern=pattern)]  # raises in no case
    base = type("Base", (BaseModel,), {"model_config": ConfigDict(**config)})
    try:
        model = create_model("Named", name=(text, ...), __base__=base)
    except Exception as error:
        return f"{type(error).__name__}, {'back' if 'backreferences' in str(error) else 'no back'}references"
    try:
        model(name="a\0b")
    except pydantic.ValidationError:
        return "taken, and refuses a NUL"
    return "taken"


seen = [built(r"^[^\0]*$"), built(r"^[^\x00]*$"), built(r"^[^\0]*$", regex_engine="python-re")]
for name, found in zip((r"[^\0]", r"[^\x00]", r"[^\0], python-re"), seen):
    print("seen:  %-17s %s" % (name, found))
if seen != ["SchemaError, backreferences", *["taken, and refuses a NUL"] * 2]:
    sys.exit("changed: the first was a SchemaError on backreferences, the others were taken")
PY
