"""What a planned change explains of a candidate: where it explains all of it, the candidate is benign and says so.

An entry of the calendar explains an activity when the activity lies in its time, every party that matters is in its
scope, and its kind brings such behaviour about (``data/planned.csv``). One activity that is left over, a known bad
indicator, or text that tries to direct its reader keeps the candidate as it was; it then says what is left over. The
urgency is untouched, and nothing is dropped: an attacker who knows the calendar must stay within what a plan explains.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final, NamedTuple

from triage.judgement.calendar import Calendar, Planned
from triage.judgement.links import BUILTIN_ACCOUNTS
from triage.judgement.urgency import Rating
from triage.models import EntityKind
from triage.times import micros
from triage.trust.injection import PLANTED
from triage.wording import listed, number, plain, span

_PLANNED: Final = "planned: "
"""How the reason of a candidate begins that a plan explains; no other reason begins so."""
_IN_PART: Final = "; the calendar's "
_WORDS: Final = "words:"
_TOLD: Final = 4

Row = Mapping[str, Any]
"""A row of columns.ACTIVITIES."""


class Claim(NamedTuple):
    """What a kind of plan brings about, and which parties must be in its scope for that."""

    explains: str
    """A technique (with its sub-techniques), a tactic, or ``words:`` with a pattern for rules that name neither."""
    needs: tuple[str, ...]
    """principal, source, destination or user; all of the activity's must be in the scope."""


class Plan(NamedTuple):
    """Entries that differ in time only: one thing that recurs."""

    kind: str
    scope: tuple[str, ...]
    title: str
    entries: tuple[Planned, ...]


@lru_cache(maxsize=1)
def claims() -> Mapping[str, tuple[Claim, ...]]:
    """Return what each kind of plan explains; a kind that is not named explains nothing."""
    text = (files("triage") / "data" / "planned.csv").read_text(encoding="utf-8")
    found: dict[str, list[Claim]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["kind"], []).append(Claim(row["explains"], tuple(row["needs"].split())))
    return {kind: tuple(rows) for kind, rows in found.items()}


def settled(
    rating: Rating, core: Sequence[Row], company: Sequence[Row], calendar: Calendar, *, known_bad: bool = False
) -> Rating:
    """Return the rating as the calendar settles it: benign where one plan explains all, else with what is left over.

    ``company`` are the less unusual activities that were taken in; they need no plan, but may hold text that rules one
    out. ``known_bad``: an activity of the candidate names a telling indicator.
    """
    best = min(_attempts(core, calendar), key=lambda one: (len(one[1]), one[0]), default=None)
    if best is None:
        return rating
    plan, left = best
    doubt = _doubt(core, company, known_bad=known_bad)
    if not left and not doubt:
        return rating._replace(disposition="benign", reason=_said(plan, core, rating))
    if rating.disposition == "benign":
        return rating
    rules = [f"'{plain(rule)}'" for rule in dict.fromkeys(str(row["rule"]) for row in left)]
    why = doubt or f"does not explain {listed(rules, _TOLD)}"
    return rating._replace(reason=f"{rating.reason}{_IN_PART}{_named(plan)} {why}")


def plan_of(reason: str) -> str:
    """Return the kind of the plan that a reason of ``settled`` names as explaining all; '' for any other reason."""
    return reason.removeprefix(_PLANNED).partition(" '")[0] if reason.startswith(_PLANNED) else ""


def plan_in_part_of(reason: str) -> str:
    """Return the kind of the plan that a reason of ``settled`` names as explaining a part; '' where it names none."""
    return reason.rpartition(_IN_PART)[2].partition(" '")[0] if _IN_PART in reason else ""


def _attempts(core: Sequence[Row], calendar: Calendar) -> Iterator[tuple[Plan, list[Row]]]:
    """Yield every plan that explains something, with what it leaves over."""
    for plan in plans(calendar):
        left = [row for row in core if not _explains(plan, row)]
        if len(left) < len(core):
            yield plan, left


@lru_cache(maxsize=8)
def plans(calendar: Calendar) -> tuple[Plan, ...]:
    """Return the plans of a calendar, recurring entries together, in order."""
    ordered = sorted(calendar.entries, key=lambda one: (one.kind, one.scope, one.title, one.since))
    grouped = groupby(ordered, key=lambda one: (one.kind, one.scope, one.title))
    return tuple(Plan(*key, tuple(entries)) for key, entries in grouped)


def _explains(plan: Plan, row: Row) -> bool:
    within = any(micros(one.since) <= row["first"] and row["last"] < micros(one.until) for one in plan.entries)
    kinds = claims().get(plan.kind.strip().lower(), ())
    if not within or not kinds:
        return False
    able = [claim for claim in kinds if all(_in_scope(plan, row, party) for party in claim.needs)]
    return bool(able) and _brought_about(row, [claim.explains for claim in able])


def _brought_about(row: Row, explained: Sequence[str]) -> bool:
    """Tell whether all that the activity is said to be is explained: techniques, else tactics, else the rule."""
    techniques = row["techniques"]
    finest = [one for one in techniques if not any(other.startswith(f"{one}.") for other in techniques)]
    if finest:
        return all(any(_covers(one, technique) for one in explained) for technique in finest) or _all_in(row, explained)
    if row["tactics"]:
        return _all_in(row, explained)
    patterns = [one.removeprefix(_WORDS) for one in explained if one.startswith(_WORDS)]
    return any(re.search(pattern, str(row["rule"])[:300], re.IGNORECASE) for pattern in patterns)


def _all_in(row: Row, explained: Sequence[str]) -> bool:
    return bool(row["tactics"]) and set(row["tactics"]) <= set(explained)


def _covers(explained: str, technique: str) -> bool:
    return technique == explained or technique.startswith(f"{explained}.")


def _in_scope(plan: Plan, row: Row, party: str) -> bool:
    names = _PARTIES[party](row)
    one = plan.entries[0]
    return bool(names) and all(one.concerns([name]) for name in names)


def _principal(row: Row) -> list[str]:
    return [str(row["principal"]).partition(":")[2]] if row["principal"] else []


def _with_role(role: str) -> Callable[[Row], list[str]]:
    return lambda row: [one["value"] for one in _all_entities(row) if one["role"] == role and one["kind"] in _PLACES]


def _users(row: Row) -> list[str]:
    named = [one["value"] for one in _all_entities(row) if one["kind"] == EntityKind.USER]
    return [name for name in named if name not in BUILTIN_ACCOUNTS]


def _all_entities(row: Row) -> Sequence[Mapping[str, str]]:
    """Return the entities; none where some were left out, since one of those might be out of scope."""
    entities: Sequence[Mapping[str, str]] = row["entities"]
    return entities if row["entity_total"] <= len(entities) else ()


_PLACES: Final = frozenset({EntityKind.ADDRESS, EntityKind.HOST, EntityKind.DEVICE})
_PARTIES: Final[Mapping[str, Callable[[Row], list[str]]]] = {
    "principal": _principal,
    "source": _with_role("source"),
    "destination": _with_role("destination"),
    "user": _users,
}


def _doubt(core: Sequence[Row], company: Sequence[Row], *, known_bad: bool) -> str:
    if known_bad:
        return "does not explain a known bad indicator"
    if any(PLANTED in row["flags"] for row in (*core, *company)):
        return "does not explain text that tries to direct whoever reads the alerts"
    return ""


def _named(plan: Plan) -> str:
    return f"{plain(plan.kind)} '{plain(plan.title)}'"


def _said(plan: Plan, core: Sequence[Row], rating: Rating) -> str:
    first = next(one for one in plan.entries if _holds(one, core[0]))
    when = span(first.since, first.until)
    held = f"all {number(len(core), 'unusual activity', 'unusual activities')}"
    scope = listed([plain(one) for one in plan.scope], _TOLD)
    was = f"without it {rating.disposition}, {rating.reason}"
    return f"{_PLANNED}{_named(plan)} {when} on {scope} explains {held}; {was}"


def _holds(entry: Planned, row: Row) -> bool:
    return bool(micros(entry.since) <= row["first"] < micros(entry.until))
