"""Finds how the incidents of a run came out of those before, from where their activities were and are."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from triage.judgement.candidates import EVERYDAY
from triage.models import Incident
from triage.record.lineage import Heir


class Moved(NamedTuple):
    """Activities that went from one incident to another."""

    origin: str
    incident_id: str
    activities: int


def moves(before: pl.DataFrame, after: pl.DataFrame) -> list[Moved]:
    """Return how many activities went where; both frames have activity and incident_id. Largest first."""
    both = before.select("activity", origin="incident_id").join(after.select("activity", "incident_id"), on="activity")
    counted = both.group_by("origin", "incident_id").len()
    ordered = counted.sort("len", "origin", "incident_id", descending=[True, False, False])
    return [Moved(*row) for row in ordered.iter_rows()]


def heirs(
    before: pl.DataFrame,
    after: pl.DataFrame,
    incidents: Iterable[Incident],
    earlier_alerts: Mapping[str, int],
    decided: int,
) -> list[Heir]:
    """Return the descent of a run's incidents.

    ``before`` and ``after`` say where each activity was and is (activity, incident_id); ``earlier_alerts`` how many
    alerts the incidents had before. Everyday groups neither inherit nor leave anything.
    """
    alerts = {one.incident_id: one.alert_count for one in incidents}
    old, new = set(before["incident_id"]), set(after["incident_id"])
    found, seen = [], set[str]()
    for origin, name, number in moves(before, after):
        if name == origin:
            if name in alerts and alerts[name] < earlier_alerts.get(name, 0):
                found.append(Heir("shrunk", name, name, decided, alerts[name]))
            continue
        if name not in alerts or origin.startswith(EVERYDAY) or name.startswith(EVERYDAY):
            continue
        many = f"{number:,} {'activity' if number == 1 else 'activities'}"
        if name not in old and name not in seen:
            seen.add(name)
            found.append(Heir("split", name, origin, decided, alerts[name], f"{many} of {origin} left it"))
        elif origin not in new and origin not in seen:
            seen.add(origin)
            found.append(
                Heir(
                    "merged",
                    name,
                    origin,
                    decided,
                    alerts[name],
                    f"{many} of {origin} {'is' if number == 1 else 'are'} part of it now",
                )
            )
    return sorted(found)
