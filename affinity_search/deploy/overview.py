"""Where a deployment stands: what the engine holds, whether that is what was applied, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from affinity_search.config.model import Config
from affinity_search.deploy.artefact import Artefact, Kind, artefacts, digest, script_artefacts
from affinity_search.deploy.changes import holds, mappings_of
from affinity_search.deploy.drift import drift_since, foreign_of
from affinity_search.deploy.ledger import LedgerEntry, check_ledger, last_entry, recent_entries
from affinity_search.deploy.mappings import conflicts
from affinity_search.deploy.probe import NOT_PROBED, Probe, probe
from affinity_search.deploy.published import advice_on_documents, is_outdated, last_publication, remedy
from affinity_search.deploy.store import Key, count_documents, current
from affinity_search.deploy.twins import known_twins
from affinity_search.engine import Engine, EngineInfo
from affinity_search.engine.settings import read_cluster_setting
from affinity_search.errors import EngineFailed, EngineOverloaded, RefusedRequest
from affinity_search.plain import plain
from affinity_search.profiles.publication import Publication
from affinity_search.surfaces import Template, build_templates

__all__ = ["ArtefactState", "Documents", "Status", "status", "status_of"]

T = TypeVar("T")
State = Literal["in step", "pending", "absent", "drift", "foreign"]
EXPENSIVE = "search.allow_expensive_queries"


@dataclass(frozen=True)
class ArtefactState:
    """`in step` with the configuration, `pending` (an apply would change it), `absent`, or `drift` (changed by hand).

    `foreign`: others made it under a name of this deployment, so that an apply refuses. `digest` is the SHA-256 of what
    the engine holds, None where that is nothing.
    """

    kind: Kind
    name: str
    state: State
    digest: str | None


@dataclass(frozen=True)
class Documents:
    """Documents that searches see behind an alias; `count` is None where it is absent or refuses (`finding`).

    `published` is how many the last publication of profiles left there, None where that is not known.
    """

    role: Literal["lookups", "profiles", "items"]
    alias: str
    count: int | None
    finding: str = ""
    published: int | None = None


@dataclass(frozen=True)
class Status:
    """Everything `affinity status` says.

    `fixed` names the indexes whose mapping is not as wanted and cannot be changed in place. The profiles are `outdated`
    where they were built with another configuration; `remedy` are the commands that bring them up to date. `unread` are
    the refusals of an engine that had no room for some of the requests (429): what they ask for is left out.
    """

    url: str
    engine: EngineInfo
    artefacts: tuple[ArtefactState, ...]
    documents: tuple[Documents, ...]
    numeric_keys_allowed: bool
    entries: tuple[LedgerEntry, ...]
    publication: Publication | None = None
    outdated: bool = False
    remedy: str = ""
    fixed: tuple[str, ...] = ()
    probe: Probe = NOT_PROBED
    unread: tuple[str, ...] = ()
    keys: Literal["numeric", "keyword"] = "numeric"

    def as_json(self) -> dict[str, Any]:
        """The status as plain JSON values, newest ledger entry first."""
        shown = ("engine", "artefacts", "documents", "publication", "keys", "numeric_keys_allowed", "probe")
        return {
            "url": self.url,
            **{name: plain(getattr(self, name)) for name in shown},
            "ledger": [entry.as_json() for entry in self.entries],
            "advice": list(self.advice),
        }

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do, one line per thing that is missing or not as it was applied; empty where all is well."""
        states = {artefact.state for artefact in self.artefacts if artefact.name not in self.fixed}
        said = []
        if self.unread:
            said.append(f"The engine had no room to say everything ({self.unread[0]}): wait, then ask again.")
        if self.entries and self.entries[0].is_open:
            entry = self.entries[0]
            said.append(
                f"Ledger entry {entry.number} is running or was interrupted: `affinity {entry.kind}` finishes it."
            )
        if "drift" in states:
            said.append("Somebody changed what was applied: `affinity plan` shows it, `affinity apply` puts it right.")
        if foreign := [artefact.name for artefact in self.artefacts if artefact.state == "foreign"]:
            said.append(f"Others made {', '.join(foreign)}: `affinity plan` says how that is known, and the ways out.")
        elif states & {"absent", "pending"}:
            said.append("The engine is behind affinity.yaml: `affinity plan` shows what `affinity apply` would do.")
        said += [
            f"{name} has a mapping that cannot be changed in place: delete the index behind it. `affinity apply` makes "
            f"it anew, and to fill it: {self.remedy}."
            for name in self.fixed
        ]
        if self.outdated:
            said.append(f"The profiles were built with another configuration. To bring them up to date: {self.remedy}.")
        said += [line for documents in self.documents if (line := _advice(documents, self.remedy))]
        if self.keys == "numeric" and not self.numeric_keys_allowed:
            said.append(f"The cluster has {EXPENSIVE}: false and refuses lookups of numeric keys: set it to true.")
        said += [*self.probe.failures, *self.probe.notes]
        return tuple(said)


def status(config: Config, engine: Engine) -> Status:
    """Where the deployment of this configuration stands; nothing is written. Raises EngineError.

    What an engine without room (429) does not tell is left out, and `unread` says so.
    """
    nothing: tuple[Template, ...] = ()
    wrapped, unread = _with_patience(lambda: _wrapped(config, engine), nothing)
    found = status_of(config, engine, (*artefacts(config), *script_artefacts(wrapped)))
    templates = (*build_templates(config), *wrapped)
    looked, refusals = _with_patience(lambda: probe(config, engine, templates), NOT_PROBED)
    return replace(found, probe=looked, unread=(*unread, *found.unread, *refusals))


def _wrapped(config: Config, engine: Engine) -> tuple[Template, ...]:
    return known_twins(config, engine, last_entry(engine, config.ledger_index))


def status_of(config: Config, engine: Engine, wanted: tuple[Artefact, ...]) -> Status:
    """Where these artefacts stand; see `status`."""
    info = engine.info()
    deployed, no_deployment = _with_patience(lambda: _deployment(config, engine, wanted), _Deployment())
    publication, no_publication = _with_patience(lambda: last_publication(engine, config), None)
    allowed, no_setting = _with_patience(lambda: _numeric_keys_allowed(engine), True)
    left = (publication.lookups, publication.profiles) if publication else (None, None)
    return Status(
        url=engine.url,
        engine=info,
        artefacts=deployed.artefacts,
        documents=(
            _documents(engine, "lookups", config.lookup_index, left[0]),
            _documents(engine, "profiles", config.profile_index, left[1]),
            _documents(engine, "items", config.items.index, None),
        ),
        numeric_keys_allowed=allowed,
        entries=deployed.entries,
        publication=publication,
        outdated=is_outdated(publication, config),
        remedy=remedy(publication, config),
        fixed=deployed.fixed,
        unread=(*no_deployment, *no_publication, *no_setting),
        keys=config.items.keys,
    )


def _with_patience(read: Callable[[], T], otherwise: T) -> tuple[T, tuple[str, ...]]:
    """What was read; or what stands for it, with the refusal, where the engine has no room for the request."""
    try:
        return read(), ()
    except EngineOverloaded as error:
        return otherwise, (error.message,)


@dataclass(frozen=True)
class _Deployment:
    """What the ledger and the artefacts say; nothing where they could not be read."""

    artefacts: tuple[ArtefactState, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    fixed: tuple[str, ...] = ()


def _deployment(config: Config, engine: Engine, wanted: tuple[Artefact, ...]) -> _Deployment:
    ledger = config.ledger_index
    check_ledger(engine, ledger)
    last = last_entry(engine, ledger)
    keys = [(artefact.kind, artefact.name) for artefact in wanted]
    found = current(engine, (*keys, *(change.key for change in (last.changes if last else ()))))
    drifted = {change.key for change in drift_since(last, found)}
    foreign = {one.key for one in foreign_of(engine, ledger, last, {key: found[key] for key in keys})}
    return _Deployment(
        tuple(_state(artefact, found, drifted, foreign) for artefact in wanted),
        tuple(recent_entries(engine, ledger, last, 5)),
        tuple(artefact.name for artefact in wanted if _is_fixed(artefact, found[artefact.kind, artefact.name])),
    )


def _state(artefact: Artefact, found: Mapping[Key, str | None], drifted: set[Key], foreign: set[Key]) -> ArtefactState:
    key = artefact.kind, artefact.name
    body = found[key]
    held = holds(artefact.kind, body, artefact.body)
    state: State = "in step" if held else "pending"
    if key in foreign and not (held and artefact.kind != "index"):
        state = "foreign"
    elif key in drifted:
        state = "drift"
    elif body is None:
        state = "absent"
    return ArtefactState(*key, state, digest(body) if body is not None else None)


def _is_fixed(artefact: Artefact, body: str | None) -> bool:
    if artefact.kind != "index" or body is None:
        return False
    return bool(conflicts(mappings_of(body), mappings_of(artefact.body)))


def _documents(
    engine: Engine, role: Literal["lookups", "profiles", "items"], alias: str, published: int | None
) -> Documents:
    try:
        count = count_documents(engine, alias)
    except (EngineFailed, EngineOverloaded, RefusedRequest) as error:
        return Documents(role, alias, None, error.message, published)
    return Documents(role, alias, count, "" if count is not None else "absent", published)


def _advice(documents: Documents, remedy: str) -> str:
    if documents.finding == "absent":
        command = "items load FILE" if documents.role == "items" else "apply"
        return f"There is no {documents.alias} ({documents.role}): `affinity {command}` makes it."
    if documents.finding:
        return f"{documents.alias} ({documents.role}) does not answer: {documents.finding}"
    if documents.role != "items":
        name = f"{documents.alias} ({documents.role})"
        return advice_on_documents(name, documents.count or 0, documents.published, remedy)
    return "" if documents.count else f"{documents.alias} (items) is empty: `affinity items load FILE` fills it."


def _numeric_keys_allowed(engine: Engine) -> bool:
    return str(read_cluster_setting(engine, EXPENSIVE)).lower() != "false"
