"""The text of `affinity.yaml` as values, and the line and column at which each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from affinity_search.errors import ConfigError

__all__ = ["LARGEST_BYTES", "Entry", "Source", "parse_source", "read_text"]

LARGEST_BYTES = 1 << 20
MOST_LEVELS = 50
IN_WORDS = {
    "found character '\\t' that cannot start any token": "a tab (indent with spaces)",
    "mapping values are not allowed here": "a second `:` in one line (a text with `: ` in it needs quotes)",
    "but found another document": "a second document (`---`)",
    "found unconstructable recursive node": "an alias inside the very value that it stands for",
}


class Entry(NamedTuple):
    """A key of a mapping and its value, as they stand in the text."""

    key: yaml.Node
    value: yaml.Node


@dataclass(frozen=True)
class Source:
    """The values of a YAML text; `entries` holds, by the identity of a mapping's node, its entries by key."""

    name: str
    data: dict[str, Any]
    root: yaml.Node
    entries: dict[int, dict[str, Entry]]

    def find(self, address: str) -> Entry | None:
        """The entry at a dotted address, or the one nearest above it; None where nothing above it is there."""
        node, found = self.root, None
        while entry := self._longest(node, address):
            key, found = entry
            node, address = found.value, address[len(key) + 1 :]
        return found

    def where(self, address: str, *, key: bool = False) -> str:
        """`affinity.yaml:3:12` of the value at the address; of its key where asked for, or where it is no scalar.

        Of an address that is not there, the place nearest above; the name alone where there is none.
        """
        entry = self.find(address)
        if entry is None:
            return self.name
        mark = (entry.value if isinstance(entry.value, yaml.ScalarNode) and not key else entry.key).start_mark
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"

    def _longest(self, node: yaml.Node, address: str) -> tuple[str, Entry] | None:
        # A key may hold dots itself (a field path), so that the longest one that fits is meant.
        fitting = [item for item in self.entries.get(id(node), {}).items() if f"{address}.".startswith(f"{item[0]}.")]
        return max(fitting, key=lambda item: len(item[0]), default=None)


def read_text(path: Path, hint: str = "`affinity init` writes one from your data.") -> str:
    """The file's text; raises ConfigError where it cannot be read, is too large or is no UTF-8.

    `hint` is what to do where there is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: expected a file, found none", hint=hint) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: expected a readable file, got {error}") from None
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{path}: expected at most {LARGEST_BYTES:,} bytes, got more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        got = f"the byte 0x{content[error.start]:02x}"
        raise ConfigError(f"{path}:{line}:{column}: expected UTF-8, got {got}", hint="Save it as UTF-8.") from None


def parse_source(text: str, name: str) -> Source:
    """The values in the text; raises ConfigError, with line and column, where it is no YAML or no mapping."""
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        data = loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise ConfigError(f"{where}: expected YAML, got {_in_words(error)}") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = f"{name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise ConfigError(f"{where}: expected YAML, got the control character {error.character!r}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: expected YAML, got {str(error).splitlines()[0]}") from None
    if root is None or not isinstance(data, dict):
        kinds = {type(None): "nothing", list: "a list", str: "text"}
        got = kinds.get(type(data), type(data).__name__)
        raise ConfigError(f"{name}: expected a mapping at the top, got {got}")
    return Source(name, data, root, loader.entries)


def _in_words(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context)
    if problem.startswith("could not determine a constructor for the tag"):
        return "a tag, which is not read here (a text that begins with ! needs quotes)"
    if problem.startswith("found undefined alias"):
        return "an alias whose anchor is not there (a text that begins with * needs quotes)"
    return IN_WORDS.get(problem, problem)


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, bounds the depth, and remembers where every entry stands."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.entries: dict[int, dict[str, Entry]] = {}
        self._level = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._level > MOST_LEVELS:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_LEVELS} levels", problem_mark=self.get_mark())
        self._level += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._level -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            said = f"a value that is none of its kind ({error})"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=node.start_mark) from None

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        """The mapping, its entries remembered."""
        found: dict[str, Any] = {}
        entries = self.entries.setdefault(id(node), {})
        for key, key_node, value_node in self._keyed(node):
            entries[key] = Entry(key_node, value_node)
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def _keyed(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            problem = _no_key(key_node)
            if not problem and key_node.value in seen:
                problem = f"key {key_node.value!r} stands twice, first in line {seen[key_node.value]}"
            if problem:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            seen[key_node.value] = key_node.start_mark.line + 1
            yield key_node.value, key_node, value_node


def _no_key(node: yaml.Node) -> str:
    """Why the node is no key; empty for one that is."""
    if not isinstance(node, yaml.ScalarNode):
        return f"a {'list' if isinstance(node, yaml.SequenceNode) else 'mapping'} as a key"
    if node.tag == "tag:yaml.org,2002:merge":
        return "a merge key (<<); write the keys out"
    kind = node.tag.rpartition(":")[2]
    return "" if kind == "str" else f"{node.value or 'nothing'} as a key, which YAML reads as {kind}: put it in quotes"


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _Loader.mapping)
