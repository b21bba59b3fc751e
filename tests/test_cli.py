"""The command as a whole: every command is there, help is quick, errors become exit codes."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import COMMANDS, main
from affinity_search.errors import AffinityError, ConfigError, DataError, EngineUnavailable, MissingResource
from docs.generate_cli import PAGE, page

HEAVY = {"duckdb", "elasticsearch_dsl", "jinja2", "numpy", "opensearchpy", "pydantic", "yaml"}


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="affinity")


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found, f"{context.command_path} {name}"
            yield from walk(found, click.Context(found, parent=context, info_name=name))


EVERY = dict(walk(main, click.Context(main, info_name="affinity", **main.context_settings)))


def test_the_commands_are_those_of_the_tour() -> None:
    assert [name for name in EVERY if name.count(" ") == 1] == [f"affinity {name}" for name in COMMANDS]
    assert {
        "affinity engine start", "affinity engine status", "affinity engine stop",
        "affinity items load", "affinity items signals",
        "affinity events ingest",
        "affinity profiles build", "affinity profiles publish", "affinity profiles show",
    } <= EVERY.keys()  # fmt: skip


@pytest.mark.parametrize("path", EVERY)
def test_every_command_explains_itself_and_its_options(path: str) -> None:
    command = EVERY[path]
    assert command.help, path
    assert command.help.splitlines()[0].endswith("."), path
    options = [option for option in command.params if isinstance(option, click.Option)]
    unsaid = [option.opts for option in options if not option.help and option.name not in ("help", "version")]
    assert unsaid == [], path


@pytest.mark.parametrize("path", EVERY)
def test_every_command_has_a_help_page(path: str) -> None:
    shown = run([*path.split()[1:], "--help"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith(f"Usage: {path} ")


def test_the_reference_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_an_unknown_command_or_option_exits_with_2() -> None:
    for arguments in (["nonsense"], ["--nonsense"], ["items", "nonsense"], ["search"], ["plan", "--nonsense"]):
        shown = run(arguments)
        assert shown.exit_code == 2, arguments
        assert "Usage: " in shown.stderr, arguments


def test_the_version_is_that_of_the_distribution() -> None:
    try:
        version = importlib.metadata.version("affinity-search")
    except importlib.metadata.PackageNotFoundError:
        pytest.fail("affinity-search is not installed here: run `make setup`")
    assert run(["--version"]).output == f"affinity, version {version}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import json, sys\n"
        "from affinity_search.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert set(json.loads(done.stderr)) & HEAVY == set()
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_help_says_of_each_command_what_its_own_help_says() -> None:
    shown = {line.split()[0]: line for line in run(["--help"]).output.splitlines() if line.strip()}
    for name in COMMANDS:
        said = shown[name].split(maxsplit=1)[1].removesuffix("...")
        assert EVERY[f"affinity {name}"].get_short_help_str(limit=200).startswith(said), name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AffinityError("it broke"), 1),
        (ConfigError("it broke"), 2),
        (EngineUnavailable("it broke"), 4),
        (MissingResource("it broke"), 5),
        (DataError("it broke"), 6),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_an_exit_code(
    error: AffinityError, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise error

    monkeypatch.setattr("affinity_search.cli.validate.load_config", fail)
    shown = run(["validate"])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (code, "", "error: it broke\n")


def test_the_hint_stands_below_and_the_trace_only_with_debug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain, traced = run(["validate"]), run(["--debug", "validate"])
    said = "error: affinity.yaml: expected a file, found none\n  `affinity init` writes one from your data.\n"
    assert (plain.exit_code, plain.stdout, plain.stderr) == (2, "", said)
    assert traced.exit_code == 2
    assert traced.stderr.startswith("Traceback (most recent call last):\n")
    assert "affinity_search.errors.ConfigError: affinity.yaml" in traced.stderr
    assert traced.stderr.endswith(said)
