"""What a method answered on a case, laid out for the scorers.

All measures are over distinct (rule, host) pairs, so that one noisy scan cannot decide them. A shown incident
belongs to an attack when at least half of its pairs carry it; alerts that are not certain count neither way.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl

from triage_evals.cases import Case

PAIR = ("rule", "host")
MEMBERS = pl.Schema({"id": pl.String, "place": pl.Int64})
"""A queue: which alert is in which shown incident; place 1 is on top."""


class Shown(NamedTuple):
    """One incident in the queue of our own program."""

    incident_id: str
    urgency: float
    alerts: int


class Answer(NamedTuple):
    """A queue beside the truth."""

    case: Case
    places: int
    """How many incidents are shown."""
    pairs: pl.DataFrame
    """place, rule, host, attack: distinct, of the alerts that are certain."""
    owners: pl.DataFrame
    """place, owner: the attack to which a shown incident belongs; noise has no row."""
    members: pl.DataFrame
    """MEMBERS."""

    def of(self, attack: str) -> pl.DataFrame:
        """Return the pairs of the incidents that belong to an attack."""
        return self.pairs.join(self.owners.filter(pl.col("owner") == attack), on="place")


def answer(case: Case, members: pl.DataFrame, places: int | None = None) -> Answer:
    """Lay out a queue (MEMBERS). ``places``: its length, where it may hold an incident without an alert of the case."""
    rows = case.alerts.filter("certain").join(members, on="id")
    pairs = rows.select("place", *PAIR, "attack").unique().sort("place", *PAIR, "attack")
    shown = members["place"].n_unique() if places is None else places
    return Answer(case, shown, pairs, _owners(pairs), members)


def _owners(pairs: pl.DataFrame) -> pl.DataFrame:
    size = pairs.group_by("place").agg(pl.struct(PAIR).n_unique().alias("size"))
    share = pairs.filter(pl.col("attack") != "").group_by("place", "attack").agg(pl.len().alias("own"))
    best = (
        share.join(size, on="place")
        .filter(pl.col("own") * 2 >= pl.col("size"))
        .sort("place", "own", "attack", descending=[False, True, False])
    )
    return best.unique("place", keep="first", maintain_order=True).select("place", owner="attack")


def read_ledger(output: Path) -> pl.DataFrame:
    """Return ledger.csv.gz as strings."""
    with gzip.open(output / "ledger.csv.gz", "rb") as text:
        return pl.read_csv(text.read(), infer_schema=False).with_columns(pl.all().fill_null(""))


def read_queue(output: Path) -> tuple[Shown, ...]:
    """Return the incidents that a run showed, in order."""
    incidents = orjson.loads((output / "incidents.json").read_bytes())
    return tuple(
        Shown(one["incident_id"], one["urgency"], one["alert_count"])
        for one in incidents
        if one["disposition"] != "benign"
    )


def queue_members(queue: tuple[Shown, ...], ledger: pl.DataFrame) -> pl.DataFrame:
    """Return MEMBERS of the incidents that a run showed."""
    places = pl.DataFrame(
        {"incident_id": [one.incident_id for one in queue], "place": range(1, len(queue) + 1)},
        schema={"incident_id": pl.String, "place": pl.Int64},
    )
    return ledger.join(places, on="incident_id").select(id="alert_id", place="place")
