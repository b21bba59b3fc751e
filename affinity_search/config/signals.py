"""The section `signals`: those of the signals that bring a section of their own (see `affinity_search.signals`)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, WithJsonSchema, create_model

from affinity_search.config.section import MadeSection, Section
from affinity_search.signals import all_signals

__all__ = ["SignalSections"]


def _model() -> type[Section]:
    fields: dict[str, Any] = {
        signal.name: (signal.section, Field(default_factory=signal.section))
        for signal in all_signals()
        if signal.section
    }
    return create_model("Signals", __base__=Section, **fields)


def _sections(given: object = None) -> dict[str, Section]:
    """The section of every signal that has one, by name: as given, or with what it has by default."""
    return dict(_model().model_validate({} if given is None else given))


SignalSections = Annotated[
    dict[str, SerializeAsAny[Section]],
    BeforeValidator(_sections),
    MadeSection(_model),
    WithJsonSchema({"type": "object"}),
    Field(
        default_factory=_sections,
        description="Sections of signals that were added to the product, by name; its own have theirs above.",
    ),
]
