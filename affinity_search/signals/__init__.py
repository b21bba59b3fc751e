"""What the events say of a shopper: one file per signal, found by being here (see `signal`)."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from affinity_search.signals.signal import Evidence, Part, Settings, Signal

__all__ = ["Evidence", "Part", "all_signals", "parts", "reserved_names", "reweighed", "signal_of"]


@cache
def all_signals() -> tuple[Signal, ...]:
    """Every signal: the `SIGNAL` of each module here that has one, in the order of the modules' names."""
    modules = [import_module(f"{__name__}.{name}") for name in sorted(found.name for found in iter_modules(__path__))]
    return tuple(module.SIGNAL for module in modules if hasattr(module, "SIGNAL"))


def signal_of(name: str) -> Signal:
    """The signal that a list of this name belongs to: the one so called, or that whose lists are named by the shop."""
    known = {signal.name: signal for signal in all_signals()}
    return known.get(name) or known[""]


def parts(settings: Settings) -> dict[str, Part]:
    """The lists that the configuration switches on, by name: attributes in the order of the file, then the others."""
    return {part.name: part for signal in all_signals() for part in signal.parts(settings)}


def reweighed(before: Settings, after: Settings) -> list[str]:
    """The lists of one configuration whose weights are not those of the other one, or that the other does not have."""
    known = {name: part.depends for name, part in parts(before).items()}
    return [name for name, part in parts(after).items() if known.get(name) != part.depends]


def reserved_names() -> frozenset[str]:
    """The names that no attribute may have."""
    return frozenset({"relevance", *(signal.name for signal in all_signals() if signal.name)})
