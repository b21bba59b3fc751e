"""Stored templates of others, personalised: a twin beside each (`ID-personalised`), or the template itself in place.

The ledger says which ones there are, and each says itself what it was before: a later `apply` makes them anew with the
strengths and lists of that day, a twin from the template as it is then.
"""

from __future__ import annotations

from affinity_search.config.findings import meant
from affinity_search.config.model import Config
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.store import read
from affinity_search.engine import Engine
from affinity_search.engine.scripts import script_names
from affinity_search.errors import ConfigError
from affinity_search.surfaces import Template
from affinity_search.surfaces.injection import is_injected
from affinity_search.surfaces.own import personalised_twin

__all__ = ["SUFFIX", "known_twins", "twin"]

SUFFIX = "-personalised"
MOST_NAMED = 8


def twin(config: Config, engine: Engine, name: str, *, in_place: bool) -> Template:
    """The stored template `name` as it is now, personalised, under its own name or that of its twin.

    Raises ConfigError where there is none, or where it cannot be personalised.
    """
    source = read(engine, "script", name)
    if source is None:
        names = script_names(engine)
        hint = meant(name, names) or f"; there are {', '.join(names[:MOST_NAMED]) or 'no stored templates'}"
        raise ConfigError(f"{engine.url}: expected a stored template {name}, found none{hint}")
    return personalised_twin(config, source, name if in_place else f"{name}{SUFFIX}", f"template {name}")


def known_twins(config: Config, engine: Engine, last: LedgerEntry | None) -> tuple[Template, ...]:
    """The templates that this deployment has personalised and not rolled back, as they are to be now.

    Those whose original is gone are left as they are.
    """
    names = [name for name in _wrapped(last) if name != config.search.template]
    found = []
    for name in names:
        beside = name.removesuffix(SUFFIX)
        original = beside if name.endswith(SUFFIX) else name
        if read(engine, "script", original) is not None:
            found.append(twin(config, engine, original, in_place=original == name))
    return tuple(found)


def _wrapped(last: LedgerEntry | None) -> list[str]:
    """The stable names among the scripts that bear the personal part and call themselves by that name."""
    scripts = [change for change in last.changes if change.kind == "script"] if last else []
    return [
        change.name
        for change in scripts
        if change.after and not change.is_others and is_injected(change.after)
        if f'"template|{change.name}-' in change.after
    ]
