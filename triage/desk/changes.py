"""What changed between two runs, incident by incident, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import polars as pl
from pydantic import Field

from triage.desk.decisions import Step
from triage.judgement.candidates import EVERYDAY
from triage.judgement.constraints import in_words
from triage.models import Disposition, Incident, Model
from triage.record.basis import differences, digest
from triage.record.descent import moves

ChangeKind = Literal["new", "grown", "shrunk", "merged", "split", "re-ranked", "gone"]
RERANKED = 1.0
"""Points of urgency from which on a change is told."""


class Stand(Model):
    """How an incident stood in one run."""

    rank: int
    urgency: float
    disposition: Disposition
    alerts: int


class IncidentChange(Model):
    """What became of one incident; one side is None where it is new or gone."""

    incident_id: str
    title: str
    kinds: tuple[ChangeKind, ...] = Field(min_length=1)
    before: Stand | None
    after: Stand | None
    others: tuple[str, ...] = Field((), description="incidents it came from, or whose activities it has now")
    causes: tuple[str, ...]


class RunDiff(Model):
    """What changed from one run to another; incidents in the order of their present rank, those gone last."""

    before: str
    after: str
    differs: dict[str, tuple[str, ...]] = Field(description="of what the runs rest on: settings, code, constraints")
    unchanged: int = Field(ge=0, description="shown incidents without any change")
    incidents: tuple[IncidentChange, ...]


class RunView(NamedTuple):
    """One run as it is compared."""

    run_id: str
    incidents: Sequence[Incident]
    placed: pl.DataFrame
    """activity, incident_id"""
    basis: Mapping[str, Any]


class Since(NamedTuple):
    """What came between the two runs."""

    alerts: Mapping[str, int]
    """New alerts by the incident they are in now."""
    steps: Sequence[Step]
    """Decisions, oldest first."""


def diff(before: RunView, after: RunView, since: Since) -> RunDiff:
    """Return what changed; benign groups count only where they were shown before or are shown now."""
    comparison = _Comparison(before, after, since)
    found = list(comparison.changes())
    shown = sum(1 for one in after.incidents if one.disposition != "benign")
    there = sum(1 for one in found if one.after and one.after.disposition != "benign")
    return RunDiff(
        before=before.run_id,
        after=after.run_id,
        differs=dict(comparison.differs),
        unchanged=shown - there,
        incidents=tuple(found),
    )


class _Comparison:
    def __init__(self, before: RunView, after: RunView, since: Since) -> None:
        self._old = {one.incident_id: one for one in before.incidents}
        self._new = {one.incident_id: one for one in after.incidents}
        self._since = since
        self.differs = differences(before.basis, after.basis)
        moved = [one for one in moves(before.placed, after.placed) if one.origin != one.incident_id]
        self._from: dict[str, Counter[str]] = {}
        self._to: dict[str, Counter[str]] = {}
        for one in moved:
            self._from.setdefault(one.incident_id, Counter())[_group(one.origin)] += one.activities
            self._to.setdefault(one.origin, Counter())[_group(one.incident_id)] += one.activities

    def changes(self) -> Iterator[IncidentChange]:
        """Yield the changes in the order of their present rank, those gone last."""
        for name, incident in self._new.items():
            old = self._old.get(name)
            if _shown(incident) or (old and _shown(old)):
                kinds = self._kinds(incident, old)
                if kinds:
                    yield self._change(incident, kinds, old, incident)
        for name, incident in self._old.items():
            if name not in self._new and _shown(incident):
                kind: ChangeKind = "merged" if _incidents(self._to.get(name)) else "gone"
                yield self._change(incident, (kind,), incident, None)

    def _kinds(self, incident: Incident, old: Incident | None) -> tuple[ChangeKind, ...]:
        if old is None:
            return ("split",) if _incidents(self._from.get(incident.incident_id)) else ("new",)
        kinds: list[ChangeKind] = []
        if incident.alert_count != old.alert_count:
            kinds.append("grown" if incident.alert_count > old.alert_count else "shrunk")
        if abs(incident.urgency - old.urgency) >= RERANKED or incident.disposition != old.disposition:
            kinds.append("re-ranked")
        return tuple(kinds)

    def _change(
        self, incident: Incident, kinds: tuple[ChangeKind, ...], old: Incident | None, new: Incident | None
    ) -> IncidentChange:
        name = incident.incident_id
        others = {*_incidents(self._from.get(name)), *_incidents(self._to.get(name))}
        return IncidentChange(
            incident_id=name,
            title=incident.title,
            kinds=kinds,
            before=_stand(old),
            after=_stand(new),
            others=tuple(sorted(others)),
            causes=tuple(self._causes(name, others, gone=new is None)),
        )

    def _causes(self, name: str, others: set[str], *, gone: bool) -> Iterator[str]:
        direct = [*self._moved(name), *self._regrouped({name, *others})]
        if number := self._since.alerts.get(name, 0):
            direct.insert(0, f"{number:,} new alert{'s' if number != 1 else ''}")
        if gone and not self._to.get(name):
            direct.append("none of its activities is within the horizon any more")
        yield from direct
        yield from self._foundations()
        if not direct and not self.differs:
            yield "what is known as normal here: it learns with every run, and from decisions"

    def _moved(self, name: str) -> Iterator[str]:
        for origin, number in sorted(self._from.get(name, {}).items()):
            yield f"{_many(number)} of {_called(origin)} {'is' if number == 1 else 'are'} part of it now"
        for heir, number in sorted(self._to.get(name, {}).items()):
            yield f"{_many(number)} of it {'is' if number == 1 else 'are'} in {_called(heir)} now"

    def _regrouped(self, names: set[str]) -> Iterator[str]:
        """Say which decisions about these incidents hold in one of the runs and not in the other."""
        differing = set(self.differs.get("constraints", ()))
        for step in self._since.steps:
            said = [one for one in step.decision.constraints if digest(one) in differing]
            if said and names & set(step.decision.incident_ids):
                what = "; ".join(in_words(one) for one in said)
                verb = "took back" if step.undone else "said"
                yield f"{step.author} {verb} (decision {step.number}): {what}"

    def _foundations(self) -> Iterator[str]:
        if keys := self.differs.get("settings"):
            yield f"settings changed: {', '.join(keys)}"
        if versions := self.differs.get("code"):
            told = " to ".join(versions) if len(versions) > 1 else f"other code, version {versions[0]} still"
            yield f"the program changed: {told}"


def _shown(incident: Incident) -> bool:
    return incident.disposition != "benign"


def _incidents(names: Mapping[str, int] | None) -> list[str]:
    return [name for name in names or () if not name.startswith(EVERYDAY)]


def _group(name: str) -> str:
    """Count all everyday groups as one."""
    return EVERYDAY if name.startswith(EVERYDAY) else name


def _called(name: str) -> str:
    return "everyday groups" if name == EVERYDAY else name


def _many(number: int) -> str:
    return f"{number:,} {'activity' if number == 1 else 'activities'}"


def _stand(incident: Incident | None) -> Stand | None:
    if incident is None:
        return None
    return Stand(
        rank=incident.rank,
        urgency=incident.urgency,
        disposition=incident.disposition,
        alerts=incident.alert_count,
    )
