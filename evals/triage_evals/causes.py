"""Was the cause of what was played named right? On generated cases, for every attack and every harmless twin of one.

An attack is asked of the first incident that belongs to it, and one that was missed has no cause. A twin is asked of
the incident that holds most of its alerts, where it is mostly theirs; one that went under in everyday groups raised
no question, and so needs no answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson
import polars as pl

from triage.generator import ATTACKS
from triage_evals.answer import Answer
from triage_evals.results import Named
from triage_evals.scoring import Score, attack_scores

TRUE_CAUSES: Mapping[str, str] = {name: name for name in ATTACKS} | {
    "phishing-to-cloud": "phishing",
    "slow-spray": "password-spray",
    "web-server-intrusion": "web-intrusion",
    "plant-manipulation": "ot-manipulation",
    "panel-tampering": "ot-manipulation",
    "model-extraction": "model-theft",
    "patch-rollout": "roll-out",
    "software-rollout": "roll-out",
    "vulnerability-scanner": "scanner",
    "penetration-test": "penetration-test",
    "plant-maintenance": "maintenance",
    "backup-change": "backup",
    "plant-backup": "backup",
    "new-admin": "admin-work",
    "holiday": "travel",
    "network-migration": "migration",
    "model-release": "release",
    "misfiring-rule": "misfiring-rule",
}
"""What was played -> the name of its cause in triage/data/causes.csv."""
_LEAST_ALERTS = 2


def causes_named(given: Answer, ledger: pl.DataFrame, output: Path, benign: pl.DataFrame) -> Iterator[Named]:
    """Yield the cause named for each attack and twin of a case; none where nothing tells what was played.

    ``benign``: id, origin of the benign alerts; ``output``: where the run wrote incidents.json.
    """
    if benign.is_empty():
        return
    incidents = orjson.loads((output / "incidents.json").read_bytes())
    said = {one["incident_id"]: cause["name"] for one in incidents if (cause := one.get("cause"))}
    shown = [one["incident_id"] for one in incidents if one["disposition"] != "benign"]
    for met in attack_scores(given):
        cause = said.get(shown[met.rank - 1], "") if met.rank else ""
        yield _named(met.attack, cause, harmless=False)
    for origin, incident in _twins(ledger, benign, said):
        yield _named(origin, said[incident], harmless=True)


def _named(subject: str, cause: str, *, harmless: bool) -> Named:
    wanted = TRUE_CAUSES.get(subject) or TRUE_CAUSES.get(subject.rpartition("-")[0], "")
    return Named(subject=subject, harmless=harmless, cause=cause, right=cause != "" and cause == wanted)


def _twins(ledger: pl.DataFrame, benign: pl.DataFrame, said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (origin, incident) of the incident with a cause that holds most of a twin's alerts."""
    placed = ledger.select("incident_id", id="alert_id").filter(pl.col("incident_id").is_in(list(said)))
    labelled = placed.join(benign, on="id", how="left")
    counted = labelled.group_by("incident_id", "origin").len()
    main = counted.sort("len", "incident_id", pl.col("origin").fill_null(""), descending=[True, False, False])
    main = main.unique("incident_id", keep="first", maintain_order=True)
    theirs = main.filter(pl.col("origin").is_in(list(TRUE_CAUSES)), pl.col("len") >= _LEAST_ALERTS)
    best = theirs.sort("origin", "len", "incident_id", descending=[False, True, False]).unique(
        "origin", keep="first", maintain_order=True
    )
    yield from best.select("origin", "incident_id").iter_rows()


def cause_score(named: Sequence[Named]) -> Score:
    """Return the share of causes that were named right; the reason names the others."""
    wrong = [f"{one.subject}: {one.cause or 'missed'}" for one in named if not one.right]
    return Score(1 - len(wrong) / len(named), "; ".join(wrong) or f"all {len(named)} right")
