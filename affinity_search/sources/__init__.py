"""Files in the forms that shops have, as numbered records: one module per form behind one protocol. Nothing is judged.

`events` and `items` judge what the records hold. Pure but for the files that are read; Parquet is read by DuckDB.
"""

from affinity_search.sources.checking import PathCheck, matches
from affinity_search.sources.form import Form, find_form
from affinity_search.sources.opening import open_source
from affinity_search.sources.paths import first_at, is_nothing, named_paths, values_at_path
from affinity_search.sources.query import query_result, read_as_rows
from affinity_search.sources.record import RawRecord, Source

__all__ = [
    "Form",
    "PathCheck",
    "RawRecord",
    "Source",
    "find_form",
    "first_at",
    "is_nothing",
    "matches",
    "named_paths",
    "open_source",
    "query_result",
    "read_as_rows",
    "values_at_path",
]
