"""The fields of an event: from what a CSV or JSON line holds to checked values, or Malformed with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from affinity_search.events.answers import ABOUT_CONSENT, ABOUT_US, NO, NO_ANSWER, REFUSAL, TURNED, YES
from affinity_search.inputs.values import id_problem, kind_of, number_text, plain_number

__all__ = [
    "CONSENT",
    "Malformed",
    "answer_text",
    "consent",
    "consent_names",
    "field_text",
    "identifier",
    "is_consent",
    "is_no",
    "may_be_about_consent",
    "names_of_consent",
    "optional_identifier",
    "weight",
    "withheld_at",
]

CONSENT = "consent"

SHOWN_CHARACTERS = 60
LONGEST_ANSWER_SHOWN = 12


class Malformed(ValueError):
    """A line that is no event; the message is the reason that stands in the quarantine file."""


def shown(value: object) -> str:
    """`value` as it stands in a reason: its repr, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... (cut)"


def field_text(value: object, name: str) -> str:
    """The value as text, a JSON number as its decimal text; empty for null.

    Raises Malformed for every other JSON type, and for numbers that have no plain decimal text (1e+22).
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = number_text(value)
        if text is not None:
            return text
    found = kind_of(value) if isinstance(value, dict | list) else shown(value)  # inside may be who it was
    raise Malformed(f"{name}: expected text or a plain number, got {found}")


@lru_cache(maxsize=1 << 16)
def _checked(text: str, name: str) -> str:
    if problem := id_problem(text):
        raise Malformed(f"{name}: {problem}")
    return text


def identifier(value: object, name: str) -> str:
    """The value exactly as written. Raises Malformed where it is absent, blank, over 256 bytes or unprintable."""
    return _checked(value if type(value) is str else field_text(value, name), name)


def optional_identifier(value: object, name: str) -> str:
    """As `identifier`, but empty where the value is absent."""
    return identifier(value, name) if value is not None and value != "" else ""


def weight(value: object) -> float | None:
    """The event's own weight, a plain number >= 0; None where absent. Raises Malformed for anything else."""
    if value is None or value == "":
        return None
    text = _number_as_text(value)
    number = plain_number(text)
    if number is None or number < 0:
        raise Malformed(f"weight: expected a number >= 0, got {shown(text)}")
    return number


def _number_as_text(value: object) -> str:
    return repr(value) if isinstance(value, float) else field_text(value, "weight").strip()


def consent(value: object) -> bool:
    """False where the line says no (false, 0, no, off, denied ...), True where it says yes (true, 1, yes, on ...).

    True too where it says nothing. Raises Malformed for anything else, since an answer that nobody understands is no
    consent; the reason repeats nothing of it but a single short word.
    """
    if value is None or value == "" or value is True:
        return True
    if value is False:
        return False
    answer = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if answer in NO:
        return False
    if answer in YES:
        return True
    found = repr(value) if answer.isalnum() and len(answer) <= LONGEST_ANSWER_SHOWN else "another answer"
    raise Malformed(f"consent: expected true or false (`denied` of events.source lists other words), got {found}")


def answer_text(value: object) -> str:
    """An answer in lower case without blanks around it; empty where it is neither text, number nor true or false."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip().lower() if isinstance(value, str | int | float) else ""


def is_no(value: object, denied: frozenset[str]) -> bool:
    """Whether the answer is a no where the configuration lists the values that mean one.

    The usual words mean no as well; where the list holds one that means yes everywhere else (an opt-out), all of those
    do, and no other. Raises Malformed for an object, which is an answer that nobody understands.
    """
    if isinstance(value, dict):
        raise Malformed("consent: expected a single answer, got an object")
    answer = answer_text(value)
    return answer in denied or answer in (YES if denied & YES else NO)


def may_be_about_consent(line: bytes) -> bool:
    """Whether the line mentions consent, under whatever name: its text must not be kept where it is not understood."""
    return ABOUT_CONSENT.search(line.decode(errors="replace")) is not None


def is_consent(name: str) -> bool:
    """Whether the name is `consent`, in any case and with blanks around it."""
    return name == CONSENT or name.strip().lower() == CONSENT


def consent_names(names: Iterable[str]) -> list[str]:
    """Those of the names that are about consent but are not `consent` itself."""
    return [name for name in names if ABOUT_CONSENT.search(name) and not is_consent(name)]


@lru_cache(maxsize=1 << 10)
def names_of_consent(names: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Those of the names that are `consent`, and whether others are about it; for records whose names repeat."""
    return tuple(name for name in names if is_consent(name)), bool(consent_names(names))


def withheld_at(record: Mapping[str, object]) -> str:
    """The path at which a record withholds consent under a name that nobody mapped; empty where none does.

    Of an object about consent the answers for analytics and personalisation count where there are any, else all.
    """
    return next(_withheld(record, ""), "")


def _withheld(record: Mapping[str, object], above: str) -> Iterator[str]:
    for name, value in record.items():
        about = ABOUT_CONSENT.search(name)
        if type(value) is dict:
            yield from (_refused if about else _withheld)(value, f"{above}{name}.")
        elif about and _refuses(value, name):
            yield f"{above}{name}"


def _refused(answers: Mapping[str, object], above: str) -> Iterator[str]:
    for name in [name for name in answers if ABOUT_US.search(name)] or answers:
        value = answers[name]
        if type(value) is dict:
            yield from _refused(value, f"{above}{name}.")
        elif not NO_ANSWER.search(name) and _refuses(value, name):
            yield f"{above}{name}"


def _refuses(value: object, name: str) -> bool:
    answer = answer_text(value)
    return answer in YES if TURNED.search(name) else answer in NO or REFUSAL.search(answer) is not None
