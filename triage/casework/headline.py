"""The title of an investigation: its main behaviours in order of time, and where they happened."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from triage.attack import KILL_CHAIN, TechniqueTable, stage
from triage.casework.behaviour import Behaviour, Source, behaviour
from triage.casework.playbook import main_entities
from triage.investigation import ActivityBrief
from triage.models import EntityRef
from triage.wording import plain, quoted

_PREPOSITIONS = {"user": "by", "mailbox": "in", "address": "at", "model": "against"}
_TITLE_ORDER = ("host", "device", "service", "cloud", "model", "mailbox", "user", "address")
_PLURALS = {"address": "addresses", "mailbox": "mailboxes", "cloud": "cloud resources"}
_TOLD = 4
"""Behaviours that the story of an incident tells, the most telling ones."""
_TOLD_SHARE = 0.25
_SECOND_SHARE = 0.5
"""A second behaviour is named when it carries at least this share of the first one's weight."""


_TRUST: dict[Source, float] = {"words": 1.0, "technique": 0.9, "tactic": 0.75, "rule": 0.65}
"""How well a phrase of each origin tells what was done."""


class Act(NamedTuple):
    """A behaviour of a candidate with how telling it is and when it began."""

    behaviour: Behaviour
    weight: float
    first: datetime
    activity: ActivityBrief
    """The most telling activity of this behaviour."""


def acts(focus: Sequence[ActivityBrief], techniques: TechniqueTable) -> list[Act]:
    """Group activities (most telling first) by behaviour; return the most telling behaviour first.

    Late stages of the kill chain count up to half as much again, and so do behaviours that several rules noticed.
    """
    grouped: dict[str, list[tuple[ActivityBrief, Behaviour]]] = {}
    for activity in focus:
        meaning = behaviour(activity, techniques)
        grouped.setdefault(meaning.phrase, []).append((activity, meaning))
    return sorted(map(_act, grouped.values()), key=lambda act: (-act.weight, act.first, act.behaviour.phrase))


def _act(group: Sequence[tuple[ActivityBrief, Behaviour]]) -> Act:
    lead, meaning = group[0]
    late = stage(meaning.tactic) / len(KILL_CHAIN) if meaning.tactic else 0.0
    rules = len({activity.rule for activity, _ in group})
    weight = (1 + lead.weight) * (1 + late / 2) * min(1.5, 1 + (rules - 1) / 10) * _TRUST[meaning.source]
    return Act(meaning, weight, min(activity.first for activity, _ in group), lead)


def title(told: Sequence[Act], focus: Sequence[ActivityBrief]) -> str:
    """Return e.g. 'Web attack followed by privilege escalation on web01 and 2 more hosts'."""
    chosen = main_acts(told)
    text = _phrase(chosen[0].behaviour, leading=True, alone=len(chosen) == 1)
    if len(chosen) == 2:
        later = chosen[1].first - chosen[0].first > timedelta(seconds=1)
        text += (" followed by " if later else " and ") + _phrase(chosen[1].behaviour, leading=False, alone=False)
    return text + _where(focus, told[0].activity)


def main_acts(told: Sequence[Act]) -> list[Act]:
    """Return the one or two behaviours that name the candidate, in order of time."""
    lead = told[0]
    others = [act for act in told[1:] if act.weight >= _SECOND_SHARE * lead.weight]
    different = [act for act in others if act.behaviour.tactic != lead.behaviour.tactic]
    second = (different or others)[:1]
    return sorted([lead, *second], key=lambda act: (act.first, -act.weight, act.behaviour.phrase))


def story(told: Sequence[Act], cited: Mapping[tuple[str, str], str]) -> str:
    """Return what happened in order of time, in one sentence: when, what, where, by whom, with the evidence of each.

    ``cited``: evidence id by (detector, rule). '' where no act has evidence.
    """
    loud = [act for act in told if act.weight >= _TOLD_SHARE * told[0].weight]
    known = [act for act in loud if (act.activity.detector, act.activity.rule) in cited][:_TOLD]
    chosen = sorted(known, key=lambda act: (act.activity.first, -act.weight, act.behaviour.phrase))
    if not chosen:
        return ""
    days = [f"{act.activity.first:%Y-%m-%d}" for act in chosen]
    parts = [
        f"{f'{day} ' if place == 0 or day != days[place - 1] else ''}{_scene(act)}"
        for place, (act, day) in enumerate(zip(chosen, days, strict=True))
    ]
    ids = dict.fromkeys(cited[act.activity.detector, act.activity.rule] for act in chosen)
    return f"In order (UTC): {'; '.join(parts)} {' '.join(f'[{one}]' for one in ids)}."


def _scene(act: Act) -> str:
    """Return e.g. '14:20 privilege escalation ('New service by SYSTEM') on ws1 by ann'."""
    where = _most_tangible(main_entities([act.activity]))
    place = f" {_PREPOSITIONS.get(where.kind, 'on')} {plain(where.value)}" if where else ""
    users = _of_kind([act.activity], "user") if where and where.kind != "user" else set()
    who = f" by {plain(users.pop())}" if len(users) == 1 else ""
    rule = quoted(act.activity.rule)  # cut where the evidence cuts it, so that it is found there
    known = act.behaviour.source != "rule"
    what = f"{_phrase(act.behaviour, leading=False, alone=False)} ({rule})" if known else rule
    return f"{act.activity.first:%H:%M} {what}{place}{who}"


def _phrase(meaning: Behaviour, *, leading: bool, alone: bool) -> str:
    if meaning.source == "rule" and not alone:
        return f"'{meaning.phrase}'"
    if meaning.source in {"words", "tactic"} and not leading and not meaning.phrase[1:2].isupper():
        return meaning.phrase[:1].lower() + meaning.phrase[1:]
    return meaning.phrase


def _where(focus: Sequence[ActivityBrief], lead: ActivityBrief) -> str:
    main = _most_tangible(main_entities([lead])) or _most_tangible(main_entities(focus))
    if main is None:
        return f", reported by {plain(focus[0].detector, 40)}"
    others = len(_of_kind(focus, main.kind) - {main.value})
    more = f" and {others} more {_plural(main.kind, others)}" if others else ""
    return f" {_PREPOSITIONS.get(main.kind, 'on')} {plain(main.value, 60)}{more}"


def _most_tangible(entities: Iterable[EntityRef]) -> EntityRef | None:
    shown = [ref for ref in entities if ref.kind in _TITLE_ORDER]
    return min(shown, key=lambda ref: _TITLE_ORDER.index(ref.kind), default=None)


def _of_kind(focus: Sequence[ActivityBrief], kind: str) -> set[str]:
    named = {ref.value for activity in focus for ref in activity.entities if ref.kind == kind}
    principals = {a.principal.partition(":")[2] for a in focus if a.principal.startswith(f"{kind}:")}
    return named | principals


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return "cloud resource" if kind == "cloud" else kind
    return _PLURALS.get(kind, f"{kind}s")
