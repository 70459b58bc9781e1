"""The published schema is that of the reports, and of nothing else."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mos_assets.reporting.schema import schema_text

SCHEMA = Path(__file__).parents[2] / "docs" / "gate_report.schema.json"
_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _unlike(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """Paths that break the keywords which our schema uses; a full validator is no dependency."""
    if "$ref" in schema:
        return _unlike(value, whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, at)
    if "anyOf" in schema:
        tried = [_unlike(value, option, whole, at) for option in schema["anyOf"]]
        return min(tried, key=len)
    kinds = schema.get("type", [])
    allowed = [k for name in ([kinds] if isinstance(kinds, str) else kinds) for k in _KINDS[name]]
    if allowed and not (
        isinstance(value, tuple(allowed)) and (type(value) is not bool or bool in allowed)
    ):
        return [at]
    if ("enum" in schema and value not in schema["enum"]) or schema.get("const", value) != value:
        return [at]
    prefix = f"{at}." if at else ""
    found: list[str] = []
    if isinstance(value, dict):
        known = schema["properties"]
        assert schema["additionalProperties"] is False
        found += [prefix + name for name in sorted(set(schema.get("required", ())) - set(value))]
        found += [prefix + name for name in sorted(set(value) - set(known))]
        for name in sorted(set(value) & set(known)):
            found += _unlike(value[name], known[name], whole, prefix + name)
    if isinstance(value, list):
        for place, item in enumerate(value):
            found += _unlike(item, schema["items"], whole, f"{prefix}{place}")
    return sorted(found)


def test_the_published_schema_is_that_of_the_reports() -> None:
    """Else: python -c "from mos_assets.reporting.schema import schema_text as text;
    print(text(), end='')" > docs/gate_report.schema.json"""
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


def test_a_report_is_what_the_schema_says_and_nothing_else(good) -> None:
    """Every object of the report has exactly the keys that the schema requires or allows."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    report = json.loads(good[2].to_json())
    assert _unlike(report, schema, schema) == []
    del report["verdict"]["checks"][0]["figure"]
    report["stray"] = report["n_clips"] = "many"
    assert _unlike(report, schema, schema) == ["n_clips", "stray", "verdict.checks.0.figure"]
