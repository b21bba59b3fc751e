"""Where a deployment stands: what the engine holds, whether that is what was applied, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from affinity_search.config.model import Config
from affinity_search.deploy.artefact import Artefact, Kind, artefacts, digest
from affinity_search.deploy.changes import holds
from affinity_search.deploy.ledger import LedgerEntry, last_entry, recent_entries
from affinity_search.deploy.planning import drift_since
from affinity_search.deploy.probe import NOT_PROBED, Probe, probe
from affinity_search.deploy.store import Key, count_documents, current
from affinity_search.engine import Engine, EngineInfo
from affinity_search.errors import EngineFailed, RefusedRequest
from affinity_search.surfaces import build_templates

__all__ = ["ArtefactState", "Documents", "Status", "status", "status_of"]

State = Literal["in step", "pending", "absent", "drift"]
EXPENSIVE = "search.allow_expensive_queries"


@dataclass(frozen=True)
class ArtefactState:
    """`in step` with the configuration, `pending` (an apply would change it), `absent`, or `drift` (changed by hand).

    `digest` is the SHA-256 of what the engine holds, None where that is nothing.
    """

    kind: Kind
    name: str
    state: State
    digest: str | None


@dataclass(frozen=True)
class Documents:
    """Documents that searches see behind an alias; `count` is None where it is absent or refuses (`finding`)."""

    role: Literal["lookups", "profiles", "items"]
    alias: str
    count: int | None
    finding: str = ""


@dataclass(frozen=True)
class Status:
    """Everything `affinity status` says."""

    url: str
    engine: EngineInfo
    artefacts: tuple[ArtefactState, ...]
    documents: tuple[Documents, ...]
    numeric_keys_allowed: bool
    entries: tuple[LedgerEntry, ...]
    probe: Probe = NOT_PROBED

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do, one line per thing that is missing or not as it was applied; empty where all is well."""
        states = {artefact.state for artefact in self.artefacts}
        said = []
        if self.entries and self.entries[0].is_open:
            entry = self.entries[0]
            said.append(
                f"Ledger entry {entry.number} is running or was interrupted: `affinity {entry.kind}` finishes it."
            )
        if "drift" in states:
            said.append("Somebody changed what was applied: `affinity plan` shows it, `affinity apply` puts it right.")
        if states & {"absent", "pending"}:
            said.append("The engine is behind affinity.yaml: `affinity plan` shows what `affinity apply` would do.")
        said += [line for documents in self.documents if (line := _advice(documents))]
        if not self.numeric_keys_allowed:
            said.append(f"The cluster has {EXPENSIVE}: false and refuses lookups of numeric keys: set it to true.")
        said += [*self.probe.failures, *self.probe.notes]
        return tuple(said)


def status(config: Config, engine: Engine) -> Status:
    """Where the deployment of this configuration stands; nothing is written. Raises EngineError."""
    found = status_of(config, engine, artefacts(config))
    return replace(found, probe=probe(config, engine, build_templates(config)))


def status_of(config: Config, engine: Engine, wanted: tuple[Artefact, ...]) -> Status:
    """Where these artefacts stand; see `status`."""
    info = engine.info()
    last = last_entry(engine, config.ledger_index)
    keys = [(artefact.kind, artefact.name) for artefact in wanted]
    found = current(engine, (*keys, *(change.key for change in (last.changes if last else ()))))
    drifted = {change.key for change in drift_since(last, found)}
    return Status(
        url=engine.url,
        engine=info,
        artefacts=tuple(_state(artefact, found, drifted) for artefact in wanted),
        documents=(
            _documents(engine, "lookups", config.lookup_index),
            _documents(engine, "profiles", config.profile_index),
            _documents(engine, "items", config.items.index),
        ),
        numeric_keys_allowed=_numeric_keys_allowed(engine),
        entries=tuple(recent_entries(engine, config.ledger_index, last, 5)),
    )


def _state(artefact: Artefact, found: Mapping[Key, str | None], drifted: set[Key]) -> ArtefactState:
    key = artefact.kind, artefact.name
    body = found[key]
    state: State = "pending"
    if key in drifted:
        state = "drift"
    elif body is None:
        state = "absent"
    elif holds(artefact.kind, body, artefact.body):
        state = "in step"
    return ArtefactState(*key, state, digest(body) if body is not None else None)


def _documents(engine: Engine, role: Literal["lookups", "profiles", "items"], alias: str) -> Documents:
    try:
        count = count_documents(engine, alias)
    except (EngineFailed, RefusedRequest) as error:
        return Documents(role, alias, None, error.message)
    return Documents(role, alias, count, "" if count is not None else "absent")


def _advice(documents: Documents) -> str:
    if documents.finding == "absent":
        command = "items load" if documents.role == "items" else "apply"
        return f"There is no {documents.alias} ({documents.role}): `affinity {command}` makes it."
    if documents.finding:
        return f"{documents.alias} ({documents.role}) does not answer: {documents.finding}"
    if documents.count == 0:
        command = "items load" if documents.role == "items" else "profiles publish"
        return f"{documents.alias} ({documents.role}) is empty: `affinity {command}` fills it."
    return ""


def _numeric_keys_allowed(engine: Engine) -> bool:
    settings = engine.call("GET", "/_cluster/settings", params={"flat_settings": "true", "include_defaults": "true"})
    # The transient value wins over the persistent one, that over the default.
    layers = (settings.get(layer, {}) for layer in ("transient", "persistent", "defaults"))
    value = next((layer[EXPENSIVE] for layer in layers if EXPENSIVE in layer), "true")
    return str(value).lower() != "false"
