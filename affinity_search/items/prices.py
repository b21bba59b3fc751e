"""Prices as shops write them: with a currency, parted thousands, a decimal comma, or as a range."""

from __future__ import annotations

import re
from typing import Literal

from affinity_search.inputs.values import plain_number

__all__ = ["lowest_price"]

LONGEST = 80
# What may stand beside the digits: currency signs, and codes or names of currencies of up to four letters.
CURRENCY = r"(?:[^\W\d_]{1,4}\.?|[$€£¥₹₽₩₺₫฿₴₦₱])"
BESIDE = re.compile(rf"^(?:{CURRENCY}\s*){{1,2}}|(?:\s*{CURRENCY}){{1,2}}$")
RANGE = re.compile(r"\s*(?:(?<![.,])-|\u2013|\u2014|\.\.\.?|\bto\b|\bbis\b)\s*")
BLANKS = "[ \u00a0\u202f']"
FORMS = {
    ".": re.compile(rf"-?(?:\d{{1,3}}(?:(?:,|{BLANKS})\d{{3}})+|\d+)(?:\.(?:\d+|-+))?", re.ASCII),
    ",": re.compile(rf"-?(?:\d{{1,3}}(?:(?:\.|{BLANKS})\d{{3}})+|\d+)(?:,(?:\d+|-+))?", re.ASCII),
}


def lowest_price(text: str, decimal: Literal[".", ","]) -> float | None:
    """The price in the text, of a range its lower end; None where it is not written with this decimal sign.

    `19,99 €`, `EUR 1.299,00` and `10-20` are prices with a decimal comma. `1.299` is 1299 then. Nothing is guessed.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if decimal == "." and (number := plain_number(text)) is not None:
        return number
    first, *others = [text] if text.startswith("-") else RANGE.split(text)
    found = [_amount(part, decimal) for part in (first, *others)]
    known = [amount for amount in found if amount is not None]
    return min(known) if len(known) == len(found) and len(known) <= 2 else None


def _amount(text: str, decimal: str) -> float | None:
    digits = BESIDE.sub("", text.strip()).strip(" \u00a0\u202f")
    if not FORMS[decimal].fullmatch(digits):
        return None
    whole, _, rest = digits.partition(decimal)
    return plain_number(re.sub(r"[^\d-]", "", whole) + (f".{rest.strip('-')}" if rest.strip("-") else ""))
