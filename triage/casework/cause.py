"""What a candidate most likely is: named hypotheses of attack and of harmless causes, scored by what is seen.

Each hypothesis says by what signs it would show (``data/cause_signs.csv``): techniques, tactics, words of rules, kinds
of entities, shapes of the whole, plans, and facts of the investigation. The points of the signs seen are added up; the
best hypothesis of either side is kept with what speaks for it, what it lacks, and what would flip it. The verdict is
not made here and does not depend on it.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

from triage.investigation import ActivityBrief, CandidateBrief, Observation
from triage.judgement.addresses import is_public
from triage.models import Cause, Disposition, EntityKind, Evidence, Hypothesis

Side = Literal["attack", "benign"]
_MANY_HOSTS = 3
_EVERYWHERE = 10
_HUNDREDS = 100
_NEARLY_ALL = 0.95
_MANY_USERS = 5
_ACCOUNTS = "T1078"
"""Valid accounts are used."""
_ENTERING = frozenset({"initial-access"})
_MARGIN = 3
"""So many points a harmless cause must be ahead to name what is shown as suspicious."""
_LACKING = 3
_CITED = 4


class Sign(NamedTuple):
    """What would be seen if a hypothesis held."""

    test: str
    value: str
    points: int
    meaning: str


class Known(NamedTuple):
    """A hypothesis that is considered for every candidate."""

    name: str
    side: Side
    title: str
    flip: str
    signs: tuple[Sign, ...]


class _Seen(NamedTuple):
    """What signs are tested on."""

    brief: CandidateBrief
    evidence: Sequence[Evidence]
    roles: frozenset[str]

    @property
    def activities(self) -> tuple[ActivityBrief, ...]:
        return self.brief.activities


class _Scored(NamedTuple):
    known: Known
    met: tuple[Sign, ...]

    @property
    def points(self) -> int:
        return sum(sign.points for sign in self.met)


@lru_cache(maxsize=1)
def hypotheses() -> tuple[Known, ...]:
    """Return all hypotheses with their signs, in the order of the file."""
    signs: dict[str, list[Sign]] = {}
    for row in _rows("cause_signs.csv"):
        test, _, value = row["sign"].partition(":")
        signs.setdefault(row["cause"], []).append(Sign(test, value, int(row["points"]), row["meaning"]))
    return tuple(
        Known(row["cause"], _side(row["side"]), row["title"], row["flip"], tuple(signs[row["cause"]]))
        for row in _rows("causes.csv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("triage") / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def _side(text: str) -> Side:
    return "attack" if text == "attack" else "benign"


def named_cause(
    brief: CandidateBrief, disposition: Disposition, evidence: Sequence[Evidence], observations: Sequence[Observation]
) -> Cause:
    """Return the most likely cause, with the best hypothesis of the attack and of the harmless side."""
    seen = _Seen(brief, evidence, _roles(observations))
    scored = [_Scored(known, tuple(sign for sign in known.signs if _met(sign, seen))) for known in hypotheses()]
    attack, benign = (_best(scored, side) for side in ("attack", "benign"))
    harmless = disposition == "benign" or benign.points >= attack.points + _MARGIN
    chosen = benign if harmless else attack
    return Cause(
        name=chosen.known.name,
        side=chosen.known.side,
        attack=_told(attack, seen),
        benign=_told(benign, seen),
        flip=chosen.known.flip,
    )


def _best(scored: Sequence[_Scored], side: str) -> _Scored:
    mine = [one for one in scored if one.known.side == side]
    return max(mine, key=lambda one: one.points)  # the first of equals: the order of the file is the order of belief


def _told(one: _Scored, seen: _Seen) -> Hypothesis:
    lacking = sorted((sign for sign in one.known.signs if sign not in one.met), key=lambda sign: -sign.points)
    asked = [sign.meaning for sign in lacking if sign.test not in {"plan", "part", "always"}]
    return Hypothesis(
        name=one.known.name,
        title=one.known.title,
        points=one.points,
        seen=tuple(dict.fromkeys(sign.meaning for sign in one.met)),
        evidence=tuple(_cited(one, seen)),
        lacking=tuple(dict.fromkeys(asked))[:_LACKING],
    )


def _cited(one: _Scored, seen: _Seen) -> Iterator[str]:
    """Yield ids of the evidence that states a rule by which a sign of the hypothesis is met, else the scope."""
    rules = [a.rule for a in seen.activities for sign in one.met if _on_activity(sign, a)]
    wanted = [f"Rule '{rule[:60]}" for rule in dict.fromkeys(rules)]
    found = [fact.evidence_id for fact in seen.evidence if any(fact.statement.startswith(text) for text in wanted)]
    found += [fact.evidence_id for fact in seen.evidence if one.known.side == "benign" and fact.supports == "benign"]
    yield from list(dict.fromkeys(found or [fact.evidence_id for fact in seen.evidence[:1]]))[:_CITED]


def _met(sign: Sign, seen: _Seen) -> bool:
    if sign.test in _WHOLE:
        return _WHOLE[sign.test](sign.value, seen)
    return any(_on_activity(sign, activity) for activity in seen.activities)


def _on_activity(sign: Sign, activity: ActivityBrief) -> bool:
    match sign.test:
        case "technique":
            return any(one == sign.value or one.startswith(f"{sign.value}.") for one in activity.techniques)
        case "tactic":
            return sign.value in activity.tactics
        case "words":
            return bool(_pattern(sign.value).search(activity.rule[:300]))
        case "kind":
            return activity.principal.startswith(f"{sign.value}:")
    return False


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _shape(name: str, seen: _Seen) -> bool:
    return _SHAPES[name](seen.activities)


def _same_on_many(activities: Sequence[ActivityBrief]) -> bool:
    places: dict[str, set[str]] = {}
    for activity in activities:
        places.setdefault(activity.rule, set()).add(activity.principal)
    return all(len(where) >= _MANY_HOSTS for where in places.values())


def _one_rule_everywhere(activities: Sequence[ActivityBrief]) -> bool:
    alerts = Counter[str]()
    for activity in activities:
        alerts[activity.rule] += activity.count
    rule, loudest = alerts.most_common(1)[0]
    theirs = [activity for activity in activities if activity.rule == rule]
    places = {activity.principal for activity in theirs}
    everywhere = len(places) >= _EVERYWHERE and loudest >= max(_HUNDREDS, _NEARLY_ALL * alerts.total())
    return everywhere and not _of_one_stranger(theirs)


def _of_one_stranger(activities: Sequence[ActivityBrief]) -> bool:
    """Tell whether one public address is in nearly all of them: then it is somebody's doing, not the rule's."""
    named = Counter(
        ref.value
        for activity in activities
        for ref in set(activity.entities)
        if ref.kind == EntityKind.ADDRESS and is_public(ref.value)
    )
    return max(named.values(), default=0) >= _NEARLY_ALL * len(activities)


def _one_source_many(activities: Sequence[ActivityBrief]) -> bool:
    sources = {ref.value for a in activities for ref in a.entities if ref.role == "source" and ref.kind == "address"}
    return len(sources) == 1 and len({ref.value for a in activities for ref in a.entities}) > _MANY_HOSTS


def _many_users_one_address(activities: Sequence[ActivityBrief]) -> bool:
    users: dict[str, set[str]] = {}
    for activity in activities:
        named = {ref.value for ref in activity.entities if ref.kind == EntityKind.USER}
        for ref in activity.entities:
            if ref.kind == EntityKind.ADDRESS:
                users.setdefault(f"{activity.rule}|{ref.value}", set()).update(named)
    return any(len(tried) >= _MANY_USERS for tried in users.values())


def _only_sign_ins(activities: Sequence[ActivityBrief]) -> bool:
    """Tell whether one account signs in from elsewhere, and nothing comes of it."""
    users = {ref.value for activity in activities for ref in activity.entities if ref.kind == EntityKind.USER}
    used = {technique for activity in activities for technique in activity.techniques}
    tactics = {tactic for activity in activities for tactic in activity.tactics}
    return len(users) == 1 and bool(used) and all(one.startswith(_ACCOUNTS) for one in used) and tactics <= _ENTERING


_SHAPES: Mapping[str, Callable[[Sequence[ActivityBrief]], bool]] = {
    "same-on-many": _same_on_many,
    "one-rule-everywhere": _one_rule_everywhere,
    "one-source-many": _one_source_many,
    "many-users-one-address": _many_users_one_address,
    "only-sign-ins": _only_sign_ins,
}
_WHOLE: Mapping[str, Callable[[str, _Seen], bool]] = {
    "shape": _shape,
    "plan": lambda kind, seen: seen.brief.judgement.planned.strip().lower() == kind,
    "part": lambda kind, seen: seen.brief.judgement.planned_in_part.strip().lower() == kind,
    "role": lambda word, seen: any(word in role for role in seen.roles),
    "evidence": lambda _, seen: any(f.tool == "rule_prevalence" and f.supports == "benign" for f in seen.evidence),
    "always": lambda _, __: True,
}


def _roles(observations: Sequence[Observation]) -> frozenset[str]:
    assets = (o.result.get("asset") for o in observations if o.result)
    return frozenset(str(asset.get("role", "")).casefold() for asset in assets if isinstance(asset, dict))
