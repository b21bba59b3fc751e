"""The reports: JSON without NaN, the same numbers in every form, nothing of the data that could break out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from affinity_search.errors import ConfigError
from affinity_search.evaluation.controls import Controls
from affinity_search.evaluation.facts import Facts
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.report import as_html, as_json, as_markdown, as_text, warnings
from affinity_search.evaluation.report.page import Bar, Chart, chart
from affinity_search.offline.comparison import Difference
from affinity_search.output import write_whole
from tests.evaluate_data import evaluation, folder_evaluation, query, side

QUERIES = [query("q1", "u", "hat"), query("q2", "v", "hat")]
EVERY = side(QUERIES, {"q1": ("xyza", "axyz"), "q2": ("ax", "xa")}, {"no target": 2, "fewer than 10 candidates": 1})
NOVEL = side([], {}, {"no target": 2})
FOUND = folder_evaluation(evaluation(EVERY, NOVEL, facts=Facts(0.5, 1.25, {"u": 3, "v": 20}, 1, 2)))
NOTHING = {"lift_percent": None, "ci_percent": None}
SHOWN = Difference(0.0, (-1.0, 1.0))


def test_the_json_has_every_number() -> None:
    found = as_json(FOUND)
    fourth, second = 0.43067655807339306, 0.6309297535714575
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["all"] == {
        "generic": {
            "ndcg@10": pytest.approx((fourth + 1) / 2),
            "mrr": 0.625,
            "recall@10": 1.0,
            "hit@10": 1.0,
        },
        "personalised": {"ndcg@10": pytest.approx((1 + second) / 2), "mrr": 0.75, "recall@10": 1.0, "hit@10": 1.0},
        "lift_percent": pytest.approx(100 * ((1 + second) / (fourth + 1) - 1)),
        "ci_percent": [pytest.approx(100 * (second - 1)), pytest.approx(100 * (1 / fourth - 1))],
        "differences": {
            "ndcg@10": {"lift_percent": found["all"]["lift_percent"], "ci_percent": found["all"]["ci_percent"]},
            "mrr": {"lift_percent": pytest.approx(20.0), "ci_percent": [-50.0, 300.0]},
            "recall@10": {"lift_percent": 0.0, "ci_percent": [0.0, 0.0]},
            "hit@10": {"lift_percent": 0.0, "ci_percent": [0.0, 0.0]},
        },
        "queries": 2,
    }
    measures = dict.fromkeys(("ndcg@10", "mrr", "recall@10", "hit@10"))
    assert found["novel"] == {
        "generic": measures,
        "personalised": measures,
        **NOTHING,
        "differences": dict.fromkeys(measures, NOTHING),
        "queries": 0,
    }
    assert (
        found["shuffled_profile"] == found["shuffled_profile_novel"] == {"lift_percent": 0.0, "ci_percent": [-1.0, 1.0]}
    )
    assert found["queries"] == {
        "held": 5,
        "sampled": 2,
        "used": 2,
        "left_out": 3,
        "left_out_reasons": {"no target": 2, "fewer than 10 candidates": 1},
        "novel_used": 0,
        "novel_left_out": 2,
        "novel_left_out_reasons": {"no target": 2},
        "shoppers": 2,
        "of_unknown_shoppers": 1,
        "unknown_items": 2,
    }
    alone = {"lift_percent": 12.5, "ci_percent": [-1.0, 26.0]}
    left_out = {"lift_percent": 0.0, "ci_percent": [0.0, 0.0]}
    assert found["parts"] == {
        "alone brand": {"all": alone, "novel": alone},
        "without brand": {"all": left_out, "novel": left_out},
    }
    assert [(one["events"], one["queries"]) for one in found["deciles"]] == [("3", 1), ("20", 1)]
    assert found["classes"] == [
        {
            "class": "hat",
            "queries": 2,
            "queries_novel": 0,
            "all": {key: found["all"][key] for key in ("lift_percent", "ci_percent")},
            "novel": NOTHING,
        }
    ]
    assert found["regressions"] == [
        {"qid": "q2", "user": "v", "query": "hat", "generic": 1.0, "personalised": pytest.approx(second)}
    ]
    rest = {
        "name": "shop",
        "empty_profile_changed": 0,
        "formula_error": 1e-7,
        "derived_queries": False,
        "origin": "from queries.jsonl",
        "changed_share": 0.5,
        "mean_rank_shift": 1.25,
        "warnings": [],
        "seed": 4,
        "config_suggested": True,
    }
    assert {key: found[key] for key in rest} == rest
    assert found["config"]["attributes"]["brand"]["field"] == "attrs.brand"
    assert not {"engine", "state"} & found["config"].keys()


def test_warnings_name_what_should_not_be() -> None:
    gain, loss = Difference(3.0, (1.0, 5.0)), Difference(-3.0, (-5.0, -1.0))
    assert warnings(FOUND) == []
    bad = replace(
        FOUND.outcome,
        all=replace(EVERY, differences={**EVERY.differences, "ndcg@10": loss}),
        controls=Controls(gain, gain, 2, 0.0123),
    )
    assert warnings(replace(FOUND, outcome=bad)) == [
        "personalisation surely loses for all targets",
        "a shuffled profile gains for all targets: what is gained there need not be personal",
        "a shuffled profile gains for novel targets: what is gained there need not be personal",
        "2 orders change for a shopper without a profile",
        "the engine's scores differ from the formula's by up to 1.23%",
    ]
    none = replace(FOUND.outcome, queries=tuple(QUERIES), all=NOVEL)
    assert warnings(replace(FOUND, outcome=none)) == ["none of the 2 queries counts"]


TEXT = """\
shop: a sample of 2 of 5 queries, from queries.jsonl.
2 queries of 2 shoppers count for all targets, 0 queries of 0 shoppers for novel targets, where what the shopper owns \
is taken from both sides.
The configuration is what `affinity init` chooses from the training events; seed 4.
Differences are to the shop's own generic order; intervals cover 95 % (bootstrap over shoppers).

All targets
  measure    generic  personalised  difference      95 % interval
  ndcg@10     0.7153        0.8155     +14.0 %  -36.9 .. +132.2 %
  mrr         0.6250        0.7500     +20.0 %  -50.0 .. +300.0 %
  recall@10   1.0000        1.0000      +0.0 %     +0.0 .. +0.0 %
  hit@10      1.0000        1.0000      +0.0 %     +0.0 .. +0.0 %

Novel targets
  measure    generic  personalised  difference  95 % interval
  ndcg@10    unknown       unknown     unknown        unknown
  mrr        unknown       unknown     unknown        unknown
  recall@10  unknown       unknown     unknown        unknown
  hit@10     unknown       unknown     unknown        unknown

Controls and facts
                                            value   95 % interval
  a shuffled profile, all targets          +0.0 %  -1.0 .. +1.0 %
  a shuffled profile, novel targets        +0.0 %  -1.0 .. +1.0 %
  orders changed by an empty profile            0
  engine against formula, largest error   1.0e-07
  queries whose first ten change            50.0%
  mean shift of the first ten, in places     1.25
  A shuffled profile must not gain, an empty profile must change nothing; nDCG@10.
"""


def test_the_text_is_made_of_tables() -> None:
    text = as_text(FOUND)
    assert text.startswith(TEXT)
    assert text.endswith(
        """\
Left out, and unknown
                                                    queries
  all: no target                                          2
  all: fewer than 10 candidates                           1
  novel: no target                                        2
  counted, but of shoppers without training events        1
  targets that are not in the catalogue (items)           2"""
    )


def hostile() -> FolderEvaluation:
    queries = [query("q|1", "<b>u</b>", "a | b\n<script>alert(1)</script>"), query("q2", "v", "b")]
    every = side(queries, {"q|1": ("ax", "xa"), "q2": ("ax", "xa")})
    return folder_evaluation(evaluation(every, NOVEL), name="<i>shop</i>|x")


def test_markdown_cells_hold_what_the_data_says_and_no_more() -> None:
    text = as_markdown(hostile())
    assert text.startswith("# Evaluation of &lt;i>shop&lt;/i>\\|x\n\n")
    assert "| a \\| b &lt;script>alert(1)&lt;/script> | 1 | -36.9 % | unknown | unknown | unknown |\n" in text
    assert "<" not in text
    assert "| q\\|1 | &lt;b>u&lt;/b> |" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) == 8
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


class Elements(HTMLParser):
    """Counts elements, and keeps the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in ("meta", "rect", "path", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path", "line"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_escaped_and_needs_nothing_else() -> None:
    page = as_html(hostile())
    found = Elements(page)
    assert found.open == []
    assert found.addresses == []
    assert not {"script", "link", "img", "b", "i"} & set(found.tags)
    assert "url(" not in page
    assert found.tags.count("svg") == 5
    assert found.tags.count("table") == 8
    assert "<script>alert(1)</script>" in found.text
    assert "Evaluation of <i>shop</i>|x" in found.text


def test_the_page_marks_concerns() -> None:
    worried = replace(FOUND.outcome, controls=Controls(SHOWN, SHOWN, 3, 0.0))
    page = as_html(replace(FOUND, outcome=worried))
    assert '<p class="attention">Attention: 3 orders change for a shopper without a profile.</p>' in page
    assert "nan" not in page.lower().replace("personalised", "")


def test_bars_stand_on_one_scale() -> None:
    found = chart("t", [("gain", Difference(10.0, (5.0, 20.0))), ("loss", Difference(-20.0, None))])
    # 420 pixels for -20 .. +20, after 230 for the labels.
    assert found == Chart(
        "t",
        48,
        440.0,
        (
            Bar("gain", "+10.0 %", 0, 440.0, 105.0, 650.0, False, (492.5, 650.0)),
            Bar("loss", "-20.0 %", 24, 230.0, 210.0, 440.0, True, None),
        ),
    )
    flat = chart("t", [("n" * 40, Difference(None, None))])
    assert flat.bars == (Bar("n" * 31 + "…", "unknown", 0, 230.0, 0.0, 230.0, False, None),)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    write_whole(path, "old")
    write_whole(path, "néw")
    assert path.read_text(encoding="utf-8") == "néw"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ConfigError, match=r"report\.md: expected to write it, got No space left on device"):
        write_whole(path, "half")
    assert path.read_text(encoding="utf-8") == "néw"
    assert [found.name for found in tmp_path.iterdir()] == ["report.md"]
    with pytest.raises(ConfigError, match="expected to write it, got No such file or directory"):
        write_whole(tmp_path / "absent" / "report.md", "text")
