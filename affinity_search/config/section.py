"""What all sections of `affinity.yaml` share: frozen values, unknown keys refused, and the kinds of values in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from affinity_search.config import patterns

__all__ = [
    "Days",
    "FieldName",
    "IndexName",
    "MadeSection",
    "Name",
    "NotNegative",
    "Positive",
    "Section",
    "Whole",
    "refuse",
]


class Section(BaseModel):
    """A section: its values never change, and a key that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class MadeSection:
    """Stands at a field whose section has a model that is put together when it is needed."""

    model: Callable[[], type[BaseModel]]


def refuse(found: Iterable[str]) -> None:
    """Raises ValueError with a line for each contradiction that was found, none for none."""
    if lines := list(found):
        raise ValueError("\n".join(lines))


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):  # yes, no, on and off are booleans in YAML; Python would take them for 1 and 0
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


Name = Annotated[str, Field(pattern=patterns.NAME)]
IndexName = Annotated[str, Field(pattern=patterns.INDEX_NAME)]
FieldName = Annotated[str, Field(pattern=patterns.FIELD_NAME, max_length=100)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(_no_boolean)]
NotNegative = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False), BeforeValidator(_no_boolean)]
Whole = Annotated[int, BeforeValidator(_no_boolean)]
Days = Annotated[Whole, Field(gt=0, le=1_000_000)]
