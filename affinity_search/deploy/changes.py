"""A change of one artefact as a value: what is there, what shall be there, and how to go back."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any, Literal

from affinity_search.deploy.artefact import Kind, digest
from affinity_search.deploy.mappings import as_engine_says, contains, merged

__all__ = ["CHANGED_SINCE", "FOREIGN", "GIVEN_BACK", "TAKEN_OVER", "Change", "Operation", "holds", "mappings_of"]

Operation = Literal["create", "change", "leave", "delete"]
FOREIGN = "made by others, left as it is"
TAKEN_OVER = "taken over from others"
GIVEN_BACK = "given back to others"
CHANGED_SINCE = "kept: others changed it since it was deployed"
SIGNS: dict[Operation, str] = {"create": "+", "change": "~", "leave": "=", "delete": "-"}


@dataclass(frozen=True)
class Change:
    """From `before` to `after`, None meaning absent; `note` says why a change is not what one would expect.

    The notes that are constants here also tell the next deployment whose the artefact is.
    """

    kind: Kind
    name: str
    before: str | None
    after: str | None
    note: str = ""

    @property
    def key(self) -> tuple[Kind, str]:
        """What tells one artefact from another."""
        return self.kind, self.name

    @property
    def op(self) -> Operation:
        """`leave` where the engine already holds what is wanted, or lacks what is not wanted."""
        if holds(self.kind, self.before, self.after):
            return "leave"
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "change"

    def reverse(self) -> Change:
        """The change that goes back; it leaves alone what this one left, and fields added to an index."""
        back = GIVEN_BACK if self.note == TAKEN_OVER and self.kind != "index" else ""
        if self.op == "leave" or (self.kind == "index" and self.op == "change"):
            return Change(self.kind, self.name, self.after, self.after, FOREIGN if self.is_others else back)
        return Change(self.kind, self.name, self.after, self.before, back)

    @property
    def is_others(self) -> bool:
        """True where what is there after the change belongs to others."""
        return self.note in (FOREIGN, GIVEN_BACK, CHANGED_SINCE)

    def describe(self) -> str:
        """One line: sign, operation, kind, name, and the short content hashes of a change."""
        hashes = f"  {_short(self.before)} -> {_short(self.after)}" if self.op == "change" else ""
        note = f"  ({self.note})" if self.note else ""
        return f"{SIGNS[self.op]} {self.op:<6} {self.kind:<8} {self.name}{hashes}{note}"

    def diff(self) -> str:
        """Unified diff of the readable texts, without a newline at the end; empty for everything but a change."""
        if self.op != "change":
            return ""
        before, after = _readable(self.kind, self.before), _readable(self.kind, self._outcome())
        names = f"{self.name} {_short(self.before)}", f"{self.name} {_short(self.after)}"
        return "\n".join(difflib.unified_diff(before, after, *names, n=2, lineterm=""))

    def as_json(self) -> dict[str, Any]:
        """The change as plain JSON values; `after` and `before` are content hashes, None where there is nothing."""
        return {
            "op": self.op,
            "kind": self.kind,
            "name": self.name,
            "before": digest(self.before) if self.before is not None else None,
            "after": digest(self.after) if self.after is not None else None,
            "diff": self.diff(),
            "note": self.note,
        }

    def _outcome(self) -> str | None:
        if self.kind != "index" or self.before is None or self.after is None:
            return self.after
        return json.dumps({"mappings": merged(mappings_of(self.before), mappings_of(self.after))})


def holds(kind: Kind, found: str | None, wanted: str | None) -> bool:
    """True where what was found does for what is wanted: the same text, or for an index every wanted field.

    An index does only with its alias. Its settings are for its creation; later they belong to whoever runs the engine.
    """
    if found is None or wanted is None or kind != "index":
        return found == wanted
    return _has_alias(found) == _has_alias(wanted) and contains(mappings_of(found), mappings_of(wanted))


def mappings_of(body: str) -> Any:
    """The mappings in an index body, the way the engine gives them back; empty where it has none."""
    return as_engine_says(json.loads(body).get("mappings", {}))


def _has_alias(body: str) -> bool:
    return bool(json.loads(body).get("alias", True))


def _readable(kind: Kind, body: str | None) -> list[str]:
    if body is None:
        return []
    if kind == "script":
        return body.split("\n")
    value = json.loads(body)
    if kind == "index":
        value = {"alias": _has_alias(body), "mappings": mappings_of(body)}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _short(body: str | None) -> str:
    return digest(body)[:8] if body is not None else "absent"
