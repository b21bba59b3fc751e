"""The note of the last publication in an index's `_meta`: read back as written, beside what others keep there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.profiles.publication import Publication, publication_in, with_publication, without_publication

COUNTS = st.none() | st.integers(min_value=0)
NOTES = st.builds(Publication, st.text(), st.integers(min_value=0), st.text(), COUNTS, COUNTS)
META = st.dictionaries(st.text(), st.integers() | st.text(min_size=1)) | st.none()


@given(NOTES, META)
def test_what_is_noted_is_read_and_nothing_else_is_touched(note: Publication, meta: dict[str, Any] | None) -> None:
    mappings = {"dynamic": "false", **({} if meta is None else {"_meta": meta})}
    noted = json.loads(json.dumps({**mappings, "_meta": with_publication(mappings, note)}))
    assert publication_in(noted) == note
    kept = {key: value for key, value in (meta or {}).items() if key != "affinity_search"}
    assert {key: value for key, value in noted["_meta"].items() if key != "affinity_search"} == kept
    assert without_publication(noted) == {"dynamic": "false", **({"_meta": kept} if kept else {})}


def test_the_owner_mark_stays() -> None:
    mappings = {"_meta": {"affinity_search": {"owner": "shop"}}}
    noted = with_publication(mappings, Publication("s", 1, "c", 2, 3))
    assert noted == {
        "affinity_search": {
            "owner": "shop",
            "published": {"state": "s", "build": 1, "config": "c", "lookups": 2, "profiles": 3},
        }
    }
    assert without_publication({"_meta": noted}) == mappings


@pytest.mark.parametrize(
    "own",
    [
        None,
        "text",
        [],
        {},
        {"published": None},
        {"published": {"state": "s", "config": "c"}},
        {"published": {"state": 1, "build": 2, "config": "c"}},
        {"published": {"state": "s", "build": "2", "config": "c"}},
    ],
)
def test_what_cannot_be_read_is_no_publication(own: object) -> None:
    assert publication_in({"_meta": {"affinity_search": own}}) is None
    assert publication_in({"_meta": None}) is None
    assert publication_in({}) is None
