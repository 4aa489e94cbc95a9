"""Split, merge, move and exclude as decisions: each becomes constraints that name activities and entities.

An alert stands for its activity: the alerts of one kind about one entity in one burst stay together.
"""

from collections.abc import Collection, Mapping

from triage.desk.decisions import Decision, decision
from triage.errors import UsageError
from triage.judgement.constraints import Constraint, activities, described

Members = Mapping[str, Mapping[str, object]]
"""The activities of an incident: key -> row of columns.ACTIVITIES."""


def split(incident_id: str, members: Members, leaving: Collection[str], reason: str = "") -> Decision:
    """Return the decision that ``leaving`` (activity keys) are an incident of their own. Raises UsageError."""
    staying = _rest(incident_id, members, leaving)
    wishes = [_apart(leaving, staying)]
    if len(set(leaving)) > 1:
        wishes.append(Constraint(kind="must_link", left=activities(leaving)))
    return decision("regroup", [incident_id], constraints=tuple(wishes), text=reason)


def merge(groups: Mapping[str, Members], reason: str = "") -> Decision:
    """Return the decision that several incidents are one. Raises UsageError."""
    if len(groups) < 2:
        raise UsageError("merging takes two incidents or more")
    together = activities(key for members in groups.values() for key in members)
    return decision("regroup", groups, constraints=(Constraint(kind="must_link", left=together),), text=reason)


def move(
    origin: str, members: Members, leaving: Collection[str], target: str, there: Members, reason: str = ""
) -> Decision:
    """Return the decision that ``leaving`` belong to the incident ``target``. Raises UsageError."""
    if origin == target:
        raise UsageError(f"they are in {target} already")
    unknown = sorted(set(leaving) - set(members))
    if unknown or not leaving:
        raise UsageError(f"{origin} has no activity {unknown[0]!r}" if unknown else "nothing to be moved was named")
    staying = sorted(set(members) - set(leaving))
    wishes = [_apart(leaving, staying)] if staying else []
    wishes.append(Constraint(kind="must_link", left=activities([*leaving, *there])))
    return decision("regroup", [origin, target], constraints=tuple(wishes), text=reason)


def exclude(incident_id: str, members: Members, entity: str, reason: str = "") -> Decision:
    """Return the decision that what names an entity is not part of an incident, now or later. Raises UsageError."""
    naming = [key for key, row in members.items() if entity in described(row)]
    if not naming:
        raise UsageError(f"no activity of {incident_id} names {entity!r}; entities are written kind:value")
    if len(naming) == len(members):
        raise UsageError(f"every activity of {incident_id} names {entity!r}: nothing would stay")
    staying = activities(set(members) - set(naming))
    apart = Constraint(kind="cannot_link", left=(entity,), right=staying)
    return decision("regroup", [incident_id], constraints=(apart,), text=reason)


def _rest(incident_id: str, members: Members, leaving: Collection[str]) -> list[str]:
    unknown = sorted(set(leaving) - set(members))
    if unknown:
        raise UsageError(f"{incident_id} has no activity {unknown[0]!r}")
    staying = sorted(set(members) - set(leaving))
    if not leaving or not staying:
        raise UsageError("name some activities of the incident, and not all of them")
    return staying


def _apart(left: Collection[str], right: Collection[str]) -> Constraint:
    return Constraint(kind="cannot_link", left=activities(left), right=activities(right))
