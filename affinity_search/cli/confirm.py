"""The question before something is changed, and the option that answers it beforehand."""

from __future__ import annotations

import sys

import click

from affinity_search.errors import ConfigError

__all__ = ["is_confirmed", "yes_option"]

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def is_confirmed(question: str) -> bool:
    """True where the next line of the standard input is y or yes.

    Raises ConfigError where there is none: nobody is there to answer.
    """
    click.echo(f"{question} [y/N] ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:
        click.echo(err=True)
        raise ConfigError("expected an answer on the standard input, got none", hint="`--yes` answers beforehand.")
    return answer.strip().lower() in ("y", "yes")
