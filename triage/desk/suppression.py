"""Drafts a rule exception for an incident that was harmless, and counts over all that is kept what it would hide.

As narrow as the evidence allows: one rule about one principal, and whatever else all of those alerts share. It expires.
It is written to a file for the owner of the rule and never applied here; it is refused altogether where it would hide
a single alert that was ever judged an attack, by code or by a person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl
from pydantic import Field

from triage.condense import stable_key
from triage.desk.decisions import Status
from triage.desk.pivots import Slice
from triage.judgement.teaching import BENIGN_REASONS
from triage.models import Incident, Model
from triage.times import moment
from triage.wording import plain

LASTS = timedelta(days=30)
"""After which the exception ends, unless it is asked for otherwise."""
CONDITIONS = 40
"""Principals in one draft; what is harmless on more of them is a matter for the rule itself."""
_SHARED = 4
"""Further entities that one condition names."""
_SAMPLES = 20

FIELDS: Mapping[tuple[str, str], str] = {
    ("host", ""): "host.name",
    ("user", ""): "user.name",
    ("user", "target"): "user.target.name",
    ("address", "source"): "source.ip",
    ("address", "destination"): "destination.ip",
    ("address", "host"): "host.ip",
    ("process", ""): "process.name",
    ("process", "parent"): "process.parent.name",
    ("file", "process"): "process.executable",
    ("file", ""): "file.path",
    ("url", ""): "url.full",
    ("mailbox", "source"): "email.from.address",
    ("mailbox", "target"): "email.to.address",
    ("cloud", "account"): "cloud.account.id",
    ("device", ""): "device.id",
    ("model", ""): "gen_ai.request.model",
    ("service", ""): "service.name",
}
"""Kind and role of an entity -> the ECS field it is found in; what is in none cannot be a condition."""
_SHAREABLE = ("user", "process", "file", "host", "address")


class FieldIs(Model):
    """One comparison; all of a condition have to hold."""

    field: str = Field(description="ECS name")
    value: str = Field(description="exact value, as it was normalised here")
    kind: str
    role: str = ""


class Condition(Model):
    """Alerts of one rule about one principal."""

    detector: str
    rule: str
    rule_id: str = ""
    entities: tuple[FieldIs, ...] = Field(min_length=1, description="the principal first")


class Touched(Model):
    """An incident of which alerts would be hidden."""

    incident_id: str
    title: str
    disposition: str
    hidden: int = Field(ge=1, description="alerts")


class Hidden(Model):
    """What a draft would have hidden of everything that is kept: exact counts, a sample of ids."""

    alerts: int = Field(0, ge=0)
    outcomes: dict[str, int] = Field({}, description="outcome -> alerts")
    first: datetime | None = None
    last: datetime | None = None
    incidents: tuple[Touched, ...] = ()
    samples: tuple[str, ...] = Field((), description="index/id, first and last ones")


class Draft(Model):
    """A proposed exception. With ``refused`` it has no conditions and must not be written."""

    draft_id: str
    incident_id: str
    title: str
    reason: str
    created: datetime
    expires: datetime
    conditions: tuple[Condition, ...] = ()
    left_out: tuple[str, ...] = Field((), description="what of the incident it does not cover, and why")
    hidden: Hidden = Hidden()
    refused: tuple[str, ...] = Field((), description="why it would be wrong")


class Judged(NamedTuple):
    """What became of alerts, for the preview."""

    rows: pl.DataFrame
    """index, id, time (microseconds), outcome, incident_id: as they stand now."""
    attacks: Mapping[str, str]
    """Incident id -> why it counts as an attack, of all that these alerts were ever part of."""
    titles: Mapping[str, tuple[str, str]]
    """Incident id -> title, disposition."""


def conditions(found: Slice) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
    """Return the narrowest conditions that cover the alerts of an incident, and what they cannot cover."""
    made, left_out = list[Condition](), list[str]()
    counts = found.alerts.group_by("fact").len()
    facts = found.facts.join(counts, on="fact")
    groups = facts.group_by("detector", "rule", "principal").agg("rule_id", "entities", pl.col("len").sum())
    for row in groups.sort("len", "detector", "rule", "principal", descending=[True, False, False, False]).to_dicts():
        condition = _condition(row)
        about = f"{plain(row['rule'])} about {plain(row['principal']) or 'nothing in particular'}"
        if condition is None:
            left_out.append(f"{about}: no ECS field holds what it is about")
        elif len(made) == CONDITIONS:
            left_out.append(f"{about}: more than {CONDITIONS} principals; change the rule instead")
        else:
            made.append(condition)
    return tuple(made), tuple(left_out)


def _condition(row: Mapping[str, object]) -> Condition | None:
    """Return the condition of one rule and principal; None where the principal is in no field that can be named."""
    alike = [{(e["kind"], e["role"], e["value"]) for e in entities} for entities in row["entities"]]  # type: ignore[attr-defined]
    shared = sorted(set[tuple[str, str, str]].intersection(*alike))
    kind, _, value = str(row["principal"]).partition(":")
    principal = [one for one in shared if (one[0], one[2]) == (kind, value) and one[:2] in FIELDS]
    if not principal:
        return None
    others = [one for one in shared if one not in principal and one[:2] in FIELDS and one[0] in _SHAREABLE]
    others.sort(key=lambda one: (_SHAREABLE.index(one[0]), one))
    named = {FIELDS[principal[0][:2]]: principal[0]}
    for one in others:
        named.setdefault(FIELDS[one[:2]], one)  # a field said twice could never hold, or would lose its first value
    ids = {str(one) for one in row["rule_id"] if one}  # type: ignore[attr-defined]
    return Condition(
        detector=str(row["detector"]),
        rule=str(row["rule"]),
        rule_id=ids.pop() if len(ids) == 1 else "",
        entities=tuple(
            FieldIs(field=field, value=value, kind=kind, role=role)
            for field, (kind, role, value) in list(named.items())[: 1 + _SHARED]
        ),
    )


def covered(condition: Condition, history: Slice, *, in_any_role: bool = False) -> pl.DataFrame:
    """Return the alerts (columns of ``pivots.SLICE``) that a condition fits.

    ``in_any_role`` takes those in as well that name the same entities in other fields: how a document was normalised
    must not decide whether an attack is hidden.
    """
    fits = (pl.col("detector") == condition.detector) & (pl.col("rule") == condition.rule)
    for one in condition.entities:
        entity = pl.element().struct
        same = (entity.field("kind") == one.kind) & (entity.field("value") == one.value)
        role = pl.lit(value=True) if in_any_role else entity.field("role") == one.role
        fits = fits & pl.col("entities").list.eval(same & role).list.any()
    return history.alerts.join(history.facts.filter(fits).select("fact"), on="fact", how="semi")


def unfit(incident: Incident, status: Status) -> str:
    """Return why an incident is no case for an exception, '' where it is one."""
    closed_harmless = status.state == "closed" and status.reason in BENIGN_REASONS
    judged_harmless = incident.disposition == "benign" and status.state != "closed"
    if closed_harmless or judged_harmless:
        return ""
    return "only what is benign, or was closed as a false or benign true positive, may be suppressed"


def draft(
    incident: Incident,
    made: tuple[Sequence[Condition], Sequence[str]],
    judged: Judged,
    now: datetime,
    lasts: timedelta = LASTS,
    *,
    objection: str = "",
) -> Draft:
    """Return the draft with its preview; ``objection``: why the incident itself is no case for one."""
    covers, left_out = made
    refused = [objection] if objection else []
    refused += [f"it would hide alerts of {name}, which {why}" for name, why in sorted(judged.attacks.items())]
    if not covers:
        refused.append("no condition narrow enough can be written in ECS fields")
    key = stable_key(incident.incident_id, *(one.model_dump_json() for one in covers))
    return Draft(
        draft_id=key,
        incident_id=incident.incident_id,
        title=incident.title,
        reason=incident.verdict_reason,
        created=now,
        expires=now + lasts,
        conditions=() if refused else tuple(covers),
        left_out=tuple(left_out),
        hidden=_hidden(judged),
        refused=tuple(refused),
    )


def _hidden(judged: Judged) -> Hidden:
    rows = judged.rows.unique(["index", "id"]).sort("time", "index", "id", nulls_last=True)
    if rows.is_empty():
        return Hidden()
    outcomes = rows.group_by("outcome").len().sort("outcome")
    touched = rows.group_by("incident_id").len().sort("len", "incident_id", descending=[True, False])
    ids = [f"{index}/{name}" for index, name in rows.select("index", "id").iter_rows()]
    half = _SAMPLES // 2
    return Hidden(
        alerts=rows.height,
        outcomes=dict(outcomes.iter_rows()),
        first=_moment(rows["time"].min()),
        last=_moment(rows["time"].max()),
        incidents=tuple(_touched(name, count, judged.titles) for name, count in touched.iter_rows()),
        samples=tuple(ids if len(ids) <= _SAMPLES else [*ids[:half], *ids[-half:]]),
    )


def _touched(incident_id: str, count: int, titles: Mapping[str, tuple[str, str]]) -> Touched:
    title, disposition = titles.get(incident_id, ("", "unknown"))
    return Touched(incident_id=incident_id, title=title, disposition=disposition, hidden=count)


def _moment(value: object) -> datetime | None:
    return moment(value) if isinstance(value, int) else None
