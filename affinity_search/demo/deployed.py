"""A data folder deployed for the demonstration, with the configuration that its own data suggests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from affinity_search.config import Config, load_config
from affinity_search.engine import Engine
from affinity_search.sandbox import Files, Say, fill_sandbox, find_files, remove_sandbox, sandbox_names
from affinity_search.tuning.files import suggest_from_files
from affinity_search.tuning.suggestion import Suggestion
from affinity_search.tuning.write import write_yaml

__all__ = ["Demo", "deploy_demo"]


@dataclass(frozen=True)
class Demo:
    """A deployed demonstration: its engine, its configuration and the file that holds it."""

    engine: Engine
    config: Config
    config_path: Path
    files: Files


def deploy_demo(engine: Engine, data: Path, work: Path, name: str, say: Say) -> Demo:
    """The shop in the folder `data`, deployed under names that begin with `name`; what stood there before is replaced.

    `work` gets the configuration and the state. Raises DataError where the folder lacks items or events.
    """
    files = find_files(data)
    shutil.rmtree(work / ".affinity", ignore_errors=True)  # the state of the last run, and nothing else in the folder
    work.mkdir(parents=True, exist_ok=True)
    say(f"init: looking at {files.items.name} and {files.events.name}")
    config_path = work / "affinity.yaml"
    config_path.write_text(_configuration(files, engine, name), encoding="utf-8")
    config = load_config(config_path)
    remove_sandbox(engine, name)
    fill_sandbox(engine, config, files, say)
    return Demo(engine, config, config_path, files)


def _configuration(files: Files, engine: Engine, name: str) -> str:
    suggestion = suggest_from_files(files.items, [files.events]).suggestion
    return write_yaml(Suggestion(sandbox_names(suggestion.config, engine.url, name), suggestion.reasons))
