"""Which shoppers are under way in a publication, and which the state may take in as published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from affinity_search.engine.bulk import Action
from affinity_search.profiles.documents import shopper_of
from affinity_search.state.builds import transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Pending", "Tracker"]

FORGET = "DELETE FROM published WHERE user_id IN (SELECT unnest($users::VARCHAR[]))"
REMEMBER = """
INSERT OR REPLACE INTO published
SELECT unnest($users::VARCHAR[]), unnest($contents::VARCHAR[]), unnest($documents::VARCHAR[][]), $build
"""


@dataclass
class Pending:
    """A shopper under way: what will be published, and how many documents are not settled yet."""

    content: str
    documents: list[str]
    waiting: int


@dataclass
class Tracker:
    """The shoppers under way; the state takes one in as published when all of the documents are settled."""

    connection: DuckDBPyConnection
    profile_index: str
    build: int
    total: int
    progress: Callable[[int, int], None] | None
    done: int = 0
    pending: dict[str, Pending] = field(default_factory=dict)

    def open(self, user_id: str, shopper: Pending) -> None:
        """Notes a shopper whose documents are about to be sent; one to be removed has no content."""
        self.pending[user_id] = shopper

    def settle(self, actions: Sequence[Action]) -> None:
        """Notes settled documents, and in the state the shoppers that are complete with them."""
        complete: dict[str, Pending] = {}
        for action in actions:
            user_id = action.id if action.index == self.profile_index else shopper_of(action.id)
            shopper = self.pending[user_id]
            shopper.waiting -= 1
            if not shopper.waiting:
                complete[user_id] = self.pending.pop(user_id)
        kept = {user_id: shopper for user_id, shopper in complete.items() if shopper.content}
        with transaction(self.connection):
            self.connection.execute(FORGET, {"users": [user_id for user_id in complete if user_id not in kept]})
            _remember(
                self.connection,
                list(kept),
                [shopper.content for shopper in kept.values()],
                [shopper.documents for shopper in kept.values()],
                self.build,
            )
        self.done += len(complete)
        if self.progress:
            self.progress(self.done, self.total)


def _remember(
    connection: DuckDBPyConnection, users: list[str], contents: list[str], documents: list[list[str]], build: int
) -> None:
    if users:
        connection.execute(REMEMBER, {"users": users, "contents": contents, "documents": documents, "build": build})
