"""What a publication of profiles did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from affinity_search.engine.bulk import Refusal
from affinity_search.plain import plain_fields

__all__ = ["PublishReport"]


@dataclass(frozen=True)
class PublishReport:
    """What publishing did: shoppers changed, unchanged and removed; documents written, superseded, absent and refused.

    `changed` and `removed` are what there was to do; a shopper with a refused or superseded document counts there too
    and is tried again the next time. `superseded` documents stand in the engine in a newer version, and stay as they
    are. `written` counts deletes as well, `absent` those of documents that were gone already. `reasons` are the first
    refusals, `refused` is how many there were.

    `finding` says why everything was compared with the engine (empty where it was not), `compared` how many documents
    were read for that, and `repaired` how many shoppers' documents were not what the state believed.
    """

    build: int
    changed: int
    unchanged: int
    removed: int
    written: int
    superseded: int
    refused: int
    reasons: tuple[Refusal, ...] = ()
    absent: int = 0
    finding: str = ""
    compared: int = 0
    repaired: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def shoppers(self) -> int:
        """Every shopper who has a profile now, or had one: changed + unchanged + removed."""
        return self.changed + self.unchanged + self.removed

    @property
    def sent(self) -> int:
        """Every document sent: written + superseded + absent + refused."""
        return self.written + self.superseded + self.absent + self.refused

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return plain_fields(self)
