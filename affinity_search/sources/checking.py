"""Whether a mapping meets the records at all: the first of them are looked at before any of them is given on."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from affinity_search.config.source_block import SourceFile
from affinity_search.inputs.lines import UnreadableFile
from affinity_search.sources.paths import named_paths, values_at_path
from affinity_search.sources.record import RawRecord

__all__ = ["PathCheck", "matches"]

PROBE_RECORDS = 500
PROBE_BYTES = 4 << 20
SHOWN = 8
ANY = "*"


def matches(told: SourceFile, values: Sequence[object]) -> bool:
    """Whether the values hold, at every path of `where`, one of the texts that are accepted there."""
    return all(
        any(
            _text(found) in accepted or (ANY in accepted and _text(found) != "")
            for value in values
            for found in values_at_path(value, path)
        )
        for path, accepted in told.where.items()
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


@dataclass
class PathCheck:
    """Looks for the fields, by name with their paths, that have to be in some record; `section` names the mapping.

    Those in `watched` are missed only where a path that resembles them is there: they may well be absent.
    """

    file: Path
    told: SourceFile
    section: str
    fields: Mapping[str, Sequence[str]]
    watched: frozenset[str] = frozenset()
    _passed: int = 0
    _read: int = 0
    _examples: list[object] = field(default_factory=list)

    def checked(self, records: Iterator[RawRecord]) -> Iterator[RawRecord]:
        """The same records. Raises UnreadableFile, before the first is given, where none of the first has the fields.

        Where no record is what `where` asks for, it is raised at the end.
        """
        probe: list[RawRecord] = []
        size = 0
        for record in records:
            probe.append(record)
            size += len(record.raw)
            self._note(record)
            if self._passed >= PROBE_RECORDS or size > PROBE_BYTES:
                break
        if self._passed:
            self._expect_fields([r.value for r in probe if isinstance(r.value, dict) and self._fits(r.value)])
        yield from probe
        probe.clear()
        for record in records:
            if not self._passed:
                self._note(record)
            yield record
        if self._read and not self._passed:
            raise self._nothing_fits()

    @property
    def _cure(self) -> str:
        page = f"docs/how-to/{self.section}.md"
        return f"Nothing of this file counts. `{self.section}.source` in affinity.yaml says where what is ({page})."

    def _note(self, record: RawRecord) -> None:
        if isinstance(record.value, dict) and not record.problem:
            self._read += 1
            self._passed += self._fits(record.value)
            if len(self._examples) < PROBE_RECORDS:
                self._examples.append(record.value)

    def _fits(self, value: object) -> bool:
        if not self.told.where:
            return True
        each = values_at_path(value, self.told.each) if self.told.each else []
        return any(matches(self.told, (element, value)) for element in each or [None])

    def _expect_fields(self, values: list[object]) -> None:
        each = self.told.each
        elements = [e for value in values for e in values_at_path(value, each)] if each else []
        if each and not elements:
            raise self._missing("each", [each], values)
        for name, paths in self.fields.items():
            if not any(values_at_path(value, path) for path in paths for value in (*elements, *values)):
                error = self._missing(f"fields.{name}", paths, [*elements, *values])
                if name not in self.watched or "did you mean" in error.message:
                    raise error

    def _missing(self, address: str, paths: Sequence[str], values: list[object]) -> UnreadableFile:
        known = list(dict.fromkeys(path for value in values[:50] for path in named_paths(value)))
        near = _nearest(paths[0], known)
        hint = f"; did you mean {near}?" if near else f"; there are {', '.join(known[:SHOWN]) or 'none'}"
        said = f"expected a path that the records have, got {' and '.join(paths)}, found in none of {len(values):,}"
        return UnreadableFile(f"{self.file}: {self.section}.source.{address}: {said}{hint}", hint=self._cure)

    def _nothing_fits(self) -> UnreadableFile:
        path, accepted = next(iter(self.told.where.items()))
        found = dict.fromkeys(_text(v) for value in self._examples for v in values_at_path(value, path))
        got = ", ".join(list(found)[:SHOWN]) if found else f"no value there in {self._read:,} records"
        return UnreadableFile(
            f"{self.file}: {self.section}.source.where.{path}: expected {' or '.join(accepted)}, got {got}",
            hint=self._cure,
        )


def _nearest(path: str, known: Sequence[str]) -> str:
    """The path that was most likely meant; empty where none resembles it."""
    lower = {name.lower(): name for name in reversed(known)}
    ends = [name for name in known if name.lower().endswith(f".{path.lower()}")]
    close = difflib.get_close_matches(path.lower(), lower, n=1, cutoff=0.7)
    return lower.get(path.lower()) or (ends[0] if ends else lower[close[0]] if close else "")
