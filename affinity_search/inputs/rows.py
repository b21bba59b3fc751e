"""Rows of CSV: a sign between cells, double quotes, no blanks around unquoted cells; an open quote is found."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["OpenQuote", "RowError", "split_row"]


class RowError(ValueError):
    """The text is no row; the message says why."""


class OpenQuote(RowError):
    """A quote is opened and not closed in this text: by a mistake, or since the cell goes on in the next line."""


def split_row(text: str, delimiter: str = ",") -> list[str]:
    """The cells; one in quotes exactly as written, another without blanks around it (`5"` and `say "hi"` are fine).

    Raises OpenQuote where the text ends inside quotes, RowError where something follows a closing quote.
    """
    if '"' not in text:
        cells = text.split(delimiter)
        return [cell.strip(" \t") for cell in cells] if " " in text or "\t" in text else cells
    return _quoted_row(text, delimiter)


def _quoted_row(text: str, delimiter: str) -> list[str]:
    cells: list[str] = []
    place = 0
    bare_cell, quoted_cell = _patterns(delimiter)
    while True:
        if bare := bare_cell.match(text, place):
            cells.append(bare.group().strip(" \t"))
            place = bare.end()
        elif quoted := quoted_cell.match(text, place):
            cells.append(quoted[1].replace('""', '"'))
            place = quoted.end()
        else:
            raise OpenQuote("expected a CSV line, got bad quoting (unexpected end of data)")
        if place == len(text):
            return cells
        if text[place] != delimiter:
            raise RowError(f"expected a CSV line, got bad quoting ({delimiter!r} expected after '\"')")
        place += 1


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a cell without quotes looks like, and one with them; a tab that parts cells is no blank."""
    blanks = "[ ]*" if delimiter == "\t" else "[ \t]*"
    bare = rf'(?!{blanks}")[^{re.escape(delimiter)}]*'
    quoted = rf'{blanks}"([^"]*(?:""[^"]*)*)"(?!"){blanks}'
    return re.compile(bare), re.compile(quoted)
