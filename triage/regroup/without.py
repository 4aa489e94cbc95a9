"""What if something had not been there: an alert, an activity, an entity, or one join of an incident."""

from typing import Any, NamedTuple

import polars as pl

from triage.errors import UsageError
from triage.judgement.constraints import Constraint, activities
from triage.models import EntityKind, Incident

_SEPARATOR = ".."


class Without(NamedTuple):
    """Activities as they would be, and the joins that would not count."""

    compared: pl.DataFrame
    constraints: tuple[Constraint, ...]
    said: str
    """What is left out, in words."""


def without(
    text: str, incident: Incident, members: pl.DataFrame, alerts: pl.DataFrame, compared: pl.DataFrame
) -> Without:
    """Return the activities without what ``text`` names.

    It is ``join:N`` (1 = the weakest) or ``KEY..KEY``, an entity ``kind:value``, an activity key, or an alert id.
    ``members`` are the incident's activities (columns.ACTIVITIES), ``alerts`` its alerts (time, index, id, activity),
    ``compared`` all activities. Raises UsageError when the incident has nothing of that name.
    """
    keys = members["activity"].to_list()
    if text.startswith("join:") or _SEPARATOR in text:
        left, right = _join(text, incident, keys)
        severed = Constraint(kind="unjoin", left=activities([left]), right=activities([right]))
        return Without(compared, (severed,), f"the join of {left} and {right}")
    if text.partition(":")[0] in set(EntityKind):
        return _without_entity(text, members, compared)
    if text in keys:
        return Without(compared.filter(pl.col("activity") != text), (), f"activity {text}")
    return _without_alert(text, incident, alerts, compared)


def _join(text: str, incident: Incident, keys: list[str]) -> tuple[str, str]:
    if text.startswith("join:"):
        number = text.removeprefix("join:")
        if not number.isdecimal() or not 1 <= int(number) <= len(incident.joins):
            raise UsageError(f"{incident.incident_id} has joins 1 to {len(incident.joins)}, the weakest first")
        join = incident.joins[int(number) - 1]
        return join.left, join.right
    left, right = (_key(part, incident, keys) for part in text.split(_SEPARATOR, 1))
    return left, right


def _key(beginning: str, incident: Incident, keys: list[str]) -> str:
    found = [key for key in keys if beginning and key.startswith(beginning)]
    if len(found) != 1:
        raise UsageError(f"{incident.incident_id} has {len(found)} activities whose key begins with {beginning!r}")
    return found[0]


def _without_entity(text: str, members: pl.DataFrame, compared: pl.DataFrame) -> Without:
    kind, _, value = text.partition(":")
    named = pl.element().struct.field("kind").eq(kind) & pl.element().struct.field("value").eq(value)
    naming = members.filter((pl.col("principal") == text) | pl.col("entities").list.eval(named).list.any())
    if naming.is_empty():
        raise UsageError(f"no activity of it names {text!r}")
    about = pl.col("activity").is_in(members["activity"].to_list())
    kept = compared.filter(~(about & (pl.col("principal") == text)))
    fewer = pl.col("entities").list.filter(~named)
    return Without(kept.with_columns(entities=pl.when(about).then(fewer).otherwise("entities")), (), text)


def _without_alert(text: str, incident: Incident, alerts: pl.DataFrame, compared: pl.DataFrame) -> Without:
    gone = alerts.filter(pl.col("id") == text)
    if gone.is_empty():
        raise UsageError(f"{incident.incident_id} has no alert, activity, entity or join {text!r}")
    activity: str = gone["activity"][0]
    left = alerts.filter((pl.col("activity") == activity) & (pl.col("id") != text))
    if left.is_empty():
        return Without(compared.filter(pl.col("activity") != activity), (), f"alert {text}, all of activity {activity}")
    values: dict[str, Any] = {"first": left["time"].min(), "last": left["time"].max(), "count": left.height}
    own = pl.col("activity") == activity
    changed = [
        pl.when(own).then(pl.lit(value)).otherwise(pl.col(name)).cast(compared.schema[name]).alias(name)
        for name, value in values.items()
    ]
    return Without(
        compared.with_columns(changed), (), f"alert {text}, one of {left.height + 1:,} of activity {activity}"
    )
