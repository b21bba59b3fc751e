"""Reads `affinity.yaml` and says what is wrong with it: address, expectation, finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from affinity_search.config.model import Config
from affinity_search.errors import ConfigError

__all__ = ["config_schema", "load_config", "parse_config"]


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, and says where a value stands that is none of its kind."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            said = f"a value that is none of its kind ({error})"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=node.start_mark) from None


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark)
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_config(path: Path) -> Config:
    """The configuration in the file; the relative paths in it are taken from the file's folder.

    Raises ConfigError where the file cannot be read, is no YAML or does not fit the model.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: expected a file, found none", hint="`affinity init` writes one from your data."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a readable UTF-8 file, got {error}") from None
    config = parse_config(text, name=path.name)
    return _from_folder(config, path.parent)


def _from_folder(config: Config, folder: Path) -> Config:
    state = config.state.model_copy(update={"path": folder / config.state.path})
    file = config.engine.ca_file
    engine = config.engine.model_copy(update={"ca_file": folder / file}) if file else config.engine
    return config.model_copy(update={"state": state, "engine": engine})


def parse_config(text: str, name: str = "affinity.yaml") -> Config:
    """The configuration in the YAML text; `name` stands in the messages of the ConfigError that it may raise."""
    try:
        data = _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise ConfigError(f"{where}: expected YAML, got {error.problem}") from None
    except RecursionError:
        raise ConfigError(f"{name}: expected YAML, got too many levels") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: expected YAML, got {str(error).splitlines()[0]}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: expected a mapping at the top, got {_kind(data)}")
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_finding(name, e) for e in error.errors(include_url=False))) from None


def _finding(name: str, error: Any) -> str:
    address = ".".join(str(part) for part in error["loc"] if part != "[key]")
    where = f"{name}: {address}: " if address else f"{name}: "
    if error["type"] == "value_error":
        said = str(error["ctx"]["error"])
        return f"{name}: {address}.{said}" if address else f"{name}: {said}"
    if error["type"] == "extra_forbidden":
        return f"{where}expected no such key, got {error['input']!r}"
    if error["type"] == "missing":
        return f"{where}expected a value, got none"
    return f"{where}{_expected(error['msg'])}, got {error['input']!r}"


def _expected(message: str) -> str:
    said = message.removeprefix("Input should be ")
    return f"expected {said}" if said != message else f"expected otherwise ({message})"


def _kind(data: object) -> str:
    return {type(None): "nothing", list: "a list", str: "text"}.get(type(data), type(data).__name__)


def config_schema() -> dict[str, Any]:
    """JSON Schema of `affinity.yaml`, for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "affinity.yaml", **schema}
