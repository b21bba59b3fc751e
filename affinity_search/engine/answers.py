"""Parts of an engine's answer, each of the kind that is expected: whoever answers, nothing else is ever worked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from affinity_search.engine.protocol import Engine
from affinity_search.errors import BrokenAnswer, EngineFailed

__all__ = ["expect_whole", "part", "partial"]

T = TypeVar("T")

KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    bool: "true or false",
}


def part(engine: Engine, answer: object, kind: type[T], *keys: str) -> T:
    """The part of the answer at these keys, one below the other; the answer itself without any.

    Raises BrokenAnswer where there is none, or one of another kind: what answers is no search engine, or an odd one.
    """
    found = answer
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        where = f" at {'.'.join(keys)}" if keys else ""
        raise BrokenAnswer(
            f"{engine.url}: expected an answer with {KINDS[kind]}{where}, got {_shown(found)}",
            hint="Is this the address of a search engine? engine.url in affinity.yaml says where to look.",
        )
    return found


def expect_whole(engine: Engine, answer: Mapping[str, Any], what: str) -> None:
    """Raises EngineFailed where only a part of the shards answered, or the time was up before all of them had."""
    if finding := partial(answer):
        raise EngineFailed(
            f"{engine.url}: {what}: expected an answer of all shards, {finding}",
            hint="Is a node away, or the cluster overloaded? Run the same command again when its health is not red.",
        )


def partial(answer: Mapping[str, Any]) -> str:
    """What makes the answer a partial one, such as "1 of 3 shards failed"; empty for a whole one."""
    shards = answer.get("_shards")
    failed, total = (shards.get("failed", 0), shards.get("total", 0)) if isinstance(shards, dict) else (0, 0)
    if failed:
        return f"{failed} of {total} shards failed"
    return "the time was up" if answer.get("timed_out") is True else ""


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
