"""Lines of a file that were lost: how many for each reason, and three of them to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Lost", "LostLines"]

EXAMPLES = 3
MOST_REASONS = 50
OTHER = "other reasons"


@dataclass(frozen=True)
class Lost:
    """How many lines were lost for one reason; `examples` has the first three, each with its number and the finding."""

    lines: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.lines:,} line{'s' if self.lines > 1 else ''}; {'; '.join(self.examples)}"


@dataclass
class LostLines:
    """Collects reasons of the form `expectation, got finding`; of more than 50 the others are counted together."""

    _found: dict[str, Lost] = field(default_factory=dict)

    def add(self, line: int, reason: str, *, private: bool = False) -> None:
        """Counts the line; of a private one nothing but its number is kept."""
        expectation, _, finding = reason.partition(", got ")
        key = expectation if expectation in self._found or len(self._found) < MOST_REASONS else OTHER
        before = self._found.get(key, Lost(0, ()))
        shown = f"line {line}: got {finding}" if finding and not private else f"line {line}"
        self._found[key] = Lost(before.lines + 1, (*before.examples, shown)[:EXAMPLES])

    def by_reason(self) -> Mapping[str, Lost]:
        """What was lost, by expectation, the commonest first."""
        return dict(sorted(self._found.items(), key=lambda entry: -entry[1].lines))
