"""The tree in the docstring of `errors` is the tree of the classes, and its exit codes are theirs."""

from __future__ import annotations

import re

import pytest

from affinity_search import errors
from affinity_search.errors import AffinityError, ConfigError, EngineError

LINE = re.compile(r"^([│ ]*)(?:[├└]── )?(\w+) +(\d)   \S")


def drawn() -> dict[str, tuple[str, int]]:
    """(parent, exit code) of every class in the docstring; the parent of the first is Exception."""
    found: dict[str, tuple[str, int]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := LINE.match(line):
            depth = 0 if match[2] == "AffinityError" else len(match[1]) // 4 + 1
            path = [*path[:depth], match[2]]
            found[match[2]] = (path[-2] if depth else "Exception", int(match[3]))
    return found


def classes() -> dict[str, type[AffinityError]]:
    return {name: getattr(errors, name) for name in errors.__all__}


def test_the_drawn_tree_is_the_tree() -> None:
    assert drawn() == {name: (found.__base__.__name__, found.exit_code) for name, found in classes().items()}
    assert [name for name in vars(errors) if isinstance(getattr(errors, name), type)] == list(drawn())


def test_every_error_of_the_package_is_one_of_the_tree() -> None:
    for found in every_subclass(AffinityError):
        if found.__module__.startswith("affinity_search.") and found.__module__ != errors.__name__:
            assert found.exit_code == found.__base__.exit_code, found


def every_subclass(parent: type[AffinityError]) -> list[type[AffinityError]]:
    children = parent.__subclasses__()
    return [*children, *(below for child in children for below in every_subclass(child))]


def test_no_exit_code_is_taken_for_another_thing() -> None:
    codes = {found.exit_code for found in classes().values()}
    assert codes == {1, 2, 4, 5, 6, 7}  # 0 is success, 3 drift


@pytest.mark.parametrize("found", classes().values(), ids=lambda found: found.__name__)
def test_an_error_is_its_message_and_a_hint_below(found: type[AffinityError]) -> None:
    assert str(found("it broke")) == "it broke"
    assert str(found("it broke", hint="mend it")) == "it broke\n  mend it"


def test_an_engine_error_keeps_the_status() -> None:
    assert (EngineError("no", status=418).status, EngineError("no").status) == (418, 0)
    assert not hasattr(ConfigError("no"), "status")
