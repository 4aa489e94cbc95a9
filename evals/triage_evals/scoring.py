"""How good the output of a run is on a labelled case.

All measures are over distinct (rule, host) pairs, so that one noisy scan cannot decide them. A shown incident
belongs to an attack when at least half of its pairs carry it; alerts that are not certain count neither way.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl

from triage_evals.cases import Case

FIRST = 10
_PAIR = ("rule", "host")


class AttackScore(NamedTuple):
    """How one attack was met."""

    attack: str
    rank: int | None
    """Place of its first incident among those shown; None = missed."""
    pieces: int
    recall: float
    precision: float


class CaseScore(NamedTuple):
    """How one case was met."""

    case: str
    shown: int
    noise: int
    """Shown incidents that belong to no attack."""
    found: float
    """Share of attacks with an incident among the first ten shown."""
    merged: int
    """Shown incidents that hold at least two pairs each of two or more attacks."""
    conserved: bool
    """Every alert of the case is in the ledger exactly once."""
    attacks: tuple[AttackScore, ...]


def score(case: Case, output: Path) -> CaseScore:
    """Score the files that ``triage run`` wrote to ``output`` for this case."""
    ledger = read_ledger(output)
    incidents = orjson.loads((output / "incidents.json").read_bytes())
    order = {
        one["incident_id"]: place
        for place, one in enumerate((i for i in incidents if i["disposition"] != "benign"), start=1)
    }
    rows = case.alerts.join(ledger, left_on="id", right_on="alert_id", how="left")
    pairs = _pairs(rows.filter("certain"), order)
    owners = _owners(pairs)
    attacks = sorted(case.alerts.filter(pl.col("certain") & (pl.col("attack") != ""))["attack"].unique().to_list())
    scored = tuple(_attack(name, rows.filter("certain"), pairs, owners) for name in attacks)
    return CaseScore(
        case=case.name,
        shown=len(order),
        noise=len(order) - owners.height,
        found=sum(1 for one in scored if one.rank is not None and one.rank <= FIRST) / max(1, len(scored)),
        merged=_merged(pairs),
        conserved=_conserved(case, ledger),
        attacks=scored,
    )


def read_ledger(output: Path) -> pl.DataFrame:
    """Return ledger.csv.gz as strings."""
    with gzip.open(output / "ledger.csv.gz", "rb") as text:
        return pl.read_csv(text.read(), infer_schema=False).with_columns(pl.all().fill_null(""))


def _pairs(rows: pl.DataFrame, order: dict[str, int]) -> pl.DataFrame:
    """One row per place, pair and attack ('' = benign) of the shown incidents."""
    places = pl.DataFrame(
        {"incident_id": list(order), "place": list(order.values())},
        schema={"incident_id": pl.String, "place": pl.Int64},
    )
    return rows.join(places, on="incident_id").select("place", *_PAIR, "attack").unique()


def _owners(pairs: pl.DataFrame) -> pl.DataFrame:
    """The attack to which each place belongs: place, attack."""
    size = pairs.group_by("place").agg(pl.struct(_PAIR).n_unique().alias("size"))
    share = pairs.filter(pl.col("attack") != "").group_by("place", "attack").agg(pl.len().alias("own"))
    best = (
        share.join(size, on="place")
        .filter(pl.col("own") * 2 >= pl.col("size"))
        .sort("place", "own", "attack", descending=[False, True, False])
    )
    return best.unique("place", keep="first", maintain_order=True).select("place", owner="attack")


def _attack(name: str, rows: pl.DataFrame, pairs: pl.DataFrame, owners: pl.DataFrame) -> AttackScore:
    wanted = rows.filter(pl.col("attack") == name).select(_PAIR).unique()
    mine = pairs.join(owners.filter(pl.col("owner") == name), on="place")
    held = mine.select(_PAIR).unique()
    hit = mine.filter(pl.col("attack") == name).select(_PAIR).unique().height
    places = mine["place"].unique().sort().to_list()
    return AttackScore(
        name, places[0] if places else None, len(places), hit / max(1, wanted.height), hit / max(1, held.height)
    )


def _merged(pairs: pl.DataFrame) -> int:
    strong = pairs.filter(pl.col("attack") != "").group_by("place", "attack").len().filter(pl.col("len") >= 2)
    return strong.group_by("place").len().filter(pl.col("len") >= 2).height


def _conserved(case: Case, ledger: pl.DataFrame) -> bool:
    ids = ledger["alert_id"]
    return (
        ids.len() == case.alerts.height and ids.n_unique() == ids.len() and case.alerts["id"].is_in(ids.implode()).all()
    )
