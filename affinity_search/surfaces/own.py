"""The search template made from a body that the team wrote itself (`search.body`), or from a query (`search.query`).

The body stays as it is; docs/decisions has what is put into it and why no score changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affinity_search.config.model import Config
from affinity_search.config.source import read_text
from affinity_search.errors import ConfigError
from affinity_search.surfaces.fragment import USER, personal_of
from affinity_search.surfaces.injection import injected, taken_out
from affinity_search.surfaces.mustache import Tag, parameters, place, render, tags
from affinity_search.surfaces.scan import pairs, pieces
from affinity_search.surfaces.shape import shape_of
from affinity_search.surfaces.template import Template

__all__ = [
    "body_template",
    "largest_size",
    "own_notes",
    "own_query",
    "personalised_twin",
    "trial_bodies",
    "trial_parameters",
]

ANY_VALUE = "1"
MOST_TRIALS = 24


def body_template(config: Config, path: Path) -> Template:
    """The template of the body in the file; raises ConfigError, with the place in it, where it cannot be one."""
    text = read_text(path, hint="search.body names a file beside affinity.yaml.")
    return personalised_twin(config, text, config.search.template, f"search.body: {path.name}")


def largest_size(config: Config) -> int:
    """The most hits that `search.body` asks for by itself; 0 without a body, or where it does not say."""
    path = config.search.body
    if path is None:
        return 0
    text = taken_out(read_text(path, hint="search.body names a file beside affinity.yaml."))
    return _largest(trial_bodies(text, f"search.body: {path.name}"))


def personalised_twin(config: Config, text: str, name: str, where: str) -> Template:
    """The template `name` that is this body with the personal part; `where` is what messages call the body.

    What an earlier version of this package put into it is taken out first.
    """
    original = taken_out(text)
    _refuse_own_user(original, where)
    bodies = trial_bodies(original, where)
    _refuse_beyond_window(config, bodies, where)
    _refuse_sum(config, original, bodies, where)
    version = hashlib.sha256(_source(config, original, name, where).encode()).hexdigest()[:8]
    return Template(name, version, _source(config, original, f"{name}-{version}", where), original=original)


def own_query(path: Path) -> str:
    """The query in the file, as Mustache; raises ConfigError where it is no JSON object of one kind of query."""
    where = f"search.query: {path.name}"
    text = taken_out(read_text(path, hint="search.query names a file beside affinity.yaml."))
    _refuse_own_user(text, where)
    trial_bodies(text, where)
    keys = {pair.key for pair in pairs(text, where)}
    if keys & {"query", "hybrid", "size"} or len(keys) > 1:
        raise ConfigError(
            f'{where}: expected one query, such as {{"match": ...}}, got {", ".join(sorted(keys))}',
            hint="A whole body, and a hybrid query, belong in search.body.",
        )
    return text


def own_notes(text: str, where: str) -> Iterator[str]:
    """What of a body works and may still not be as meant, one line each: raw values, a rescore, no parameter `q`."""
    for tag in _raw(text, where):
        yield (
            f"{where}:{place(text, tag.start)}: {text[tag.start : tag.end]}: expected values that are escaped, got one "
            "that is printed raw: a value with quotes changes the query. {{name}} in quotes is escaped"
        )
    names = parameters(text, where)
    if "q" not in names:
        yield (
            f"{where}: expected the parameter q for the words of a search, got {', '.join(names) or 'no parameter'}: "
            "name it q, or send it with `affinity search --param NAME=VALUE` (`params` of the client)"
        )
    for mode in {mode for body in trial_bodies(text, where) for mode in _modes(body)} - {"multiply"}:
        yield (
            f"{where}: rescore.query.score_mode: expected multiply, or a rescore that stands before the personal one, "
            f"got {mode}: it stays as it is and comes first, and the personal one multiplies what it made"
        )


def trial_parameters(text: str, where: str) -> list[dict[str, Any]]:
    """Parameters to try a body with: none, all, each alone, and all but each, up to 24 of them."""
    names = [name for name in parameters(text, where) if "." not in name and name != USER]
    everything: dict[str, Any] = dict.fromkeys(names, ANY_VALUE)
    alone = [{name: ANY_VALUE} for name in names]
    without = [{n: v for n, v in everything.items() if n != name} for name in names]
    found = [{}, everything, *(one for pair in zip(alone, without, strict=True) for one in pair)]
    return found[:MOST_TRIALS]


def _source(config: Config, original: str, label: str, where: str) -> str:
    personal = personal_of(config, label)
    return injected(original, label, personal, all_hits=config.search.shape == "function_score", name=where)


def trial_bodies(text: str, where: str) -> list[Any]:
    """What the body becomes with trial parameters; raises ConfigError where nothing makes it a JSON object."""
    found, said = [], ""
    for values in trial_parameters(text, where):
        rendered = render(text, values, where)
        try:
            body = json.loads(" ".join(piece.text for piece in pieces(rendered, where)))
        except ConfigError as error:
            said = said or error.message
        except ValueError:
            said = said or f"{where}: expected JSON when rendered with {sorted(values) or 'no parameters'}, got " + (
                _fault(rendered)
            )
        else:
            found.append(body)
    if not any(isinstance(body, dict) for body in found):
        got = said or f"{where}: expected a JSON object, got {json.dumps(found[0])[:60]}"
        raise ConfigError(got, hint="Take a body that your search sends today, and put {{q}} where its words stand.")
    return [body for body in found if isinstance(body, dict)]


def _fault(rendered: str) -> str:
    try:
        json.loads(rendered)
    except json.JSONDecodeError as error:
        if not rendered.strip():
            return "nothing"
        line = rendered.split("\n")[error.lineno - 1]
        return f"{line.strip()[:60]!r} ({error.msg} at {error.lineno}:{error.colno})"
    return "none"


def _refuse_own_user(text: str, where: str) -> None:
    for tag in tags(text, where):
        if tag.kind not in ("close", "comment") and tag.name.split(".")[0] == USER:
            raise ConfigError(
                f"{where}:{place(text, tag.start)}: expected the parameter {USER} for personalisation alone, got "
                f"{text[tag.start : tag.end]}",
                hint=f"Give yours another name, such as account_id. A personal rescore with {USER} that was pasted in "
                "by hand can go: it is put in for you.",
            )


def _refuse_beyond_window(config: Config, bodies: list[Any], where: str) -> None:
    size = _largest(bodies)
    if size > config.search.window:
        raise ConfigError(
            f"{where}: size: expected at most search.window ({config.search.window}), got {size}",
            hint=f"Set search.window: {size} to personalise all of them (index.max_rescore_window of the items "
            "bounds it), or a lower size.",
        )


def _largest(bodies: list[Any]) -> int:
    return max((_whole(body.get("size")) for body in bodies), default=0)


def _refuse_sum(config: Config, text: str, bodies: list[Any], where: str) -> None:
    """Functions multiply before a rescore of theirs: where that adds, a score is not relevance times factor."""
    shape = shape_of(text, pairs(text, where), all_hits=config.search.shape == "function_score", name=where)
    modes = {mode for body in bodies for mode in _modes(body)} - {"multiply"}
    if modes and not shape.rescored:
        raise ConfigError(
            f"{where}: rescore.query.score_mode: expected multiply beside functions that boost every hit, got "
            f"{', '.join(sorted(modes))}: the bound max_boost would not hold",
            hint="Set search.shape: rescore; the personal rescore then comes behind yours, whatever its score_mode.",
        )


def _modes(body: Any) -> list[str]:
    """How the rescorers of a body combine scores; `total` where one does not say."""
    rescore = body.get("rescore", [])
    each = rescore if isinstance(rescore, list) else [rescore]
    return [str(one.get("query", {}).get("score_mode", "total")) for one in each if isinstance(one, dict)]


def _raw(text: str, where: str) -> list[Tag]:
    found = list(tags(text, where))
    return [tag for tag in found if tag.kind == "raw" or (tag.kind == "open" and tag.function)]


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
