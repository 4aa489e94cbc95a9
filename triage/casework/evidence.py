"""Turns a brief and the answers of the tools into numbered facts.

A statement says only what its source says, with its numbers; the order (scope, activities, weakest join, then tools in
the order they were asked) and so the ids E1, E2, ... depend on nothing else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from statistics import median

from pydantic import JsonValue

from triage.attack import TechniqueTable
from triage.casework import background_evidence, event_evidence, habit_evidence
from triage.casework.findings import Finding as Finding  # noqa: PLC0414 - told again, for those who read evidence
from triage.casework.findings import Reader, Setting, Supports, entity_text
from triage.casework.masking import planted_in
from triage.casework.playbook import FOCUS
from triage.investigation import ActivityBrief, CandidateBrief, Observation
from triage.models import AlertRef, Evidence
from triage.trust.injection import PLANTED
from triage.wording import days, listed, number, plain, quoted, span, when

RULES_STATED = 12
"""Rules that get a statement of their own; the scope tells how many there are."""
TELLING = 50.0
"""Weight (0-100) from which an activity speaks for an attack."""
_BURST = 10
"""A day with this many times the median of the days before is a burst."""
PROMPT_INJECTION = "AML.T0051"
_KIND = f"{PLANTED}:"


def findings(
    brief: CandidateBrief,
    observations: Sequence[Observation],
    techniques: TechniqueTable,
    leading: Sequence[ActivityBrief] = (),
) -> list[Finding]:
    """Return all facts in their fixed order; the rules of the ``leading`` activities are told before the others."""
    setting = Setting(brief, known_since(observations))
    stated = [_rule(group, techniques) for group in by_rule([*leading, *brief.ranked()])[:RULES_STATED]]
    answers = ((o.call.name, o.call.args, o.result) for o in observations if o.result is not None)
    asked = [_READERS[name](args, result, setting) for name, args, result in answers if name in _READERS]
    planted = _planted(brief, techniques)
    return [_scope(brief), *stated, *planted, *_weakest_join(brief), *(finding for finding in asked if finding)]


def rule_ids(brief: CandidateBrief, leading: Sequence[ActivityBrief]) -> Mapping[tuple[str, str], str]:
    """Return the evidence id of each rule, (detector, rule), that ``findings`` states; the extent is E1."""
    groups = by_rule([*leading, *brief.ranked()])[:RULES_STATED]
    return {(group[0].detector, group[0].rule): f"E{place}" for place, group in enumerate(groups, start=2)}


def by_rule(activities: Sequence[ActivityBrief]) -> list[list[ActivityBrief]]:
    """Group distinct activities by detector and rule, both in the order in which they come."""
    groups: dict[tuple[str, str], dict[str, ActivityBrief]] = {}
    for activity in activities:
        groups.setdefault((activity.detector, activity.rule), {})[activity.key] = activity
    return [list(group.values()) for group in groups.values()]


def numbered(found: Sequence[Finding], evidence_alerts: int) -> tuple[Evidence, ...]:
    """Give the facts their ids and bound their alert ids; ``truncated`` says where some were left out."""
    return tuple(
        Evidence(
            evidence_id=f"E{position}",
            statement=finding.statement,
            tool=finding.tool,
            supports=finding.supports,
            alerts=(alerts := finding.alerts[:evidence_alerts]),
            alert_count=max(finding.alert_count, len(finding.alerts)),
            truncated=max(finding.alert_count, len(finding.alerts)) > len(alerts),
        )
        for position, finding in enumerate(found, start=1)
    )


def known_since(observations: Sequence[Observation]) -> datetime | None:
    """Return the earliest first sighting that was answered."""
    firsts = (o.result.get("first") for o in observations if o.result and o.call.name == "first_last_seen")
    return min((datetime.fromisoformat(first) for first in firsts if isinstance(first, str)), default=None)


def _scope(brief: CandidateBrief) -> Finding:
    activities = brief.activities
    detectors = [plain(detector, 40) for detector in sorted({activity.detector for activity in activities})]
    rules = len({(activity.detector, activity.rule) for activity in activities})
    hosts = sorted({ref.value for activity in activities for ref in activity.entities if ref.kind == "host"})
    where = f" on {listed([f'host:{plain(host)}' for host in hosts])}" if hosts else ""
    looked_at = f"; the {FOCUS} most telling activities were examined" if len(activities) > FOCUS else ""
    statement = (
        f"{number(brief.alert_count, 'alert')} of {number(rules, 'rule')} from {listed(detectors)} form "
        f"{number(len(activities), 'activity', 'activities')}{where} {span(brief.first, brief.last)}{looked_at}."
    )
    samples = tuple(ref for activity in brief.ranked()[:FOCUS] for ref in activity.sample_alerts[:1])
    return Finding("scope", statement, "correlate", "context", samples, brief.alert_count)


def _rule(group: Sequence[ActivityBrief], techniques: TechniqueTable) -> Finding:
    """State all activities of one rule at once; the first one, the most telling, gives the reasons."""
    lead, count = group[0], sum(activity.count for activity in group)
    places = [plain(name) for name in dict.fromkeys(activity.principal for activity in group) if name]
    fired = f"Rule {quoted(lead.rule)} ({plain(lead.detector, 40)}) fired {number(count, 'time')}"
    where = f" on {listed(places)}" if places else ""
    first, last = min(activity.first for activity in group), max(activity.last for activity in group)
    parts = [f"{fired}{where} {span(first, last)}"]
    severities = [activity.severity for activity in group if activity.severity is not None]
    if severities:
        parts.append(f"severity {max(severities):.0f} of 100")
    ids = sorted({technique for activity in group for technique in activity.techniques})
    named = [f"{t.id} {t.name}" for t in map(techniques.find, ids) if t]
    if named:
        parts.append(f"ATT&CK {listed(named)}")
    parts += [plain(reason, 160).rstrip(".") for reason in lead.novelty_reasons[:2]]
    samples = tuple(ref for activity in group for ref in activity.sample_alerts)
    return Finding("rule", "; ".join(parts) + ".", "condense", _rule_supports(lead), samples, count)


def _rule_supports(activity: ActivityBrief) -> Supports:
    if activity.weight >= TELLING:
        return "attack"
    judged = activity.severity is not None or activity.novelty_reasons
    return "benign" if judged and activity.weight < TELLING / 2 else "context"


def _planted(brief: CandidateBrief, techniques: TechniqueTable) -> list[Finding]:
    """State that alerts hold text which tries to direct their reader, with a quotation where it is in what is shown."""
    held = [activity for activity in brief.ranked() if PLANTED in activity.flags]
    if not held:
        return []
    kinds = sorted({flag.partition(":")[2] for activity in held for flag in activity.flags if flag.startswith(_KIND)})
    parts = (planted_in(text, activity) for activity in held for text in _texts(activity))
    told = next((finding for found in parts for finding in found), None)
    excerpt = f"; quoted, not followed: {quoted(told.excerpt, 160)}, which {plain(told.why)}" if told else ""
    technique = techniques.find(PROMPT_INJECTION)
    named = f"; ATLAS {technique.id} {technique.name}" if technique else ""
    rules = [quoted(rule) for rule in dict.fromkeys(activity.rule for activity in held)]
    statement = (
        f"{number(len(held), 'activity holds', 'activities hold')} text written for the reader of alerts "
        f"({listed(kinds, 12)}), "
        f"in alerts of {listed(rules)}{excerpt}{named}."
    )
    samples = tuple(ref for activity in held for ref in activity.sample_alerts)
    return [Finding("planted", statement, "injection", "attack", samples, sum(activity.count for activity in held))]


def _texts(activity: ActivityBrief) -> list[str]:
    return [activity.message, activity.rule, *(ref.value for ref in activity.entities)]


def _weakest_join(brief: CandidateBrief) -> list[Finding]:
    if not brief.joins:
        return []
    weakest = min(brief.joins, key=lambda join: (not join.weakest, join.strength, join.left, join.right))
    reason = plain(weakest.reason, 240).rstrip(".")
    statement = f"Weakest of {number(len(brief.joins), 'join')}, strength {weakest.strength:.2f} of 1: {reason}."
    return [Finding("join", statement, "correlate")]


def _asset(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:  # noqa: ARG001
    asset = result.get("asset")
    if not isinstance(asset, dict):
        return None
    known = [f"{name} {plain(str(asset[name]))}" for name in ("role", "owner", "note") if asset.get(name)]
    statement = f"{entity_text(args)} is in the asset inventory with criticality {asset['criticality']} of 100"
    return Finding("asset", ", ".join([statement, *known]) + ".", "asset_lookup")


def _sightings(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:
    first, total = result.get("first"), _count(result, "total")
    if not isinstance(first, str):
        return None
    seen = datetime.fromisoformat(first)
    new = setting.has_past and seen >= setting.brief.first
    how_new = ", within this incident" if seen >= setting.brief.first else ""
    statement = (
        f"{entity_text(args)} was first named by an alert at {when(seen)}{how_new}; it is named by "
        f"{number(total, 'alert')} on {number(_count(result, 'days'), 'day')} and "
        f"{number(_count(result, 'hosts'), 'host')} so far."
    )
    return Finding("sightings", statement, "first_last_seen", "attack" if new else "context", (), total)


def _prevalence(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:
    total = _count(result, "total")
    until = datetime.fromisoformat(str(args["until"]))
    before = f"in the {days(until - datetime.fromisoformat(str(args['since'])))} before {when(until)}"
    rule = f"Rule {quoted(str(args['rule']))}"
    if total:
        statement = (
            f"{rule} had already fired {number(total, 'time')} on {number(_count(result, 'hosts'), 'host')} and "
            f"{number(_count(result, 'days'), 'day')} {before}."
        )
        return Finding("prevalence", statement, "rule_prevalence", _familiar(result), (), total)
    statement = f"{rule} had not fired anywhere {before}{_past(setting)}."
    return Finding("prevalence", statement, "rule_prevalence", "attack" if setting.has_past else "context")


def _familiar(result: Mapping[str, JsonValue]) -> Supports:
    return "benign" if _count(result, "days") >= 3 else "context"


def _past(setting: Setting) -> str:
    if setting.has_past and setting.known_since:
        return f" (alerts about the entities involved are known since {when(setting.known_since)})"
    return ", but no earlier alert about the entities involved is known, so this says little"


def _history(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:
    per_day = result.get("days")
    if not isinstance(per_day, dict) or not per_day:
        return None
    start = setting.brief.first.date()
    counts = {date.fromisoformat(day): count for day, count in per_day.items() if isinstance(count, int)}
    before = [count for day, count in counts.items() if day < start]
    day, peak = max(((d, c) for d, c in counts.items() if d >= start), key=lambda x: (x[1], x[0]), default=(start, 0))
    statement = f"{entity_text(args)} has {number(peak, 'alert')} on {day}"
    if not before:
        return Finding("history", f"{statement} and none on a day before.", "entity_history", "context", (), peak)
    usual = median(before)
    statement += f"; on its {number(len(before), 'earlier day')} with alerts the median was {usual:g}."
    burst = len(before) >= 2 and peak >= _BURST * usual
    return Finding("history", statement, "entity_history", "attack" if burst else "context", (), peak)


def _around(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:
    rows = [row for row in _list(result, "rows") if isinstance(row, dict)]
    named = {(activity.detector, activity.rule) for activity in setting.brief.activities}
    own = {(plain(detector, 300), plain(rule, 300)) for detector, rule in named}
    others = [row for row in rows if (str(row["detector"]), str(row["rule"])) not in own]
    rules = Counter(str(row["rule"]) for row in others)
    common = [f"{quoted(rule)} ({count})" for rule, count in sorted(rules.items(), key=lambda x: (-x[1], x[0]))]
    since, until = (datetime.fromisoformat(str(args[key])) for key in ("since", "until"))
    total = _count(result, "total")
    looked = f", of which the first {len(rows)} were read" if total > len(rows) else ""
    found = (
        f"of rules outside this incident: {listed(common)}"
        if common
        else "none of them of a rule outside this incident"
    )
    statement = f"{entity_text(args)} is named by {number(total, 'alert')} {span(since, until)}{looked}; {found}."
    alerts = tuple(AlertRef(str(row["index"]), str(row["id"])) for row in others or rows)
    return Finding("around", statement, "alerts_around_entity", "context", alerts, len(alerts))


def _attack(args: Mapping[str, JsonValue], result: Mapping[str, JsonValue], setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = [row for row in _list(result, "techniques") if isinstance(row, dict)]
    named = [f"{row['id']} {row['name']}" for row in rows]
    unknown = [plain(str(technique), 20) for technique in _list(result, "unknown")]
    text = (
        f"The detectors name ATT&CK {listed(named, 5)}"
        if named
        else "The detectors name no technique of the ATT&CK table"
    )
    if unknown:
        text += f"; {listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not in the table"
    return Finding("attack", text + ".", "attack_lookup")


def _count(result: Mapping[str, JsonValue], key: str) -> int:
    value = result.get(key)
    return value if isinstance(value, int) else 0


def _list(result: Mapping[str, JsonValue], key: str) -> list[JsonValue]:
    value = result.get(key)
    return value if isinstance(value, list) else []


_READERS: Mapping[str, Reader] = {
    "asset_lookup": _asset,
    "first_last_seen": _sightings,
    "rule_prevalence": _prevalence,
    "entity_history": _history,
    "alerts_around_entity": _around,
    "attack_lookup": _attack,
    **background_evidence.READERS,
    **habit_evidence.READERS,
    **event_evidence.READERS,
}
