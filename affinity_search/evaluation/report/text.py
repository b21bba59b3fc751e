"""The report for a terminal and in Markdown."""

from __future__ import annotations

from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.report.tables import Table, introduction, tables

__all__ = ["as_markdown", "as_text"]


def as_text(found: FolderEvaluation) -> str:
    """The report for a terminal, without a newline at the end."""
    return "\n".join([*introduction(found), *(_aligned(table) for table in tables(found))])


def as_markdown(found: FolderEvaluation) -> str:
    """The report in Markdown, with a newline at the end."""
    head = [f"# Evaluation of {_cell(found.name)}", *(_cell(sentence) for sentence in introduction(found))]
    return "\n\n".join([*head, *(_piped(table) for table in tables(found))]) + "\n"


def _aligned(table: Table) -> str:
    lines = [table.header, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.header))]
    said = ["", table.title, *(_line(line, widths) for line in lines)]
    return "\n".join([*said, f"  {table.note}"] if table.note else said)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        f"{cell:>{width}}" if column else f"{cell:<{width}}"
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(["", first, *others]).rstrip()


def _piped(table: Table) -> str:
    rows = [table.header, (":--", *("--:" for _ in table.header[1:])), *table.rows]
    body = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)
    return "\n\n".join([f"## {_cell(table.title)}", body, *([table.note] if table.note else [])])


def _cell(text: str) -> str:
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
