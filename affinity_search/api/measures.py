"""What personalisation changes for a shop, and the numbers that gain: measured in an engine, which keeps nothing."""

from __future__ import annotations

from datetime import date
from os import PathLike
from pathlib import Path
from typing import Literal

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.evaluation.folder import FolderEvaluation, evaluate_folder
from affinity_search.sandbox import Files
from affinity_search.tuning.files import suggest_from_files
from affinity_search.tuning.tune import Tuning
from affinity_search.tuning.tune import tune as tune_files

__all__ = ["evaluate", "tune"]


def evaluate(
    engine: Engine,
    folder: str | PathLike[str],
    config: Config | None = None,
    *,
    against: tuple[str, Config] | None = None,
    split: date | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> FolderEvaluation:
    """The evaluation of the shop in a folder with `items`, `events` and, if there are any, `queries`.

    Without a `config` it is the one that `affinity init` chooses. `against` is the name of another configuration and
    itself, asked the same. With `split`, or without queries, the events are cut in time and the later purchases become
    queries; `sample` takes that many. The shop is in the engine under names of its own meanwhile. The same input and
    `seed` give the same answer. Raises ConfigError without the packages of the extras, DataError where the folder
    cannot be used, EngineError.
    """
    return evaluate_folder(engine, Path(folder), config=config, against=against, split=split, sample=sample, seed=seed)


def tune(
    engine: Engine,
    items: str | PathLike[str],
    events: str | PathLike[str],
    config: Config | None = None,
    *,
    objective: Literal["all", "novel", "mix"] = "mix",
) -> Tuning:
    """The numbers that surely gain for the shop in these files, beginning with those of `config`.

    Without one it begins with what `affinity init` chooses. `objective` is what has to gain: all purchases, those of
    items new to the shopper, or the mean of both. The last fifth of the purchases becomes the searches; the rest is in
    the engine under names of its own meanwhile. Raises DataError where nothing can be replayed, or where the engine
    does not give the scores that were computed.
    """
    files = Files(Path(items), Path(events), None)
    start = config or suggest_from_files(files.items, [files.events]).suggestion.config
    return tune_files(engine, files, start, objective)
