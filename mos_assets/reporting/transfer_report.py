"""`transfer_report.json`: what a head is worth on corpora that it never trained on.

Figures are rounded to six places. Its JSON Schema is published in `docs/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mos_assets.errors import StoreError
from mos_assets.evaluation.p1401 import P1401Figures
from mos_assets.evaluation.slices import Slice
from mos_assets.evaluation.text import count, plain, share
from mos_assets.evaluation.transfer import METRICS, FigureWithInterval, TransferFigures
from mos_assets.io.reading import read_plain
from mos_assets.records import Reported
from mos_assets.reporting.markdown import cell

TRANSFER_SCHEMA: Literal["mos-assets transfer report 1"] = "mos-assets transfer report 1"
"""Names the shape of the report; raised whenever a field changes its meaning or goes."""
_HEADER = (
    "| corpus | clips | contents | PLCC | SROCC | RMSE | bias | slope | RMSE\\* | outliers "
    "| different or similar | better or worse | within 90 % | outside |"
)


class TransferReport(Reported):
    """One head on each of its test corpora."""

    schema_name: Literal["mos-assets transfer report 1"] = TRANSFER_SCHEMA
    head_id: str
    candidate_id: str
    corpora: tuple[TransferFigures, ...]
    """In the order in which they were named."""

    def to_json(self) -> str:
        """The text of `transfer_report.json`; the same report, the same text."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> TransferReport:
        """Raises StoreError where the file is missing or was written by another version."""
        remedy = "materialize transfer_report again."
        try:
            return cls.model_validate_json(read_plain(path))
        except FileNotFoundError as error:
            raise StoreError(f"{path} is missing; {remedy}") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise StoreError(
                f"{path} is not a transfer report of this version ({where}: {first['msg']}); "
                f"{remedy}"
            ) from error


def transfer_table(corpora: Sequence[TransferFigures]) -> str:
    """The corpora as a Markdown table, foreign metrics of each below it."""
    lines = [_HEADER, "|---" + "|---:" * (_HEADER.count("|") - 2) + "|"]
    for found in corpora:
        lines.append(_row(found))
        lines += [
            f"| – {cell(row.name)}, fitted here | {count(row.n)} | | {plain(row.plcc)} "
            f"| {plain(row.srocc)} | {plain(row.rmse)} | | | | | | | | |"
            for row in found.shortcuts.rows
            if row.plcc is not None
        ]
        lines += [
            f"| – {cell(row.name)}, as it stands | {count(row.n)} | | {plain(row.raw_plcc_all)} "
            f"| {plain(row.raw_srocc_all)} | – | | | | | | | | |"
            for row in found.shortcuts.rows
            if row.raw_plcc_all is not None
        ]
    return "\n".join(lines) + "\n"


def transfer_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of transfer reports."""
    schema = TransferReport.model_json_schema(mode="serialization")
    shape = schema["$defs"][Slice.__name__]
    figure = shape["properties"].pop("figures")["additionalProperties"]
    names = [metric.name for metric in METRICS]
    shape["properties"].update(dict.fromkeys(names, figure))
    shape["required"] = [name for name in shape["required"] if name != "figures"] + names
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def transfer_schema_text() -> str:
    """The schema as the file that is published in `docs/`."""
    return json.dumps(transfer_schema(), indent=2, ensure_ascii=False) + "\n"


def _row(found: TransferFigures) -> str:
    cells = (
        cell(found.corpus),
        count(found.clips),
        count(found.contents),
        *(_with_interval(each) for each in (found.plcc, found.srocc, found.rmse, found.bias)),
        plain(found.slope, 2),
        plain(found.p1401.rmse_star),
        _outliers(found.p1401),
        plain(found.krasula.different_similar),
        plain(found.krasula.better_worse),
        _share(found.coverage),
        _share(found.outside),
    )
    return f"| {' | '.join(cells)} |"


def _with_interval(found: FigureWithInterval) -> str:
    if found.interval is None:
        return plain(found.figure)
    return f"{plain(found.figure)} ({plain(found.interval.low)} … {plain(found.interval.high)})"


def _outliers(found: P1401Figures) -> str:
    return _share(found.outlier_ratio)


def _share(figure: float | None) -> str:
    return "–" if figure is None else share(figure)
