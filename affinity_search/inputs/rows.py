"""Rows of CSV: commas, double quotes, no blanks around unquoted cells; a quote that is never closed is found."""

from __future__ import annotations

import re

__all__ = ["OpenQuote", "RowError", "header_problem", "split_row"]

QUOTED = re.compile(r'[ \t]*"([^"]*(?:""[^"]*)*)"(?!")[ \t]*')
BARE = re.compile(r'(?![ \t]*")[^,]*')
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "pipes"}


class RowError(ValueError):
    """The text is no row; the message says why."""


class OpenQuote(RowError):
    """A quote is opened and not closed in this text: by a mistake, or since the cell goes on in the next line."""


def split_row(text: str) -> list[str]:
    """The cells; one in quotes exactly as written, another without blanks around it (`5"` and `say "hi"` are fine).

    Raises OpenQuote where the text ends inside quotes, RowError where something follows a closing quote.
    """
    if '"' not in text:
        return [cell.strip(" \t") for cell in text.split(",")] if " " in text or "\t" in text else text.split(",")
    cells: list[str] = []
    place = 0
    while True:
        if bare := BARE.match(text, place):
            cells.append(bare.group().strip(" \t"))
            place = bare.end()
        elif quoted := QUOTED.match(text, place):
            cells.append(quoted[1].replace('""', '"'))
            place = quoted.end()
        else:
            raise OpenQuote("expected a CSV line, got bad quoting (unexpected end of data)")
        if place == len(text):
            return cells
        if text[place] != ",":
            raise RowError("expected a CSV line, got bad quoting (',' expected after '\"')")
        place += 1


def header_problem(line: str, required: tuple[str, ...]) -> str:
    """What to do about a header without the required columns, as far as it can be seen: separators, capitals."""
    for sign, name in SEPARATORS.items():
        if sign in line and "," not in line:
            return f"The columns seem to be parted by {name}: write the file with commas."
    found = {name.strip().lower() for name in line.split(",")}
    if all(name in found for name in required):
        return "Write the names of the columns in lower case."
    return ""
