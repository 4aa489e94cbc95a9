"""The same candidate without its instruction-like text: what changes with that text changed because of it."""

from triage.investigation import ActivityBrief, CandidateBrief, Investigation
from triage.models import Evidence
from triage.trust import doubts
from triage.trust.injection import PLANTED, Finding, recalled, withheld
from triage.wording import listed


def is_planted(brief: CandidateBrief) -> bool:
    """Tell whether alerts of the candidate hold text that tries to direct their reader."""
    return any(PLANTED in activity.flags for activity in brief.activities)


def planted_in(text: str, activity: ActivityBrief) -> tuple[Finding, ...]:
    """Return the instruction-like parts of a text of an activity: by their words, or else by the second look."""
    return recalled(text) or (doubts.findings(text) if doubts.FLAG in activity.flags else ())


def masked(brief: CandidateBrief) -> CandidateBrief:
    """Return the candidate with every instruction-like part of its texts replaced by a note."""
    activities = tuple(map(_masked, brief.activities))
    joins = tuple(join.model_copy(update={"reason": withheld(join.reason)}) for join in brief.joins)
    return brief.model_copy(update={"activities": activities, "joins": joins})


def _masked(activity: ActivityBrief) -> ActivityBrief:
    def without(text: str) -> str:
        return withheld(text, planted_in(text, activity))

    return activity.model_copy(
        update={
            "rule": without(activity.rule),
            "message": without(activity.message),
            "principal": without(activity.principal),
            "entities": tuple(ref._replace(value=without(ref.value)) for ref in activity.entities),
            "novelty_reasons": tuple(map(without, activity.novelty_reasons)),
        }
    )


def compared(brief: CandidateBrief, found: Investigation, without: Investigation, sample: int) -> Evidence:
    """State what of the judgement depends on the instruction-like text; the next evidence after those of ``found``."""
    before, after = _judgement(found), _judgement(without)
    changed = [name for name in before if before[name] != after[name]]
    says = f"{listed(changed, len(changed))} would differ" if changed else "the judgement stays the same"
    held = [activity for activity in brief.ranked() if PLANTED in activity.flags]
    alerts = tuple(ref for activity in held for ref in activity.sample_alerts)
    count = max(len(alerts), sum(activity.count for activity in held))
    return Evidence(
        evidence_id=f"E{len(found.evidence) + 1}",
        statement=f"Assessed again without the text that tries to direct its reader: {says}.",
        tool="injection",
        supports="attack" if changed else "context",
        alerts=alerts[:sample],
        alert_count=count,
        truncated=count > len(alerts[:sample]),
    )


def _judgement(found: Investigation) -> dict[str, object]:
    """Return what an analyst would act on, free of the text itself."""
    return {
        "the disposition": found.disposition,
        "the harmless reading": withheld(found.benign_reading),
        "the missing evidence": tuple(map(withheld, found.missing_evidence)),
        "the response plan": tuple((step.phase, withheld(step.action)) for step in found.response_plan),
    }
