"""What a rollback must leave alone, and how the changes of several deployments are reversed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from affinity_search.deploy.changes import CHANGED_SINCE, FOREIGN, Change
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.ownership import Foreign
from affinity_search.deploy.store import Key
from affinity_search.errors import ConfigError

__all__ = ["kept_from_deletion", "refuse_deleting_live", "reverse_all"]


def reverse_all(steps: Iterable[LedgerEntry]) -> dict[Key, Change]:
    """One change per artefact that goes back over all of the steps, newest first.

    What an older step found of others and left is not its to restore; a newer one may have taken it over.
    """
    reversed_changes: dict[Key, Change] = {}
    for step in steps:
        for change in reversed(step.changes):
            back = change.reverse()
            if back.note != FOREIGN or change.key not in reversed_changes:
                reversed_changes[change.key] = back
    return reversed_changes


def kept_from_deletion(drift: Iterable[Change], foreign: Iterable[Foreign]) -> dict[Key, str]:
    """Why an artefact that the ledger says to delete is not ours to delete: others changed it, or made the index."""
    kept = {change.key: CHANGED_SINCE for change in drift if change.kind != "index" and change.after is not None}
    return kept | {one.key: f"kept: {one.finding}" for one in foreign}


def refuse_deleting_live(changes: Mapping[Key, Change], entry: LedgerEntry) -> None:
    """Raises ConfigError where a stable script would be deleted: one that stands beside its own versions."""
    scripts = [name for kind, name in changes if kind == "script"]
    stable = [name for name in scripts if any(other.startswith(f"{name}-") for other in scripts)]
    if gone := [name for name in stable if changes["script", name].op == "delete"]:
        raise ConfigError(
            f"rollback: expected an earlier version of the template {', '.join(gone)} to go back to, "
            f"entry {entry.number} made its first",
            hint="Searches that name it would fail. If none does any more, say so: "
            f"`affinity rollback --to {entry.undo_before}`.",
        )
