"""How good an answer is: each scorer is a small class that returns a value with its reason.

``score`` sums up a run of the program for the one who only wants the numbers. Definitions are those of the data sets;
what is lower-is-better says so in ``better``.
"""

from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol

import polars as pl

from triage_evals.answer import PAIR, Answer, answer, queue_members, read_ledger, read_queue
from triage_evals.cases import Case

FIRST = 10


class Score(NamedTuple):
    """A value and how it came about."""

    value: float
    reason: str


class Scorer(Protocol):
    """Scores an answer."""

    name: ClassVar[str]
    better: ClassVar[Literal["higher", "lower"]]

    def __call__(self, given: Answer) -> Score:
        """Return the score of an answer."""
        ...


class AttackScore(NamedTuple):
    """How one attack was met."""

    attack: str
    rank: int | None
    """Place of its first incident among those shown; None = missed."""
    pieces: int
    recall: float
    precision: float
    phases: float = 0.0
    """Share of its phases that its incidents hold."""


def attack_scores(given: Answer) -> tuple[AttackScore, ...]:
    """Return how each attack of the case was met, in order of name."""
    return tuple(_attack(name, given) for name in given.case.attacks)


def _attack(name: str, given: Answer) -> AttackScore:
    own = given.case.alerts.filter(pl.col("certain") & (pl.col("attack") == name))
    mine = given.of(name)
    hit = mine.filter(pl.col("attack") == name).select(PAIR).unique().height
    places = mine["place"].unique().sort().to_list()
    held = own.join(given.members.filter(pl.col("place").is_in(places)), on="id", how="semi")
    return AttackScore(
        attack=name,
        rank=places[0] if places else None,
        pieces=len(places),
        recall=hit / max(1, own.select(PAIR).unique().height),
        precision=hit / max(1, mine.select(PAIR).unique().height),
        phases=held["phase"].n_unique() / max(1, own["phase"].n_unique()),
    )


def _mean(values: list[float], reason: str) -> Score:
    return Score(sum(values) / len(values), reason) if values else Score(0.0, "no attack was found")


class Found:
    """Share of attacks with an incident among the first ten."""

    name: ClassVar[str] = "found@10"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the share; a case without an attack has nothing to miss."""
        ranks = {one.attack: one.rank for one in attack_scores(given)}
        missed = [name for name, rank in ranks.items() if rank is None or rank > FIRST]
        said = f"missed: {', '.join(missed)}" if missed else f"all {len(ranks)} found"
        return Score(1 - len(missed) / len(ranks) if ranks else 1.0, said)


class WorstRank:
    """Place of the last attack found: how far down someone must read for all that can be found."""

    name: ClassVar[str] = "worst rank"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, given: Answer) -> Score:
        """Return the place; 0 when nothing was found."""
        ranks = {one.attack: one.rank for one in attack_scores(given) if one.rank is not None}
        said = ", ".join(f"{name} at {rank}" for name, rank in sorted(ranks.items(), key=lambda item: item[1]))
        return Score(max(ranks.values(), default=0), said or "no attack was found")


class ShownCount:
    """How many incidents are shown."""

    name: ClassVar[str] = "shown"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, given: Answer) -> Score:
        """Return the number."""
        return Score(given.places, f"{given.places} incidents in the queue")


class Noise:
    """Shown incidents that belong to no attack."""

    name: ClassVar[str] = "noise"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, given: Answer) -> Score:
        """Return the number."""
        owned = set(given.owners["place"].to_list())
        places = [str(place) for place in range(1, given.places + 1) if place not in owned]
        return Score(len(places), f"at {', '.join(places[:20])}" if places else "every incident belongs to an attack")


class Recall:
    """Mean over all attacks of the share of their pairs that their incidents hold; a missed one counts 0."""

    name: ClassVar[str] = "recall"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the mean."""
        found = attack_scores(given)
        return _mean([one.recall for one in found], ", ".join(f"{one.attack} {one.recall:.2f}" for one in found))


class Precision:
    """Mean over the attacks found of the share of pairs in their incidents that are theirs."""

    name: ClassVar[str] = "precision"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the mean."""
        found = [one for one in attack_scores(given) if one.pieces]
        return _mean([one.precision for one in found], ", ".join(f"{one.attack} {one.precision:.2f}" for one in found))


class Pieces:
    """Mean number of incidents over the attacks found; 1 is best."""

    name: ClassVar[str] = "pieces"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, given: Answer) -> Score:
        """Return the mean."""
        found = [one for one in attack_scores(given) if one.pieces]
        split = [f"{one.attack} in {one.pieces}" for one in found if one.pieces > 1]
        return _mean([one.pieces for one in found], ", ".join(split) or "every attack found is in one piece")


class Merged:
    """Shown incidents that hold at least two pairs each of two or more attacks."""

    name: ClassVar[str] = "merged"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, given: Answer) -> Score:
        """Return the number."""
        strong = given.pairs.filter(pl.col("attack") != "").group_by("place", "attack").len()
        crowd = strong.filter(pl.col("len") >= 2).group_by("place").agg(pl.col("attack").sort())
        both = crowd.filter(pl.col("attack").list.len() >= 2).sort("place")
        said = [f"{place}: {' + '.join(names)}" for place, names in both.iter_rows()]
        return Score(both.height, "; ".join(said) or "no incident holds two attacks")


class Phases:
    """Mean over all attacks of the share of their phases that their incidents hold."""

    name: ClassVar[str] = "phases"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the mean."""
        found = attack_scores(given)
        return _mean([one.phases for one in found], ", ".join(f"{one.attack} {one.phases:.2f}" for one in found))


class AlertsPerIncident:
    """Alerts of the case per shown incident: how much reading one incident saves."""

    name: ClassVar[str] = "alerts per incident"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the quotient; with an empty queue, all alerts."""
        alerts = given.case.alerts.height
        return Score(alerts / max(1, given.places), f"{alerts:,} alerts, {given.places} shown")


class Rand:
    """Adjusted Rand index of the grouping (Hubert & Arabie 1985): 1 = exactly the attacks, 0 = as by chance."""

    name: ClassVar[str] = "adjusted Rand"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the index over all pairs of the case."""
        from sklearn.metrics import adjusted_rand_score

        true, found = grouping(given)
        return Score(float(adjusted_rand_score(true, found)), f"over {len(true)} pairs")


class VMeasure:
    """V-measure of the grouping (Rosenberg & Hirschberg 2007): mean of homogeneity and completeness."""

    name: ClassVar[str] = "V-measure"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, given: Answer) -> Score:
        """Return the measure over all pairs of the case."""
        from sklearn.metrics import homogeneity_completeness_v_measure

        pure, whole, both = homogeneity_completeness_v_measure(*grouping(given))
        return Score(float(both), f"homogeneity {pure:.2f}, completeness {whole:.2f}")


def grouping(given: Answer) -> tuple[list[str], list[str]]:
    """Return the true and the found group of every pair of the case.

    A benign pair is a group of its own, and so is a pair that is not shown: neither belongs with anything.
    """
    every = given.case.alerts.filter("certain").select(*PAIR, "attack").unique()
    placed = given.pairs.group_by(*PAIR, "attack").agg(pl.col("place").min())
    both = every.join(placed, on=[*PAIR, "attack"], how="left").sort(*PAIR, "attack").with_row_index("alone")
    alone = pl.format("alone {}", "alone")
    true = pl.when(pl.col("attack") == "").then(alone).otherwise(pl.format("attack {}", "attack"))
    found = pl.coalesce(pl.format("place {}", "place"), alone)
    labels = both.select(true=true, found=found)
    return labels["true"].to_list(), labels["found"].to_list()


SCORERS: tuple[Scorer, ...] = (
    Found(),
    WorstRank(),
    ShownCount(),
    Noise(),
    Recall(),
    Precision(),
    Pieces(),
    Merged(),
    Phases(),
    AlertsPerIncident(),
    Rand(),
    VMeasure(),
)


def conservation(case: Case, ledger: pl.DataFrame) -> Score:
    """Score 1 when every alert of the case is in the ledger exactly once, else 0."""
    twice = ledger.height - ledger["alert_id"].n_unique()
    lost = case.alerts.join(ledger, left_on="id", right_on="alert_id", how="anti").height
    foreign = ledger.height - twice - (case.alerts.height - lost)
    good = twice == 0 and lost == 0 and foreign == 0
    return Score(float(good), f"{lost} missing, {twice} twice, {foreign} that are not of the case")


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
    ledger, queue = read_ledger(output), read_queue(output)
    given = answer(case, queue_members(queue, ledger), len(queue))
    return CaseScore(
        case=case.name,
        shown=len(queue),
        noise=int(Noise()(given).value),
        found=Found()(given).value,
        merged=int(Merged()(given).value),
        conserved=conservation(case, ledger).value == 1,
        attacks=attack_scores(given),
    )
