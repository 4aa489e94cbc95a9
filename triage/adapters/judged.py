"""What became of alerts, now and ever: for the preview of an exception."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import orjson
import polars as pl

from triage.adapters.archive import Archive
from triage.adapters.decisions import Opened
from triage.desk.decisions import Status, Step
from triage.desk.pivots import EMPTY, Question
from triage.desk.suppression import Condition, Draft, Judged, conditions, covered, draft, unfit
from triage.judgement.teaching import ATTACK_REASONS, Verdict
from triage.models import Incident

_EVER = """
SELECT i.incident_id, i.title, i.disposition, sum(i.disposition = 'attack'), max(r.published)
FROM incidents i JOIN runs r ON r.seq = i.run
WHERE r.published IS NOT NULL AND i.incident_id IN (SELECT value FROM json_each(?)) GROUP BY i.incident_id
"""
"""SQLite takes bare columns from the row of the one maximum, so title and disposition are the newest ones."""
_PLACED = "SELECT activity, incident_id, outcome FROM placements WHERE activity IN (SELECT value FROM json_each(?))"
_ROWS = {"index": pl.String, "id": pl.String, "time": pl.Int64, "outcome": pl.String, "incident_id": pl.String}
_BY_CODE = "was judged an attack"
_BY_PERSON = "was closed as a true positive"
_BY_SAMPLE = "holds an alert that a person called an attack"


class History(NamedTuple):
    """Where the verdicts are."""

    reading: Opened
    scan: Callable[[pl.Expr], pl.DataFrame]
    """Ledger rows of all published runs that fit: index, id, time, activity, outcome, incident_id."""
    steps: Callable[[], Sequence[Step]]
    answers: Callable[[], Mapping[str, Verdict]]
    """Activity -> what was answered to a blind sample."""

    def judged(self, alerts: pl.DataFrame) -> Judged:
        """Return what became of alerts (index, id, activity)."""
        activities = alerts["activity"].unique().to_list()
        ledger = self.scan(pl.col("activity").is_in(activities)).join(alerts, on=["index", "id"], how="semi")
        placed = self._placed(activities)
        now = ledger.join(placed, on="activity", how="left", suffix="_now").with_columns(
            incident_id=pl.coalesce("incident_id_now", "incident_id"),
            outcome=pl.when(pl.col("outcome") == "duplicate")
            .then(pl.col("outcome"))
            .otherwise(pl.coalesce("outcome_now", "outcome")),
        )
        ever = {*ledger["incident_id"].to_list(), *now["incident_id"].to_list()} - {""}
        titles, attacks = self._incidents(ever)
        sampled = {activity for activity, answer in self.answers().items() if answer == "attack"}
        hit = now.filter(pl.col("activity").is_in(sampled))["incident_id"].unique().to_list()
        attacks |= dict.fromkeys(hit, _BY_SAMPLE)
        return Judged(now.select(list(_ROWS)), attacks, titles)

    def _placed(self, activities: Iterable[str]) -> pl.DataFrame:
        with self.reading() as db:
            rows = db.execute(_PLACED, (orjson.dumps(sorted(activities)).decode(),)).fetchall()
        return pl.DataFrame(rows, schema=dict.fromkeys(("activity", "incident_id", "outcome"), pl.String), orient="row")

    def _incidents(self, ever: Iterable[str]) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        """Return title and disposition of incidents, and those of them that were ever judged an attack."""
        with self.reading() as db:
            rows = db.execute(_EVER, (orjson.dumps(sorted(ever)).decode(),)).fetchall()
        titles = {name: (title, disposition) for name, title, disposition, _, _ in rows}
        attacks = {name: _BY_CODE for name, _, _, attack, _ in rows if attack}
        closed = {
            name
            for step in self.steps()
            if not step.undone and step.decision.kind == "close" and step.decision.reason in ATTACK_REASONS
            for name in step.decision.incident_ids
        }
        return titles, attacks | dict.fromkeys(sorted(closed & set(ever)), _BY_PERSON)


def draft_for(
    incident: Incident, status: Status, archive: Archive, history: History, now: datetime, lasts: timedelta
) -> Draft:
    """Return the draft for an incident with its preview over everything that is kept. Raises StateError."""
    made = conditions(archive.incident(incident.incident_id))
    hidden, near = [EMPTY.alerts], [EMPTY.alerts]
    for rule, group in groupby(sorted(made[0], key=_rule_of), key=_rule_of):
        alerts = archive.ask(Question("rule", rule))
        for one in group:
            hidden.append(covered(one, alerts))
            near.append(covered(one, alerts, in_any_role=True))
    judged = history.judged(pl.concat(hidden).unique(["index", "id"]))
    attacks = history.judged(pl.concat(near).unique(["index", "id"])).attacks
    return draft(incident, made, judged._replace(attacks=attacks), now, lasts, objection=unfit(incident, status))


def _rule_of(condition: Condition) -> str:
    return condition.rule
