"""Writes docs/reference/formats.md from the forms that ship with the package."""

from __future__ import annotations

from pathlib import Path

import yaml

from affinity_search.sniffing.known import FOLDER, KnownForm, known_forms

PAGE = Path(__file__).parent / "reference" / "formats.md"
HEAD = """\
# Forms of files

Events and items are read in the form that they have: CSV with commas, semicolons, tabs or pipes, JSON lines, JSON
arrays, bulk files, hits of an engine (elasticdump) and Parquet, each also with gzip, in UTF-8, UTF-16 or an encoding
that is named. What their columns mean is said by a source block, which `affinity init` writes by looking at the first
records:

    affinity init --items products.csv --events log.jsonl
    affinity init --items products_export.csv --events orders_export.csv --format shopify

`init` recognises the forms below by their columns; `--format NAME` names one. A block can name one too, and what stands
beside the name goes first:

    events:
      source:
        preset: ga4
        fields: {user: user_id}

What looking does not show is told by an option, to `init` and to `check` alike:

| option | for |
| --- | --- |
| `--format NAME` | the form of the files; refused where no file has its columns |
| `--purchase TYPE` | a type that is a purchase though its name is not exactly that of one; in files without \
types, what all events are |
| `--time us`, `--time %d/%m/%Y` | times that may be two things: a unit (`s`, `ms`, `us`, `ns`, `days`, \
`excel`) or a form |
| `--field events.item=SKU` | a column that neither its name nor its values give away |

For all other files `init` judges the columns: a user comes again and again, an item stands in the catalogue, a time
can be read as one, whatever their names are. What it cannot tell it refuses, with what it guesses. The keys of a block
are in [config.md](config.md#eventssource); `affinity check` says what a block does with the files.

| name | files | recognised by |
| --- | --- | --- |
"""
REST = """
## What each of them reads

"""


def page() -> str:
    """The page as Markdown: a table of all forms, then the block of each."""
    rows = "".join(f"| `{form.name}` | [{form.about}]({form.see}) | {_signs(form)} |\n" for form in known_forms())
    return f"{HEAD}{rows}{REST}" + "\n".join(_block(form) for form in known_forms())


def _signs(form: KnownForm) -> str:
    said = [f"{kind}: {', '.join(f'`{path}`' for path in paths)}" for kind, paths in form.known_by.items()]
    return "; ".join(said) or "how it is written"


def _block(form: KnownForm) -> str:
    data = yaml.safe_load((FOLDER / f"{form.name}.yaml").read_text("utf-8"))
    blocks = {kind: {"source": data[kind]} for kind in form.kinds}
    text = yaml.safe_dump(blocks, sort_keys=False, allow_unicode=True, width=110)
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    return f"### {form.name}\n\n{form.about}.\n\n{indented}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
