"""The `affinity` command: one file per command group; a command parses, calls one library function, prints."""

from __future__ import annotations

import importlib
import traceback
from typing import Any

import click

from affinity_search.errors import AffinityError

__all__ = ["main"]

# Where each command lives. A file is imported only when its command is asked for, so that `--help` stays quick
# and a missing extra breaks only the commands that need it.
COMMANDS = {
    "init": "init:init",
    "validate": "validate:validate",
    "schema": "validate:schema",
    "engine": "engine:engine",
    "items": "items:items",
    "events": "events:events",
    "profiles": "profiles:profiles",
    "render": "templates:render",
    "plan": "deploy:plan",
    "apply": "deploy:apply",
    "rollback": "deploy:rollback",
    "status": "deploy:status",
    "search": "search:search",
    "explain": "search:explain",
    "evaluate": "evaluate:evaluate",
    "demo": "demo:demo",
}


class _Commands(click.Group):
    """A group that imports a command's file when the command is first asked for and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(importlib.import_module(f"affinity_search.cli.{module}"), name)
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AffinityError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the trace of an error.")
@click.version_option(package_name="affinity-search")
def main(debug: bool) -> None:
    """Personalisation that runs inside a shop's search engine."""
