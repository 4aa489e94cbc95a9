"""Incidents keep their id across runs: a candidate inherits the id that most of its activities had before.

A group of everyday activities and an incident inherit nothing from each other: what was decided about one says nothing
about the other.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from triage.judgement.candidates import EVERYDAY


def incident_ids(membership: pl.DataFrame, placements: pl.DataFrame) -> Mapping[str, str]:
    """Return the incident id of every candidate.

    ``membership`` has candidate and activity; ``placements`` (activity, incident_id) is what earlier runs said. The
    candidate with the largest overlap inherits an id, each id is inherited once; all others get one made of their key.
    """
    overlap = membership.join(placements.select("activity", "incident_id"), on="activity")
    everyday = [pl.col(name).str.starts_with(EVERYDAY) for name in ("candidate", "incident_id")]
    overlap = overlap.filter(everyday[0] == everyday[1])
    counted = overlap.group_by("candidate", "incident_id").len()
    ordered = counted.sort("len", "incident_id", "candidate", descending=[True, False, False])
    inherited = _marry(ordered.select("candidate", "incident_id").iter_rows())
    taken = set(inherited.values())
    ids = dict(inherited)
    for candidate in membership["candidate"].unique().sort().to_list():
        if candidate not in ids:
            ids[candidate] = _fresh(candidate, taken)
            taken.add(ids[candidate])
    return ids


def _marry(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each candidate the first free id of its pairs, in order."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for candidate, incident_id in pairs:
        if candidate not in given and incident_id not in taken:
            given[candidate] = incident_id
            taken.add(incident_id)
    return given


def _fresh(candidate: str, taken: set[str]) -> str:
    """An id made of the candidate's key; a suffix where an earlier incident of that name lives on elsewhere."""
    name = candidate if candidate.startswith(EVERYDAY) else f"inc-{candidate[:12]}"
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique
