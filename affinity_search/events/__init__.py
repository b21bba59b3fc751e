"""Events of shoppers: read from files, judged line by line and accounted for. Pure: no engine, no clock, no state."""

from affinity_search.events.event import Accounting, Event, EventLine, Rejected, Verdict
from affinity_search.events.parse import Columns, EventRules, Malformed, parse_header, parse_line
from affinity_search.events.quarantine import Quarantine, quarantine_path
from affinity_search.events.source import UnreadableFile, read_events

__all__ = [
    "Accounting",
    "Columns",
    "Event",
    "EventLine",
    "EventRules",
    "Malformed",
    "Quarantine",
    "Rejected",
    "UnreadableFile",
    "Verdict",
    "parse_header",
    "parse_line",
    "quarantine_path",
    "read_events",
]
