"""The pages name only what exists: links, commands, options, configuration keys, parameters and make targets."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from affinity_search.cli import main
from affinity_search.config import Config, config_schema, parse_config
from affinity_search.errors import AffinityError
from affinity_search.surfaces import build_templates
from affinity_search.surfaces.check import parameter_names
from tests.doc_blocks import ROOT, blocks, pages

LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"`(affinity [^`]+)`")
INDENTED = re.compile(r"^ {4}(affinity .+)$", re.MULTILINE)
KEY = re.compile(rf"`((?:{'|'.join(Config.model_fields)})\.[\w.]+)`")
TARGET = re.compile(r"^([a-z-]+):.*## (.+)$", re.MULTILINE)
FILE_NAME = re.compile(r"\.(csv|gz|jsonl|md)$")
SCHEMA = config_schema()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    assert [link for link in LINK.findall(text_of(page)) if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(text_of(index))}
    assert {name_of(page) for page in pages() if page.is_relative_to(index.parent) and page != index} == {
        name_of(page) for page in linked if page.is_relative_to(index.parent)
    }


def commands(page: Path) -> Iterator[str]:
    text = text_of(page)
    yield from COMMAND.findall(text)
    yield from INDENTED.findall(text)
    for block in blocks(page):
        if block.language == "bash":
            lines = block.text.replace("\\\n", " ").splitlines()
            yield from (line for line in lines if line.startswith("affinity "))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = [command for command in commands(page) if not is_known(command)]
    assert wrong == []


def is_known(line: str) -> bool:
    """True for a line whose first words lead to a command that has every option given; `a | b` stands for both."""
    alternatives = re.split(r" \| (?!jq)", line.split(" | jq")[0])
    first = shlex.split(alternatives[0], comments=True)
    lines = [first, *([*first[:-1], *shlex.split(other)] for other in alternatives[1:])]
    return all(leads_to_a_command(words[1:]) for words in lines)


def leads_to_a_command(words: list[str]) -> bool:
    command: click.Command = main
    options = {option for parameter in main.params for option in parameter.opts}
    for word in words:
        if word.startswith("-"):
            if word.split("=")[0] not in options and word not in ("...", "--help", "--version"):
                return False
        elif isinstance(command, click.Group) and word != "...":
            found = command.get_command(click.Context(command), word)
            if found is None:
                return False
            command = found
            options |= {option for parameter in found.params for option in parameter.opts}
    return True


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_keys_of_the_configuration_exist(page: Path) -> None:
    named = [key for key in KEY.findall(text_of(page)) if not FILE_NAME.search(key)]
    assert [key for key in named if not in_schema(SCHEMA, key.split("."))] == []


def in_schema(schema: dict[str, Any], parts: list[str]) -> bool:
    """True where the parts lead through the schema; a mapping takes any name."""
    if not parts:
        return True
    for option in (schema, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        found = SCHEMA["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option
        deeper = found.get("properties", {}).get(parts[0], found.get("additionalProperties"))
        if isinstance(deeper, dict) and in_schema(deeper, parts[1:]):
            return True
    return False


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_configurations_shown_are_valid(page: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml" and "attributes:" in block.text:
            try:
                parse_config(block.text)
            except AffinityError as error:
                pytest.fail(f"{page}:{block.line}: {error}")


def test_the_request_page_has_every_parameter_of_the_template() -> None:
    declared = "{facets: [brand], filters: {seller: seller}, ranges: {rating: rating}}"
    attributes = "{brand: {field: attrs.brand}}"
    config = parse_config(
        f"{{events: {{types: {{purchase: {{weight: 1}}}}}}, attributes: {attributes}, search: {declared}}}"
    )
    [template] = build_templates(config)
    rows = re.findall(r"^\| ((?:`[\w.<>]+`(?:, )?)+) \|", text_of(ROOT / "docs/reference/request.md"), re.MULTILINE)
    shown = {name for row in rows for name in re.findall(r"`([\w.<>]+)`", row)}
    names = {"s.brand": "s.<attribute>", ".seller": ".<filter>", ".rating": ".<range>"}
    wanted = set(parameter_names(template))
    for name, generic in names.items():
        wanted = {one.replace(name, generic) for one in wanted}
    assert wanted <= shown


def test_the_readme_and_continuous_integration_run_the_same_tests() -> None:
    readme, makefile = text_of(ROOT / "README.md"), text_of(ROOT / "Makefile")
    targets = dict(TARGET.findall(makefile))
    named = set(re.findall(r"\bmake ([a-z-]+)", readme))
    assert {"demo", "demo-stop", "test", "bench-latency"} <= named <= targets.keys()
    assert "make test\n" in [block.text for block in blocks(ROOT / "README.md")]
    assert "exec make test " in text_of(ROOT / ".ci" / "run")


def test_the_lock_has_every_requirement_with_hashes_and_no_address() -> None:
    lock = text_of(ROOT / "requirements.lock")
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    extras = project["project"]["optional-dependencies"]
    wanted = [
        *project["project"]["dependencies"],
        *(text for name, texts in extras.items() if name != "all" for text in texts),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    locked = re.findall(r"^([a-z0-9-]+)==\S+(?: ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    assert {re.split(r"[<>=~!\[ ;]", text)[0].lower() for text in wanted} <= set(locked)
    assert len(locked) == len(re.findall(r"^\w\S*==", lock, re.MULTILINE))
    assert "://" not in lock
