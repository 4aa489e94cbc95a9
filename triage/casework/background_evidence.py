"""Facts from the tools that look beyond the alerts: intelligence, plans, past incidents, beats, logons, processes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from triage.casework.findings import Answer, Finding, Reader, Setting, Supports, count_of, entity_text, rows_of
from triage.wording import listed, number, plain, quoted, span, when

_LEAST_LOGONS = 5
"""Earlier alerts of a user from which a first-time place says something."""
_ALIKE = 0.9
"""Likeness from which a past incident says something about this one."""
_HARMLESS = frozenset({"false_positive", "benign_true_positive"})


def _intelligence(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "matches")
    if not rows:
        return None
    best = rows[0]
    telling = [row for row in rows if row["telling"]]
    threats = sorted({str(name) for row in rows for name in _texts(row, "threats")})
    told = [f"{row['indicator']} (source {row['source']}, confidence {row['confidence']})" for row in rows]
    statement = f"Known bad by threat intelligence: {listed(list(dict.fromkeys(told)))}"
    statement += f"; a sign of {listed(threats)}" if threats else ""
    statement += f"; {best['entity']} matches {best['indicator']}" if best["entity"] != best["indicator"] else ""
    if not telling:
        statement += "; much of the network names it, so this says little"
    return Finding("intelligence", f"{statement}.", "threat_intelligence", "attack" if telling else "context")


def _calendar(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "planned")
    if not rows:
        return None
    told = [f"{row['kind']} '{row['title']}' on {row['scope']}, {_span(row)}" for row in rows]
    statement = f"The calendar has {number(count_of(result, 'total'), 'entry', 'entries')} for then: {listed(told)}."
    return Finding("calendar", statement, "planned_changes", "benign")


def _similar(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = [row for row in rows_of(result, "incidents") if _number(row, "likeness") >= _ALIKE]
    if not rows:
        return None
    told = [f"{row['incident']} '{row['title']}' ({_closed(row)}, likeness {row['likeness']})" for row in rows]
    closed = {str(row["closed"]) for row in rows} - {""}
    supports: Supports = "context"
    if closed:
        supports = "benign" if closed <= _HARMLESS else "attack" if "true_positive" in closed else "context"
    statement = f"{number(len(rows), 'earlier incident')} had alerts that mean much the same: {listed(told)}."
    return Finding("similar", statement, "similar_incidents", supports)


def _logons(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    new, before = count_of(result, "new_places"), count_of(result, "before")
    if not before or not new:
        return None
    named = [str(place) for place in _texts(result, "new")]
    cut = ", as far as was looked" if result.get("history_cut") else ""
    statement = (
        f"user:{plain(str(args['user']))} appears with {listed(named)} for the first time{cut}; "
        f"{number(before, 'earlier alert')} of the {_days(args)} before name it with "
        f"{number(count_of(result, 'known_places'), 'other place')}."
    )
    supports: Supports = "attack" if before >= _LEAST_LOGONS and not cut else "context"
    return Finding("logon", statement, "logon_history", supports)


def _beat(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    if not result.get("steady"):
        return None
    period, jitter = _number(result, "period_seconds"), _number(result, "jitter")
    statement = (
        f"Alerts of rule '{plain(str(args.get('rule', '')))}' that name {entity_text(args)} come at a steady beat: "
        f"every {period:g} seconds with {100 * jitter:.0f} % jitter, {number(count_of(result, 'counted'), 'time')}, "
        "as an implant or a scheduled program does."
    )
    return Finding("beat", statement, "beacon_test", "attack", (), count_of(result, "counted"))


def _processes(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "started")
    if not rows:
        return None
    told = [f"{row['parent']} started {row['child']}{_line(row)}" for row in rows]
    return Finding("process", f"By the documents of its alerts, {listed(told)}.", "process_tree")


def _guide(args: Answer, result: Answer, setting: Setting) -> Finding | None:
    guide = result.get("guide")
    if not isinstance(guide, str) or not guide:
        return None
    rules = [a.rule for a in setting.brief.activities if any(ref.id == args["id"] for ref in a.sample_alerts)]
    named = quoted(rules[0]) if rules else "the rule"
    return Finding("guide", f"The author of {named} notes: {quoted(guide, 500)}.", "rule_guide")


def _span(row: Answer) -> str:
    return span(*(datetime.fromisoformat(str(row[key])) for key in ("since", "until")))


def _closed(row: Answer) -> str:
    if not row["closed"]:
        return f"of {when(_time(row, 'first_seen'))}, not closed"
    who = f" by {plain(str(row['by']), 60)}" if row.get("by") else ""
    at = f" on {_time(row, 'at'):%Y-%m-%d}" if row.get("at") else ""
    note = f", noting {quoted(str(row['note']))}" if row.get("note") else ""
    return f"closed as {row['closed']}{who}{at}{note}"


def _line(row: Answer) -> str:
    return f" ({quoted(str(row['command']), 160)})" if row["command"] else ""


def _time(row: Answer, key: str) -> datetime:
    return datetime.fromisoformat(str(row[key]))


def _days(args: Answer) -> str:
    return number((_time(args, "fresh") - _time(args, "since")) // timedelta(days=1), "day")


def _texts(result: Answer, key: str) -> list[object]:
    value = result.get(key)
    return list(value) if isinstance(value, list) else []


def _number(row: Answer, key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


READERS: Mapping[str, Reader] = {
    "threat_intelligence": _intelligence,
    "planned_changes": _calendar,
    "similar_incidents": _similar,
    "logon_history": _logons,
    "beacon_test": _beat,
    "process_tree": _processes,
    "rule_guide": _guide,
}
"""By the name of the tool."""
