"""Candidates as the later stages want them: rated, briefed for investigation, and the rest grouped as everyday.

Every activity of the horizon ends in exactly one candidate or one everyday group, so that no alert can be
lost between correlation and the ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import polars as pl

from triage.investigation import ActivityBrief, CandidateBrief, Judgement
from triage.judgement.correlate import Correlated
from triage.judgement.planned import plan_in_part_of, plan_of
from triage.judgement.urgency import SCALE, Rating, Scale, rate
from triage.models import AlertRef, EntityKind, EntityRef, Join, UrgencyPart
from triage.ports import AssetInventory
from triage.times import moment

EVERYDAY = "everyday-"
"""Prefix of the key of a group of everyday activities of one signature."""

RATINGS = pl.Schema(
    {
        "candidate": pl.String,
        "disposition": pl.String,
        "reason": pl.String,
        "weight": pl.Float64,
        "parts": pl.String,  # JSON list of UrgencyPart
    }
)

ASSESSED_KINDS = (
    EntityKind.HOST,
    EntityKind.USER,
    EntityKind.DEVICE,
    EntityKind.MODEL,
    EntityKind.CLOUD,
    EntityKind.MAILBOX,
)
"""Kinds that an asset inventory may rate."""


Raise = Callable[[Rating, Sequence[str]], Rating]
"""(rating, activities of the candidate) -> the rating, raised or as it was."""
Settle = Callable[[Rating, pl.DataFrame], Rating]
"""(rating, all activities of the candidate with ``core``) -> the rating, settled by what was planned or as it was."""


class Candidates(NamedTuple):
    """All activities of the horizon, each in one candidate or everyday group."""

    membership: pl.DataFrame
    """candidate, activity, core."""
    ratings: pl.DataFrame
    """RATINGS, one row per candidate; everyday groups have none."""


def gather(
    compared: pl.DataFrame,
    correlated: Correlated,
    kin: pl.DataFrame,
    assets: AssetInventory,
    scale: Scale = SCALE,
    known_bad: Raise = lambda rating, _: rating,
    planned: Settle = lambda rating, _: rating,
) -> Candidates:
    """Rate every candidate and put all other activities into everyday groups, one per signature.

    ``known_bad`` raises a rating by what is known of the candidate's activities, ``planned`` settles it afterwards.
    """
    rest = compared.join(correlated.membership, on="activity", how="anti")
    everyday = rest.select(
        candidate=pl.lit(EVERYDAY) + pl.col("signature"), activity="activity", core=pl.lit(value=False)
    )
    members = correlated.membership.join(compared, on="activity").sort("candidate", "first", "activity")
    related = families(kin)
    rated = [
        _rating_row(str(key), planned(known_bad(_rate(rows, assets, related, scale), rows["activity"].to_list()), rows))
        for (key,), rows in members.group_by("candidate", maintain_order=True)
    ]
    membership = pl.concat([correlated.membership, everyday]).sort("candidate", "activity")
    return Candidates(membership, pl.DataFrame(rated, schema=RATINGS, orient="row"))


def _rate(rows: pl.DataFrame, assets: AssetInventory, related: Mapping[str, str], scale: Scale) -> Rating:
    core = rows.filter("core")
    company = rows.filter(~pl.col("core"))
    return rate(core.to_dicts(), criticality(core, assets), related, scale, company.to_dicts())


def families(kin: pl.DataFrame) -> Mapping[str, str]:
    """Return the family of every signature that has kin: the smallest name among those it is tied to."""
    name: dict[str, str] = {}

    def head(signature: str) -> str:
        while name.get(signature, signature) != signature:
            signature = name[signature]
        return signature

    for left, right in kin.select("signature", "other").sort("signature", "other").iter_rows():
        low, high = sorted((head(left), head(right)))
        name[low] = name[high] = low
    return {signature: head(signature) for signature in name}


def criticality(rows: pl.DataFrame, assets: AssetInventory) -> int:
    """Return the criticality (0-100) of the most important asset that the activities name."""
    named = rows.select(pl.col("entities").explode()).drop_nulls().unnest("entities").select("kind", "value").unique()
    known = (assets.lookup(EntityKind(kind), value) for kind, value in named.iter_rows() if kind in ASSESSED_KINDS)
    return max((asset.criticality for asset in known if asset), default=0)


def _rating_row(candidate: str, rating: Rating) -> tuple[str, str, str, float, str]:
    parts = orjson.dumps([part.model_dump() for part in rating.parts]).decode()
    return candidate, rating.disposition, rating.reason, rating.weight, parts


def parts_of(rating: Mapping[str, Any]) -> tuple[UrgencyPart, ...]:
    """Return the urgency parts of a RATINGS row."""
    return tuple(UrgencyPart(**part) for part in orjson.loads(rating["parts"]))


def briefs(
    compared: pl.DataFrame,
    membership: pl.DataFrame,
    joins: pl.DataFrame,
    ratings: pl.DataFrame,
    samples: Mapping[str, Sequence[AlertRef]],
) -> Iterator[CandidateBrief]:
    """Yield the brief of every rated candidate, in order of its key."""
    rows = membership.join(compared, on="activity").sort("candidate", "first", "activity")
    grouped = {key: part for (key,), part in rows.group_by("candidate", maintain_order=True)}
    joined = {key: part for (key,), part in joins.group_by("candidate", maintain_order=True)}
    for rating in ratings.sort("candidate").iter_rows(named=True):
        key = rating["candidate"]
        activities = tuple(activity_brief(row, samples) for row in grouped[key].iter_rows(named=True))
        links = joined[key].iter_rows(named=True) if key in joined else ()
        yield CandidateBrief(candidate_id=key, activities=activities, joins=_joins(links), judgement=_judgement(rating))


def _judgement(rating: Mapping[str, Any]) -> Judgement:
    score = min(1.0, sum(part.points for part in parts_of(rating)) / 100)
    reason = rating["reason"]
    return Judgement(
        disposition=rating["disposition"],
        verdict_reason=reason,
        score=score,
        planned=plan_of(reason),
        planned_in_part=plan_in_part_of(reason),
    )


def _joins(links: Iterable[Mapping[str, Any]]) -> tuple[Join, ...]:
    """Order joins from the weakest, and mark it."""
    ordered = sorted(links, key=lambda link: (link["strength"], link["left"], link["right"]))
    return tuple(
        Join(
            left=link["left"],
            right=link["right"],
            reason=link["reason"],
            strength=round(min(1.0, link["strength"]), 3),
            weakest=number == 0,
        )
        for number, link in enumerate(ordered)
    )


def activity_brief(row: Mapping[str, Any], samples: Mapping[str, Sequence[AlertRef]]) -> ActivityBrief:
    """Return one activity with its baseline as the investigator reads it."""
    return ActivityBrief(
        key=row["activity"],
        signature=row["signature"],
        detector=row["detector"],
        rule=row["rule"],
        message=row["message"],
        principal=row["principal"],
        first=moment(row["first"]),
        last=moment(row["last"]),
        count=row["count"],
        severity=None if row["severity"] is None else round(row["severity"], 1),
        techniques=tuple(row["techniques"]),
        tactics=tuple(row["tactics"]),
        entities=tuple(EntityRef(one["kind"], one["role"], one["value"]) for one in qualified(row["entities"])),
        entity_total=row["entity_total"],
        novelty=round(row["novelty"], 3),
        novelty_reasons=tuple(novelty_reasons(row)),
        flags=tuple(row["flags"]),
        sample_alerts=tuple(samples.get(row["activity"], ())),
    )


def qualified(entities: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Leave out a short host name beside its qualified twin: both are one machine."""
    host: str = EntityKind.HOST
    twins = {one["value"].split(".", 1)[0] for one in entities if one["kind"] == host and "." in one["value"]}
    return (one for one in entities if one["kind"] != host or one["value"] not in twins)


def novelty_reasons(row: Mapping[str, Any]) -> Iterator[str]:
    """Say in words what the baseline found, most telling first."""
    about = row["principal"] or "this entity"
    if row["roams"]:
        yield f"{row['roamer']} does this round the clock for {row['steady_hours']} hours, to {row['roams']} of ours"
    elif row["alone"]:
        yield f"present round the clock for {row['steady_hours']} hours, on {row['peers']} asset(s) only"
    if row["cold"]:
        yield f"memory is short ({row['memory_days']:.1f} days), so newness says little"
    elif row["net_days"] == 0:
        yield f"never seen on this network in the {row['memory_days']:.1f} days watched before"
    elif row["pair_days"] == 0:
        yield f"new on {about}; seen on {row['net_principals']} other assets before"
    else:
        yield f"seen on {about} on {row['pair_days']} earlier days"
    if row["pair_days"] and row["count"] > row["usual_count"]:
        yield f"{row['count']} alerts, at most {row['usual_count']} on any earlier day"
