"""What every asset tells the UI in the same way: errors, table schemas, previews."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dagster as dg
import pyarrow as pa

from mos_assets.assets.columns import WORDS
from mos_assets.errors import MosAssetsError
from mos_assets.features import Column, column_description
from mos_assets.reporting.markdown import cell
from mos_assets.store.opening import publish_chosen

PREVIEW_ROWS = 8


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn an error that the user can mend into a failed step with that one message.

    What was written into a store in a bucket is published at the end, so that a step that succeeds
    has left it there.
    """
    try:
        yield
        publish_chosen()
    except MosAssetsError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise dg.Failure(
            f"{error}: the disk of the store or of the releases is full. Make room and run again; "
            "measured clips are kept.",
            allow_retries=False,
        ) from None


def table_metadata(
    table: str, first: pa.Table, notes: Iterable[Column] = (), *, rows: int | None = None
) -> dict[str, dg.MetadataValue]:
    """Name of a table of the store, its row count, column schema and first rows, under the keys
    that the UI knows.

    notes: what columns of features are, as their description in the schema. rows: how many
    there are, where `first` are not all of them.
    """
    said = {**{column.name: column_description(column) for column in notes}, **WORDS[table]}
    columns = [
        dg.TableColumn(field.name, str(field.type), description=said.get(field.name))
        for field in first.schema
    ]
    return {
        "dagster/table_name": dg.MetadataValue.text(table),
        "dagster/row_count": dg.MetadataValue.int(first.num_rows if rows is None else rows),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "preview": preview(first.slice(0, PREVIEW_ROWS)),
    }


def known(**figures: float | None) -> dict[str, float]:
    """Those of the figures that exist: one that does not is no point in a plot."""
    return {name: figure for name, figure in figures.items() if figure is not None}


def preview(rows: pa.Table) -> dg.MetadataValue:
    """A small table as Markdown; cells are escaped, since names come from strangers."""
    if rows.num_rows == 0:
        return dg.MetadataValue.md("no rows")
    lines = [
        "| " + " | ".join(cell(name) for name in rows.column_names) + " |",
        "|" + "---|" * rows.num_columns,
    ]
    lines += [
        "| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows.to_pylist()
    ]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return cell(value)
