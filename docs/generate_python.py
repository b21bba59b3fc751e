"""Writes docs/reference/python.md from the signatures and docstrings of the public names; `make docs` runs it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import affinity_search

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent / "reference" / "python.md"
WIDTH = 100
METHODS = classmethod | types.FunctionType | property
INTRODUCTION = """\
# Python

This page is generated from the package (`make docs`). Everything that the command does, a program can do, with the same
`affinity.yaml`:

```python
from datetime import UTC, datetime

import affinity_search as a

now = datetime.now(UTC)
config = a.load_config("affinity.yaml")
engine = a.connect(config)
with a.State(config) as state:
    a.ingest(state, config, ["events.csv"], now=now)
    a.load_items(engine, state, config, "items.jsonl", now=now)
    a.build_profiles(state, config, now=now)
    a.apply(engine, a.plan(engine, config), now=now)
    a.publish_profiles(engine, state, config)

client = a.Client.of(engine, config)
answer = client.search("running shoes", user_id="u42", size=3, track_total_hits=True)
print(answer.total, [hit.id for hit in answer.hits])
print(a.explain(client, config, "running shoes", "u42").personalised[0].sentence)
```

A test runs it against a real OpenSearch; with the files of its test shop it prints:

```text
9 ['s05', 's04', 's02']
You bought this before and you often choose brand Birch.
```

In an event loop the same search is awaited:

```python
import asyncio

import affinity_search as a


async def main() -> None:
    config = a.load_config("affinity.yaml")
    client = a.AsyncClient.of(a.connect(config), config)
    queries = ["running shoes", "jacket", "walking"]
    answers = await asyncio.gather(*(client.search(query, user_id="u42") for query in queries))
    print([answer.hits[0].id for answer in answers])


asyncio.run(main())
```

- Arguments stand in one order: engine, state, configuration, what is read, and the rest by name.
- `now` is a `datetime` with a time zone; no function looks at the clock instead.
- What a function returns is a frozen value; `as_json()` gives it as plain JSON values.
- The options of a search are the parameters of [the request](request.md), with `from_` in place of `from`.
- Errors are those of `affinity_search.errors`, all of them an `AffinityError` with a `message` and a `hint`. A wrong
  call (a `now` without a time zone, a state that is not open) is a `ValueError` or a `RuntimeError`.
- Nothing asks and nothing prints: `rollback` carries out what the command of that name would ask about first.
- What a name needs beyond the base (`pip install 'affinity-search[profiles]'`) is imported with the name.
"""
RETURNED = """\
# What comes back

The values that the names above return or hold.
"""


def page() -> str:
    """The page as Markdown: a section for each public name, then one for each value that these return."""
    offered = {name: getattr(affinity_search, name) for name in affinity_search.__all__}
    values = sorted(_returned(offered.values()) - {*offered.values()}, key=lambda value: value.__name__)
    sections = [_section(name, found) for name, found in offered.items()]
    return "\n".join([INTRODUCTION, *sections, RETURNED, *(_section(v.__name__, v) for v in values)])


def _section(name: str, found: Any) -> str:
    if inspect.isfunction(found):
        return f"## {name}\n\n{_described(name, found)}"
    return "\n".join([f"## {name}\n", *_class(name, found)])


def _class(name: str, found: type) -> Iterator[str]:
    yield f"```python\n{_signature(f'class {name}', found)}\n```\n\n{inspect.getdoc(found)}\n"
    shown = property if is_dataclass(found) and hasattr(found, "as_json") else METHODS
    for member, value in vars(found).items():
        if not member.startswith("_") and (isinstance(value, shown) or member == "as_json"):
            yield f"### {name}.{member}\n\n{_described(member, value)}"


def _described(name: str, found: Any) -> str:
    function = _function(found)
    head = {property: "@property\n", classmethod: "@classmethod\n"}.get(type(found), "")
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"```python\n{head}{_signature(f'{word} {name}', function)}\n```\n\n{inspect.getdoc(function)}\n"


def _function(found: Any) -> Any:
    return found.fget if isinstance(found, property) else getattr(found, "__func__", found)


def _signature(head: str, found: Any) -> str:
    """The signature on one line, or with a line for each parameter where it is longer than that."""
    signature = inspect.signature(found)
    parameters = [*_parameters(signature.parameters.values())]
    end = "" if isinstance(found, type) else f" -> {signature.return_annotation}"
    line = f"{head}({', '.join(parameters)}){end}"
    if len(line) <= WIDTH or not parameters:
        return line
    inner = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"{head}(\n{inner}){end}"


def _parameters(parameters: Iterable[inspect.Parameter]) -> Iterator[str]:
    by_name = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not by_name:
            by_name = True
            yield "*"
        yield _parameter(parameter)


def _parameter(parameter: inspect.Parameter) -> str:
    name = f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name
    kind = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
    if parameter.default is parameter.empty:
        return f"{name}{kind}"
    shown = "..." if repr(parameter.default).startswith("<") else repr(parameter.default)
    return f"{name}{kind} = {shown}"


def _returned(offered: Iterable[Any]) -> set[type]:
    """The values that the public names return or hold, all that say themselves as JSON."""
    found: set[type] = set()
    waiting = [kind for one in offered for kind in _kinds(one)]
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            waiting += _fields(kind)
    return {kind for kind in found if hasattr(kind, "as_json")}


def _kinds(offered: Any) -> Iterator[type]:
    functions = [offered] if inspect.isfunction(offered) else map(_function, _methods(offered))
    for function in functions:
        yield from _values(typing.get_type_hints(function).get("return"))


def _methods(found: type) -> list[Any]:
    return [value for name, value in vars(found).items() if not name.startswith("_") and callable(_function(value))]


def _fields(kind: type) -> list[type]:
    return [value for hint in typing.get_type_hints(kind).values() for value in _values(hint)]


def _values(hint: Any) -> Iterator[type]:
    """The dataclasses of this package in a type: Hit in tuple[Hit, ...]; a configuration is none."""
    if isinstance(hint, type) and is_dataclass(hint) and hint.__module__.startswith("affinity_search."):
        yield hint
    for inner in typing.get_args(hint):
        yield from _values(inner)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
