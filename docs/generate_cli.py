"""Writes docs/reference/cli.md from the commands themselves; `make docs` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from affinity_search.cli import main

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent / "reference" / "cli.md"
INTRODUCTION = """\
# The affinity command

This page is generated from the commands (`make docs`): what each says with `--help`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | an error of no other kind |
| 2 | the configuration or an option cannot be used |
| 3 | drift: somebody changed what was deployed (`affinity plan --check`) |
| 4 | the engine does not answer, or fails: try again |
| 5 | the engine refuses, or something is missing in it |
| 6 | an input file or the local state cannot be used |
| 7 | the embedded engine could not be fetched, started or stopped |

An error is one line on standard error, with what to do below it. `affinity --debug ...` shows its trace too.
"""


def page() -> str:
    """The page as Markdown, one section per command in the order of `affinity --help`."""
    return "\n".join(
        [INTRODUCTION, *_sections(main, click.Context(main, info_name="affinity", **main.context_settings))]
    )


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    # A fixed width, whatever terminal the page is generated in.
    context.terminal_width = context.max_content_width = 100
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from _sections(found, click.Context(found, parent=context, info_name=name))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
