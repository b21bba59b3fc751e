"""The sections `events.source` and `items.source`: how a file in another form is read as our events and items.

A path is a key as it stands first (`Option1 Value`, `attrs.brand` as a column), else steps through objects, parted by
dots; of a list it takes all elements. Where a field may have several paths, the first that holds a value counts.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from affinity_search.config.presets import with_preset
from affinity_search.config.section import FieldName, Section, refuse

__all__ = [
    "AttributePath",
    "ConsentPath",
    "EventFields",
    "EventSource",
    "FieldPath",
    "ItemFields",
    "ItemSource",
    "Join",
    "LongTable",
    "Pairs",
    "PricePath",
    "SourceFile",
    "TextPath",
    "TimePath",
    "TypePath",
]

Format = Literal["auto", "csv", "tsv", "jsonl", "json", "bulk", "parquet"]
Unit = Literal["auto", "s", "ms", "us", "ns", "days", "excel"]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


def _as_texts(value: object) -> object:
    found = _as_list(value)
    if not isinstance(found, list):
        return found
    return [str(v).lower() if isinstance(v, bool) else str(v) if isinstance(v, int | float) else v for v in found]


def _as_path(value: object) -> object:
    return {"path": value} if isinstance(value, str | list | tuple) else value


Text = Annotated[str, Field(min_length=1, max_length=500)]
Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_texts, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=100),
]
Paths = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=20),
]


class FieldPath(Section):
    """Where a value is found. The path alone may stand for all of this, and a list of paths too."""

    path: Paths = Field(description="The path of the value, or several: the first that holds one counts.")


class TypePath(Section):
    """The type of the event. The path alone may stand for all of this."""

    path: Paths | None = Field(None, description="The path of the type, or several.")
    constant: Text | None = Field(None, description="The type of every event, where the records do not say one.")
    values: dict[str, Text] = Field(
        default_factory=dict, description="What a value is to be called; one that is not here stays as it is."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.path is None) == (self.constant is None):
            raise ValueError("expected either path or constant, got " + ("both" if self.path else "none"))
        return self


class TimePath(Section):
    """The time of the event. The path alone may stand for all of this."""

    path: Paths = Field(description="The path of the time, or several.")
    unit: Unit = Field(
        "auto",
        description="What a bare number counts since 1970-01-01 UTC: seconds, milliseconds, microseconds, nanoseconds "
        "or days; `excel`: days of a spreadsheet. `auto`: seconds, from 10^11 on milliseconds; what may be another "
        "unit is refused.",
    )
    format: Text | None = Field(None, description="How a text is to be read, such as `%d.%m.%Y %H:%M`.")
    zone: Text | None = Field(None, description="Zone of times that name none, such as `Europe/Berlin`; absent: UTC.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        refuse(_time_problems(self))
        return self


class ConsentPath(Section):
    """Consent: an event without it is kept nowhere. The path alone may stand for all of this."""

    path: Paths = Field(description="The path of the answer, or several: a no at any of them is one.")
    denied: Texts | None = Field(
        None,
        description="Values that mean no, capitals aside, beside `false`, `no`, `denied` and the like; every other "
        "value means yes. `true` listed here turns it round (an opt-out). Absent: an answer that is no plain yes or no "
        "is quarantined without its text.",
    )


Shorthand = str | list[str]
Plain = Annotated[FieldPath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | FieldPath)]
Time = Annotated[TimePath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | TimePath)]
Kind = Annotated[TypePath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | TypePath)]
Consent = Annotated[ConsentPath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | ConsentPath)]


def _plain(name: str, description: str) -> Any:
    return Field(default_factory=lambda: FieldPath(path=(name,)), description=description)


class EventFields(Section):
    """Where each field of an event is found; absent: under its own name."""

    user: Plain = _plain("user", "The shopper's id.")
    ts: Time = Field(default_factory=lambda: TimePath(path=("ts",), unit="auto"), description="When it happened.")
    type: Kind = Field(default_factory=lambda: TypePath(path=("type",)), description="What happened.")
    item: Plain = _plain("item", "The item's id.")
    group: Plain = _plain("group", "The basket, order or visit.")
    weight: Plain = _plain("weight", "The event's own weight.")
    quantity: Plain | None = Field(
        None,
        description="How many pieces: so many times the event counts, at most 10. 0 and less is a return: filtered.",
    )
    price: Plain | None = Field(None, description="A price below 0 is a refund: filtered.")
    consent: Consent | None = Field(None, description="Absent: the field `consent`, and what it may be called.")
    id: Plain = _plain("id", "The event's identity.")


class Pairs(Section):
    """Attributes written as pairs of a name and a value."""

    name: Text = Field("name", description="The key that holds the attribute's name.")
    value: Text = Field("value", description="The key that holds its value or values.")


class TextPath(Section):
    """A text. The path alone may stand for all of this, and a list of paths too."""

    path: Paths = Field(description="The path of the text, or several: the first that holds one counts.")
    html: bool = Field(False, description="Whether markup is to be taken out.")
    language: Text | None = Field(None, description="The language to take where there is an object by language.")


class PricePath(Section):
    """The price. The path alone may stand for all of this."""

    path: Paths = Field(description="The path of the price, or several. Of several prices the lowest counts.")
    decimal: Literal[".", ","] = Field(".", description="The sign before the decimals; the other one parts thousands.")


class AttributePath(Section):
    """Values of an attribute. The path alone may stand for all of this, and a list of paths too."""

    path: Paths = Field(description="The path of the values, or several: the first that holds one counts.")
    separator: Texts | None = Field(None, description='What parts several values in one text, such as ", " or `|`.')
    hierarchy: bool | Text = Field(
        False,
        description="Whether the parts are levels: `a > b` gives `a` and `a > b`. Or the sign between levels, where "
        "`separator` parts several such paths.",
    )
    pairs: Pairs | None = Field(
        None, description="The path leads to pairs, `{name, value}` or `k=v`: each name is an attribute of its own."
    )
    language: Text | None = Field(None, description="The language to take where there is an object by language.")


class LongTable(Section):
    """A table with a row for each value of an item: one column names the attribute, another one holds the value."""

    attribute: Text = Field(description="The path of the attribute's name.")
    value: Text = Field(description="The path of its value.")


TextAt = Annotated[TextPath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | TextPath)]
Price = Annotated[PricePath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | PricePath)]
Values = Annotated[AttributePath, BeforeValidator(_as_path, json_schema_input_type=Shorthand | AttributePath)]


def _own_text(name: str, description: str) -> Any:
    return Field(default_factory=lambda: TextPath(path=(name,)), description=description)


class ItemFields(Section):
    """Where each field of an item is found; absent: under its own name."""

    id: Plain = _plain("id", "The item's id.")
    title: TextAt = _own_text("title", "What it is called.")
    text: TextAt = _own_text("text", "What is written about it.")
    price: Price = Field(default_factory=lambda: PricePath(path=("price",)), description="What it costs.")
    texts: dict[FieldName, TextAt] = Field(
        default_factory=dict, description="Further text fields of the item, by name, as `items.text_fields` names them."
    )
    attributes: dict[Text, Values] | None = Field(
        None,
        description="The item's attributes by name (`attrs.NAME`): the item then has only what is named here. Absent: "
        "those under `attrs`, and all further fields stay.",
    )


class SourceFile(Section):
    """The form of the file."""

    preset: Text | None = Field(None, description="Name of a form that is known; the keys beside it come first.")
    format: Format = Field("auto", description="`auto`: found by what is in the file.")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        None, description="The sign between the cells of CSV; absent: found among `,`, `;`, tab and `|`."
    )
    encoding: Text | None = Field(
        None, description="Such as `utf-16` or `cp1252`; absent: UTF-8, or UTF-16 where a byte order mark says so."
    )
    each: Text | None = Field(
        None,
        description="Path of a list, of which each element gives an event or item; paths then look in the element "
        "first, and in the record around it next.",
    )
    where: dict[Text, Texts] = Field(
        default_factory=dict,
        description="Values to be found at a path; other records are passed over (events count as unmapped).",
    )

    @model_validator(mode="after")
    def _file_is_readable(self) -> Self:
        refuse(_file_problems(self))
        return self


class Join(Section):
    """Another file that says more of each record, such as the orders of lines of orders."""

    file: Text = Field(description="The other file, as it stands from the folder of the events.")
    by: Text | dict[Text, Text] = Field(
        description="The field that both have, or the path in the events and that in the other file."
    )

    @model_validator(mode="after")
    def _one_pair(self) -> Self:
        if len(self.keys) != 1:
            raise ValueError(f"by: expected one field, got {len(self.keys)}")
        return self

    @property
    def keys(self) -> dict[str, str]:
        """The path in the events, with that in the other file."""
        return {self.by: self.by} if isinstance(self.by, str) else self.by


class EventSource(SourceFile):
    """How files of events are read that are not in the form of docs/how-to/events.md."""

    join: Join | None = Field(None, description="Another file whose fields the records have, too.")
    fields: EventFields = Field(default_factory=lambda: EventFields(), description="Where the fields are.")

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, data: object) -> object:
        return with_preset(data, "events")


class ItemSource(SourceFile):
    """How files of items are read that are not in the form of docs/how-to/items.md."""

    merge: bool = Field(
        False, description="Whether the records of one id are one item (rows of variants): their values united."
    )
    long: LongTable | None = Field(None, description="For a table with a row for each value of an item.")
    fields: ItemFields | None = Field(
        None, description="Where the fields are. Absent: the records have our names, and keep all that they hold."
    )
    keep: tuple[Text, ...] = Field(
        (), description="Paths of what is only displayed: stored under `keep`, in no index (images, links)."
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, data: object) -> object:
        return with_preset(data, "items")


def _time_problems(time: TimePath) -> list[str]:
    found = []
    if time.format and time.unit != "auto":
        found.append(f"unit: expected none beside a format, got {time.unit}")
    if time.zone:
        try:
            ZoneInfo(time.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            found.append(f"zone: expected a zone such as Europe/Berlin, got {time.zone!r}")
    return found


def _file_problems(file: SourceFile) -> list[str]:
    found = []
    if file.encoding:
        try:
            "".encode(file.encoding)
        except LookupError:
            found.append(f"encoding: expected one such as utf-8, utf-16 or cp1252, got {file.encoding!r}")
    if file.delimiter and file.format not in ("auto", "csv", "tsv"):
        found.append(f"delimiter: expected none for {file.format}, got {file.delimiter!r}")
    if file.delimiter in ('"', "\n", "\r"):
        found.append(f"delimiter: expected another sign, got {file.delimiter!r}")
    return found
