"""Facts from the tools that look into events which are no alerts: what happened around, sign-ins, process trees."""

from collections.abc import Mapping
from datetime import datetime

from triage.casework.findings import Answer, Finding, Reader, Setting, Supports, count_of, entity_text, rows_of
from triage.wording import listed, number, plain, quoted, span, when

_LEAST_LOGONS = 5
"""Earlier sign-ins of a user from which a first-time place says something."""
_GUESSING = 10
"""Failed sign-ins in an incident's window from which they are told as guessing."""
_TOLD = 6


def _around(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    counts = result.get("counts")
    if not count_of(result, "total") or not isinstance(counts, dict):
        return None
    each = [f"{count:,} {name}" for name, count in sorted(counts.items()) if isinstance(count, int)]
    rows = [said for row in rows_of(result, "rows") if (said := _doing(row))]
    examples = f"; the first of them: {listed(list(dict.fromkeys(rows)), 3)}" if rows else ""
    statement = (
        f"{entity_text(args)} is named by {number(count_of(result, 'total'), 'event')} {_span(args)} "
        f"({listed(each, 7) or 'of no known category'}){examples}."
    )
    return Finding("events", statement, "events_around")


def _doing(row: Answer) -> str:
    """Return in a few words what an event tells: program, action and the other end."""
    ends = ("destination.domain", "destination.ip", "dns.question.name", "url.domain", "file.path", "email.subject")
    other = next((str(row[name]) for name in ends if row.get(name)), "")
    what = str(row.get("event.action") or row.get("event.category") or "")
    words = [str(row.get("process.name") or ""), what, quoted(other, 80) if other else ""]
    return " ".join(plain(word, 80) for word in words if word) if other or row.get("process.name") else ""


def _logons(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    total, before, failed = (count_of(result, key) for key in ("total", "before", "failed"))
    if not total:
        return None
    places = [f"{row['place']} ({when(datetime.fromisoformat(str(row['first'])))})" for row in rows_of(result, "new")]
    known = number(count_of(result, "known_places"), "place")
    new = f"; for the first time from {listed(places, 4)}, with {known} before" if places else "; from no new place"
    fails = f", of which {failed:,} failed" if failed else ""
    statement = f"user:{plain(str(args['user']))} signed in {number(total, 'time')} {_span(args)}{fails}{new}."
    telling = (places and before >= _LEAST_LOGONS and not result.get("truncated")) or failed >= max(_GUESSING, before)
    supports: Supports = "attack" if telling else "context"
    return Finding("logon", statement, "logon_events", supports)


def _processes(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "tree")
    if not rows:
        return None
    started = [f"{_name(row['parent'])} started {_name(row['child'])}{_line(row)}" for row in rows]
    did = result.get("did")
    counts = did.items() if isinstance(did, dict) else ()
    acts = [f"{count:,} {name}" for name, count in sorted(counts) if isinstance(count, int) and count]
    acted = f"; {quoted(str(args['process']), 80)} has {listed(acts)} events" if acts else ""
    cut = ", as far as was looked" if result.get("truncated") else ""
    statement = f"By the events of host:{plain(str(args['host']))} {_span(args)}{cut}: {listed(started, _TOLD)}{acted}."
    return Finding("process", statement, "process_events")


def _name(executable: object) -> str:
    return plain(str(executable or "an unknown process").replace("\\", "/").rpartition("/")[2], 60)


def _line(row: Answer) -> str:
    return f" ({quoted(str(row['command']), 120)})" if row["command"] else ""


def _span(args: Answer) -> str:
    return span(*(datetime.fromisoformat(str(args[key])) for key in ("since", "until")))


READERS: Mapping[str, Reader] = {"events_around": _around, "logon_events": _logons, "process_events": _processes}
"""By the name of the tool."""
