"""Reports of an evaluation: JSON values, text, Markdown and an HTML page, all of the same numbers."""

from affinity_search.evaluation.report.page import as_html
from affinity_search.evaluation.report.text import as_markdown, as_text
from affinity_search.evaluation.report.values import as_json, warnings

__all__ = ["as_html", "as_json", "as_markdown", "as_text", "warnings"]
