"""The evaluation of a data folder: staged in an engine under names of its own, which are gone at the end."""

from __future__ import annotations

import re
import secrets
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from affinity_search.config import Config
from affinity_search.engine import Engine
from affinity_search.evaluation.against import Against, ask_other, set_against
from affinity_search.evaluation.answers import Progress
from affinity_search.evaluation.evaluation import Evaluation, evaluate
from affinity_search.extras import extra_module
from affinity_search.offline.own_log import cut_log
from affinity_search.offline.queries import Query, look_derived, read_queries, sample_places
from affinity_search.sandbox import Files, Say, find_files, open_sandbox
from affinity_search.tuning.files import suggest_from_files

__all__ = ["FolderEvaluation", "evaluate_folder"]

MOST_DERIVED = 20_000
"""Queries taken of a log that was cut, where no sample is asked for; the report says of how many."""
FROM_CLASSES = "derived from purchases: each is the name of the class of what was bought"


@dataclass(frozen=True)
class FolderEvaluation:
    """The outcome for a folder by that name.

    `origin` says where the queries come from, `derived` is True where they were made from what was bought. `held` is
    how many queries there were before a sample was taken; `suggested` is True where the configuration is what
    `affinity init` chooses from the training events. `against` is there where another configuration was
    asked the same.
    """

    name: str
    outcome: Evaluation
    origin: str
    derived: bool
    held: int
    suggested: bool
    against: Against | None = None

    def as_json(self) -> dict[str, Any]:
        """The evaluation as plain JSON values; a number that cannot be said is None."""
        from affinity_search.evaluation.report import as_json

        return as_json(self)


@dataclass(frozen=True)
class _Test:
    training: Files
    queries: list[Query]
    held: int
    origin: str
    derived: bool


def evaluate_folder(
    engine: Engine,
    folder: Path,
    *,
    config: Config | None = None,
    against: tuple[str, Config] | None = None,
    split: date | None = None,
    sample: int | None = None,
    seed: int = 0,
    live_items: bool = False,
    say: Say = lambda _: None,
    progress: Progress = lambda *_: None,
) -> FolderEvaluation:
    """The evaluation of the shop in `folder`, with the `config` given or what `affinity init` chooses for it.

    The engine holds the shop meanwhile under names that begin with `evaluate-`; they are removed also on an error.
    The queries are those of the folder. Without such a file, or with `split`, the events are cut in time: the later
    purchases become queries, 20,000 of them at most, only the earlier events train. `sample` takes that many queries.
    With `live_items` the searches go to the item index of the configuration, which is only read, and whose items are
    taken in place of the folder's. `against` is the name of another configuration and itself: the same queries are then
    asked with it, too.

    Raises ConfigError without the packages of the extras, DataError where the folder cannot be used, EngineError.
    """
    extra_module("duckdb")
    extra_module("ir_measures")
    shop = folder.resolve().name
    with tempfile.TemporaryDirectory(prefix="affinity-evaluate-") as work:
        test = _test(find_files(folder), Path(work), split, config, (sample, seed))
        queries = test.queries
        say(f"queries: {len(queries):,} of {test.held:,}, {test.origin}")
        chosen = config or _suggested(test.training, say)
        place = open_sandbox(engine, chosen, test.training, _own_name(shop), say, live_items=live_items)
        with place as (state, deployed):
            outcome = evaluate(engine, state, deployed, queries, seed=seed, progress=progress)
        other = None
        if against:
            name, config_of_other = against
            say(f"against {name}")
            place = open_sandbox(engine, config_of_other, test.training, _own_name(shop), say, live_items=live_items)
            with place as (_, deployed):
                rankings = ask_other(engine, deployed, queries, progress)
            other = set_against(outcome, name, config_of_other, rankings)
    shown = replace(outcome, config=chosen)
    return FolderEvaluation(shop, shown, test.origin, test.derived, test.held, config is None, other)


def _test(
    files: Files, work: Path, split: date | None, config: Config | None, draw: tuple[int | None, int] = (None, 0)
) -> _Test:
    """What to train on and what to ask; `draw` is the size of the sample, if one is asked for, and its seed."""
    sample, seed = draw
    if files.queries and not split:
        queries = read_queries(files.queries)
        derived = look_derived(queries)
        origin = FROM_CLASSES if derived else f"from {files.queries.name}"
        places = sample_places([query.user for query in queries], sample or len(queries), seed)
        return _Test(files, [queries[n] for n in places], len(queries), origin, derived)
    log = cut_log(files.items, files.events, work, split, config)
    training = replace(files, events=log.training, cut=True)
    asked = log.queries(sample or MOST_DERIVED, seed)
    return _Test(training, asked, len(log.wanted), f"derived from the {log.split.word}s since {log.since}", True)


def _suggested(training: Files, say: Say) -> Config:
    say(f"init: looking at {training.items.name} and {training.events.name}")
    return suggest_from_files(training.items, [training.events]).suggestion.config


def _own_name(shop: str) -> str:
    plain = re.sub("[^a-z0-9]+", "-", shop.lower()).strip("-")[:30]
    return f"evaluate-{plain or 'shop'}-{secrets.token_hex(4)}"
