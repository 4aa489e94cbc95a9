"""A person's question about a stored incident, put to the language model; of its answer, what the evidence carries.

Nothing of the incident changes, and nothing of the answer is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from triage.advisor.advisor import Talk
from triage.advisor.budget import IncidentBudget, RunBudget
from triage.advisor.chat import ChatModel
from triage.advisor.names import Speech
from triage.config import ModelSettings
from triage.investigation import ActivityBrief, CandidateBrief, Judgement
from triage.models import EntityRef, Evidence, Incident, Narrative
from triage.ports import Clock
from triage.times import moment

QUESTION_CHARS = 300
FROM_ALERTS = frozenset({"baseline", "condense", "correlate"})
"""Tools whose statements name nothing but what the alerts name. What others found may name people and machines that
only their answers, which are not stored, tell: it is not sent to a model elsewhere."""


def answer(
    model: ChatModel,
    settings: ModelSettings,
    clock: Clock,
    incident: Incident,
    activities: pl.DataFrame,
    question: str,
) -> Narrative:
    """Ask, and return the answer with what does not hold struck; ``activities`` are the incident's."""
    budget = IncidentBudget(settings, RunBudget(settings.run_tokens), clock)
    brief = _brief(incident, activities.iter_rows(named=True))
    talk = Talk(model, settings, budget, Speech(brief, settings))
    evidence = incident.evidence if model.local else _from_alerts(incident.evidence)
    asked = question[:QUESTION_CHARS]
    talk.learn((*evidence, _as_evidence(asked)), ())
    sentences = talk.answer(asked, evidence)
    return Narrative(model=model.name, sentences=sentences, notes=tuple(talk.notes), use=budget.use())


def _from_alerts(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(one for one in evidence if one.tool in FROM_ALERTS)


def _as_evidence(question: str) -> Evidence:
    """Return the question as a statement, so that the names in it are learnt like all others."""
    return Evidence(evidence_id="E0", statement=question, tool="question")


def _brief(incident: Incident, rows: Any) -> CandidateBrief:  # noqa: ANN401 - rows of polars
    """Return what the names of an incident are learnt from: its activities, and all entities it lists."""
    every = tuple(EntityRef(str(one.kind), "", one.value) for one in incident.entities)
    briefs = [_activity(row) for row in rows]
    first = briefs[0].model_copy(update={"entities": (*briefs[0].entities, *every)})
    judgement = Judgement(disposition=incident.disposition, verdict_reason="", score=0)
    return CandidateBrief(candidate_id=incident.incident_id, activities=(first, *briefs[1:]), judgement=judgement)


def _activity(row: Mapping[str, Any]) -> ActivityBrief:
    return ActivityBrief(
        key=row["activity"],
        signature=row["signature"],
        detector=row["detector"],
        rule=row["rule"],
        principal=row["principal"] or "",
        first=moment(row["first"]),
        last=moment(row["last"]),
        count=row["count"],
        entities=tuple(EntityRef(one["kind"], one["role"], one["value"]) for one in row["entities"]),
    )
