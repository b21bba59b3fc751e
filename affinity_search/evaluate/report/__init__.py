"""Reports of an evaluation: JSON values, text, Markdown and an HTML page, all of the same numbers."""

from affinity_search.evaluate.report.page import as_html
from affinity_search.evaluate.report.text import as_markdown, as_text
from affinity_search.evaluate.report.values import as_json, concerns
from affinity_search.evaluate.report.write import expect_folder, write_whole

__all__ = ["as_html", "as_json", "as_markdown", "as_text", "concerns", "expect_folder", "write_whole"]
