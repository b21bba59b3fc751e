"""The `affinity` command: one file per command group; a command parses, calls one library function, prints."""

from __future__ import annotations

import importlib
import traceback
from typing import Any

import click

from affinity_search.errors import AffinityError
from affinity_search.extras import missing_extra

__all__ = ["main"]

# Where each command lives, and what `affinity --help` says of it. A file is imported only when its command is asked
# for, so that `--help` stays quick and a missing extra breaks only the commands that need it.
COMMANDS = {
    "init": ("init:init", "Write a commented affinity.yaml by looking at the data."),
    "check": ("check:check", "Say what the files hold: do events and items meet, which types count..."),
    "validate": ("validate:validate", "Check affinity.yaml and say in one line what it asks for"),
    "schema": ("validate:schema", "Print the JSON Schema of affinity.yaml, for editors."),
    "engine": ("engine:engine", "Run a real OpenSearch on this machine"),
    "adopt": ("adopt:adopt", "Use an index that others make and write"),
    "items": ("items:items", "Load the items, take in their values, check their keys, refresh their popularity."),
    "events": ("events:events", "Take shopper events in, and see what is held."),
    "profiles": ("profiles:profiles", "Build the shoppers' profiles, publish them to the engine, show one."),
    "render": ("templates:render", "Print the search template, or with --params the query that the engine..."),
    "plan": ("deploy:plan", "Show what `apply` would change in the engine"),
    "apply": ("deploy:apply", "Give the engine what affinity.yaml wants."),
    "wrap": ("deploy:wrap", "Personalise a stored template of yours, beside it or in place."),
    "rollback": ("deploy:rollback", "Reverse the last apply that is not yet reversed"),
    "status": ("deploy:status", "Show the engine, what it holds of this configuration"),
    "search": ("search:search", "Search through the deployed template."),
    "explain": ("search:explain", "Say for each hit why this shopper sees it where it stands."),
    "evaluate": ("evaluate:evaluate", "Measure what personalisation changes for the shop in a folder."),
    "tune": ("tune:tune", "Find the shop's own numbers on its last purchases, and propose them."),
    "demo": ("demo:demo", "Take a shop into a real engine and show one query for two shoppers."),
}


class _Commands(click.Group):
    """A group that imports a command's file when the command is first asked for and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        try:
            found: click.Command = getattr(importlib.import_module(f"affinity_search.cli.{module}"), name)
        except ModuleNotFoundError as error:
            raise missing_extra(error) from error
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])

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
