"""`transfer_report.json`: what a head is worth on corpora that it never trained on, and what
training corpora teach of each other.

Figures are rounded to six places. Its JSON Schema is published in `docs/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mos_assets.errors import StoreError
from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC
from mos_assets.evaluation.mixed import CrossFigures
from mos_assets.evaluation.p1401 import P1401Figures
from mos_assets.evaluation.resampling import Interval
from mos_assets.evaluation.slices import Slice
from mos_assets.evaluation.splits import MOST_CLIPS
from mos_assets.evaluation.text import and_list, count, plain, share
from mos_assets.evaluation.transfer import METRICS, TransferFigures
from mos_assets.io.reading import read_plain
from mos_assets.records import Reported
from mos_assets.reporting.markdown import cell, plot_section, shortcut_name
from mos_assets.reporting.report import ReportPlot

TRANSFER_SCHEMA: Literal["mos-assets transfer report 1"] = "mos-assets transfer report 1"
"""Names the shape of the report; raised whenever a field changes its meaning or goes."""
_HEADER = (
    "| corpus | clips | contents | PLCC | SROCC | RMSE | bias | slope | RMSE\\* | outliers "
    "| different or similar | better or worse | in 90 % interval | outside |"
)


HOW_TO_READ = (
    "Every figure is over all clips as one, by heads that had not seen the content unless a line "
    "below says so; in brackets where other contents would put it. RMSE\\* and outliers count what "
    "exceeds the ratings' own 95 % interval after a mapping of third order (ITU-T P.1401); the two "
    "areas of Krasula et al. are 0.5 where the head tells nothing. Shortcuts and metrics that are "
    "fitted here have seen ratings of this corpus, which the head has not."
)
HOW_TO_READ_MATRIX = (
    "PLCC, in brackets RMSE, of the experts of the head that no seed moves: the head itself would "
    "cost too much to train so often. Contents, those that corpora share as one, are cut "
    "into folds several times, and figures are means over the cuts; "
    f"of more than {MOST_CLIPS:,} clips whole contents are drawn. A clip "
    "of a known content is scored by what the other folds teach, any other by the mean over "
    "folds: no figure is about a content that was seen."
)


class TransferReport(Reported):
    """One head on each of its test corpora."""

    schema_name: Literal["mos-assets transfer report 1"] = TRANSFER_SCHEMA
    head_id: str
    candidate_id: str
    corpora: tuple[TransferFigures, ...]
    """In the order in which they were named."""
    matrix: tuple[CrossFigures, ...] = ()
    """Where several corpora train: closed forms fitted to each alone, then to all together, on each
    of them, then on each that only tests; row by row."""
    left_out_corpora: tuple[CrossFigures, ...] = ()
    """Where several corpora train: each by closed forms fitted to all the others."""

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
    """The corpora as a Markdown table, shortcuts and foreign metrics of each below it."""
    lines = [_HEADER, "|---" + "|---:" * (_HEADER.count("|") - 2) + "|"]
    for found in corpora:
        lines.append(_row(found))
        for row in found.shortcuts.rows:
            if row.raw_plcc_all is not None:
                figures = (count(row.n), "", plain(row.raw_plcc_all), plain(row.raw_srocc_all), "–")
                lines.append(_line(f"{cell(row.name)}, as it stands", figures))
            if row.plcc is not None:
                figures = (count(row.n), "", plain(row.plcc), plain(row.srocc), plain(row.rmse))
                lines.append(_line(f"{cell(shortcut_name(row))}, fitted here", figures))
    return "\n".join(lines) + "\n"


def transfer_notes(corpora: Sequence[TransferFigures]) -> list[str]:
    """What must be known to read the table, a sentence each."""
    notes: list[str] = []
    for found in corpora:
        name = cell(found.corpus)
        if found.reason is not None:
            notes.append(f"{name}: no figures, since {cell(found.reason)}.")
        notes += [f"{name}: {cell(note)}" for note in found.notes]
        if found.incomplete:
            notes.append(f"{name}: {count(found.incomplete)} clips lack a feature.")
        if found.shipped_plcc is not None and found.known_clips:
            notes.append(
                f"{name}: the head that ships, which has seen these contents, reaches PLCC "
                f"{plain(found.shipped_plcc)} and RMSE {plain(found.shipped_rmse)}."
            )
        if found.outside:
            notes.append(
                f"{name}: {share(found.outside)} of the clips lie outside the training rows, and "
                f"no interval is promised for them; of the others the interval holds "
                f"{_share(found.coverage_inside)}."
            )
        if found.plcc is not None and found.shortcuts.nearest is not None:
            notes.append(f"{name}: {cell(found.shortcuts.sentence)}")
    return notes


def transfer_page(
    report: TransferReport, plot: ReportPlot | None = None, folder: Path | None = None
) -> str:
    """The report as Markdown. Same report, same text.

    plot: the matrix. folder: where it is, to carry it in the text itself.
    """
    title = f"# {report.head_id} on other corpora\n"
    mixed = _mixed_section(report, [] if plot is None else [plot], folder)
    if not report.corpora:
        return f"{title}\nNo test corpus: `MOS_TEST_CORPUS` names none.\n{mixed}"
    notes = "\n".join(f"- {note}" for note in transfer_notes(report.corpora))
    slices = "\n".join(
        f"| {cell(found.corpus)} | {row.dimension} | {cell(row.name)} | {count(row.n)} "
        f"| {plain(row.of(PLCC))} | {plain(row.of(SROCC))} | {plain(row.of(RMSE))} "
        f"| {plain(row.bias, 2)} |"
        for found in report.corpora
        for row in found.slices
    )
    of_slices = "| corpus | by | slice | clips | PLCC | SROCC | RMSE | bias |\n" + "|---" * 8 + "|"
    return (
        f"{title}\nCandidate `{report.candidate_id}`. {HOW_TO_READ}\n\n"
        f"{transfer_table(report.corpora)}\n{notes}\n{mixed}\n## Slices\n\n{of_slices}\n{slices}\n"
    )


def _mixed_section(report: TransferReport, plots: Sequence[ReportPlot], folder: Path | None) -> str:
    """Matrix and left-out corpora; nothing where one corpus trains."""
    if not report.matrix:
        return ""
    rows = tuple(dict.fromkeys(found.trained for found in report.matrix))
    columns = tuple(dict.fromkeys(found.tested for found in report.matrix))
    at = {(found.trained, found.tested): found for found in report.matrix}
    lines = [
        "| trained on | " + " | ".join(f"on {cell(name)}" for name in columns) + " |",
        "|---" + "|---:" * len(columns) + "|",
        *(
            f"| {cell('all together' if len(some) > 1 else some[0])} | "
            + " | ".join(_cross(at[some, name]) for name in columns)
            + " |"
            for some in rows
        ),
        "",
        "| left out | trained on | clips | contents | known clips | PLCC | SROCC | RMSE | bias |",
        "|---|---" + "|---:" * 7 + "|",
        *(
            f"| {cell(found.tested)} | {cell(and_list(found.trained))} | {count(found.clips)} "
            f"| {count(found.contents)} | {count(found.known_clips)} "
            f"| {_with_interval(found.plcc, found.plcc_interval)} "
            f"| {_with_interval(found.srocc, found.srocc_interval)} "
            f"| {_with_interval(found.rmse, found.rmse_interval)} "
            f"| {_with_interval(found.bias, found.bias_interval)} |"
            for found in report.left_out_corpora
        ),
    ]
    reasons = dict.fromkeys(
        f"- {cell(and_list(found.trained))} on {cell(found.tested)}: no PLCC, since "
        f"{cell(found.reason)}"
        for found in (*report.matrix, *report.left_out_corpora)
        if found.reason is not None
    )
    parts = (
        "\n## What the training corpora teach of each other",
        HOW_TO_READ_MATRIX,
        plot_section(plots, folder),
        "\n".join(lines),
        "\n".join(reasons),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _cross(found: CrossFigures) -> str:
    return "–" if found.plcc is None else f"{plain(found.plcc)} ({plain(found.rmse)})"


def transfer_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of transfer reports."""
    from mos_assets.reporting.described import Described

    schema = TransferReport.model_json_schema(mode="serialization", schema_generator=Described)
    shape = schema["$defs"][Slice.__name__]
    figure = shape["properties"].pop("figures")["additionalProperties"]
    names = [metric.name for metric in METRICS]
    shape["properties"].update(dict.fromkeys(names, figure))
    shape["required"] = [name for name in shape["required"] if name != "figures"] + names
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def transfer_schema_text() -> str:
    """The schema as the file that is published in `docs/`."""
    return json.dumps(transfer_schema(), indent=2, ensure_ascii=False) + "\n"


def _line(name: str, figures: Sequence[str]) -> str:
    cells = [f"– {name}", *figures]
    return f"| {' | '.join([*cells, *[''] * (_HEADER.count('|') - 1 - len(cells))])} |"


def _row(found: TransferFigures) -> str:
    cells = (
        cell(found.corpus),
        count(found.clips),
        count(found.contents),
        _with_interval(found.plcc, found.plcc_interval),
        _with_interval(found.srocc, found.srocc_interval),
        _with_interval(found.rmse, found.rmse_interval),
        _with_interval(found.bias, found.bias_interval),
        plain(found.slope, 2),
        plain(found.p1401.rmse_star),
        _outliers(found.p1401),
        plain(found.krasula.different_similar),
        plain(found.krasula.better_worse),
        _share(found.coverage),
        _share(found.outside),
    )
    return f"| {' | '.join(cells)} |"


def _with_interval(figure: float | None, interval: Interval | None) -> str:
    if interval is None:
        return plain(figure)
    return f"{plain(figure)} ({plain(interval.low)} … {plain(interval.high)})"


def _outliers(found: P1401Figures) -> str:
    return _share(found.outlier_ratio)


def _share(figure: float | None) -> str:
    return "–" if figure is None else share(figure)
