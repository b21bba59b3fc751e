"""The source for a file in a form."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from affinity_search.sources.bulk import BulkSource
from affinity_search.sources.columnar import ParquetSource
from affinity_search.sources.delimited import DelimitedSource
from affinity_search.sources.form import Form
from affinity_search.sources.jsonlines import JsonLinesSource
from affinity_search.sources.jsonvalues import JsonSource
from affinity_search.sources.record import Source

__all__ = ["open_source"]


def open_source(path: Path, form: Form, names: Collection[str]) -> Source:
    """The file as records. Columns of CSV that have one of our `names` but for capitals get that name."""
    if form.kind == "csv":
        return DelimitedSource(path, form.delimiter, form.encoding, names)
    if form.kind == "parquet":
        return ParquetSource(path)
    if form.kind == "json":
        return JsonSource(path, form.encoding)
    return (BulkSource if form.kind == "bulk" else JsonLinesSource)(path, form.encoding)
