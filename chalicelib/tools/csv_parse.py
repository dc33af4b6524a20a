"""The tool `csv.parse`: the rows of a table in a text.

In: `{text, delimiter, header, numbers}`. Out: `{columns, rows, count}`; rows are objects by column. Cells that read as numbers become numbers
unless that would change how they are written (`007`, `1e5` and a phone number stay texts). Short rows are filled with null, cells beyond the last
column are an error.
"""

import csv
import io
import re
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid
from chalicelib.tools.tool import Surroundings, Tool

MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 500
_DELIMITERS: Final = ",;\t|"
_NUMBER: Final = re.compile(r"^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$")


def csv_parse_tool() -> Tool:
    return Tool("csv.parse", _run)


def _run(arguments: JsonObject, _surroundings: Surroundings) -> Json:
    text = str(arguments["text"]).removeprefix("\ufeff")
    delimiter = arguments.get("delimiter")
    table = _table(text, str(delimiter) if delimiter else _delimiter(text))
    has_header = arguments.get("header", True) is not False
    columns = _columns(table, has_header=has_header)
    as_numbers = arguments.get("numbers", True) is not False
    rows: list[Json] = [_row(columns, cells, number, as_numbers=as_numbers) for number, cells in enumerate(table[1:] if has_header else table, 1)]
    return {"columns": list(columns), "rows": rows, "count": len(rows)}


def _table(text: str, delimiter: str) -> list[list[str]]:
    """All rows that have a cell with something in it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [cells for cells in reader if any(cell.strip() for cell in cells)]
    except (csv.Error, TypeError) as error:
        raise ArgumentsInvalid(f"line {reader.line_num} is no CSV: {error}") from error
    if len(table) > MAX_ROWS + 1:
        raise ArgumentsInvalid(f"more than {MAX_ROWS} rows")
    return table


def _delimiter(text: str) -> str:
    """The one that stands in the first line most often outside quotes; a comma if none does."""
    first = re.sub(r'"(?:[^"]|"")*"', "", text.lstrip("\r\n").partition("\n")[0])
    best = max(_DELIMITERS, key=first.count)
    return best if first.count(best) else ","


def _columns(table: list[list[str]], *, has_header: bool) -> tuple[str, ...]:
    if not has_header:
        return tuple(f"c{number}" for number in range(1, max((len(cells) for cells in table), default=0) + 1))
    names = tuple(name.strip() for name in table[0]) if table else ()
    if len(names) > MAX_COLUMNS:
        raise ArgumentsInvalid(f"more than {MAX_COLUMNS} columns")
    named = tuple(name or f"c{number}" for number, name in enumerate(names, 1))
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ArgumentsInvalid(f"the column {twice[0]} is there twice")
    return named


def _row(columns: tuple[str, ...], cells: list[str], number: int, *, as_numbers: bool) -> JsonObject:
    if len(cells) > len(columns):
        raise ArgumentsInvalid(f"row {number} has {len(cells)} cells, the table {len(columns)} columns")
    values: list[Json] = [_cell(cell.strip(), as_numbers=as_numbers) for cell in cells]
    return dict(zip(columns, [*values, *[None] * (len(columns) - len(cells))], strict=True))


def _cell(text: str, *, as_numbers: bool) -> Json:
    if not as_numbers or not _NUMBER.match(text):
        return text
    return float(text) if "." in text else int(text)
