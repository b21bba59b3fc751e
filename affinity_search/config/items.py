"""The section `items`: the item index and what is searched in it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from affinity_search.config import patterns
from affinity_search.config.limits import item_contradictions
from affinity_search.config.section import FieldName, IndexName, Positive, Section, refuse
from affinity_search.config.source_block import ItemSource

__all__ = ["Items"]


class Items(Section):
    """The item index: its alias, its text fields with boosts, and the fields that hold prices and the like."""

    index: IndexName = Field("products", description="Alias of the item index.")
    keys: Literal["numeric", "keyword"] = Field(
        "numeric",
        description="`numeric`: lookups compare the numeric keys that the items hold. `keyword`: they compare the "
        "attributes' own fields and `_id`, so that nothing is added to the items; the same results, slower.",
    )
    text_fields: dict[FieldName, Positive] = Field(
        default_factory=lambda: {"title": 2.0, "text": 1.0},
        min_length=1,
        description="Text fields that a query searches, each with its boost.",
    )
    analyzer: Annotated[str, Field(pattern=patterns.ANALYZER)] = Field(
        "standard",
        description="The engine's built-in analyzer for the text fields: `standard` for words as they are, or a "
        "language such as `english` for their stems.",
    )
    nested: list[FieldName] = Field(
        default_factory=list,
        description="Lists of objects whose values belong together, such as `variants` (mapped `nested`): filters of "
        "`search` below one hold for the same object.",
    )
    source: ItemSource | None = Field(None, description="How files in another form are read; absent: as ours.")

    @model_validator(mode="after")
    def _engine_takes_it(self) -> Self:
        refuse(item_contradictions(self))
        return self
