"""From a step of a plan, or from what was decided about an incident, to the action a connector is given."""

from collections.abc import Sequence

from triage.condense import stable_key
from triage.desk.decisions import Status
from triage.errors import UsageError
from triage.models import Incident, ResponseStep
from triage.responding.models import WRITE_STATUS, Action, Request, StatusWrite

TAG = "triage"
"""Prefix of the tags that are ours."""


def find_step(incident: Incident, name: str) -> ResponseStep:
    """Return a step by its number in the plan (from 1), its id, or a beginning of its id. Raises UsageError."""
    plan = incident.response_plan
    if name.isascii() and name.isdecimal() and 1 <= int(name) <= len(plan):
        return plan[int(name) - 1]
    fitting = [step for step in plan if name and step.step_id.startswith(name)]
    exact = [step for step in fitting if step.step_id == name]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    problem = "fits several steps" if fitting else "is no step"
    raise UsageError(
        f"{name!r} {problem} of {incident.incident_id}; 'triage respond plan' numbers its {len(plan)} steps"
    )


def step_action(incident: Incident, step: ResponseStep, connector: str) -> Action:
    """Return the action of a step. Raises UsageError where its target cannot be named exactly."""
    kind, _, target = step.target.partition(":")
    exact = [entity for entity in incident.entities if entity.kind == kind and entity.value == target]
    if not exact:
        raise UsageError(f"the target of {step.step_id} has a name that cannot be typed as it is: do this one by hand")
    return Action(
        **_about(incident, connector, step.step_id),
        measure=step.measure,
        action=step.action,
        kind=kind,
        target=target,
        reason=step.reason,
        evidence=step.evidence,
        reversal=step.reversal,
        blast_radius=step.blast_radius,
        role=step.role,
    )


def status_action(incident: Incident, status: Status, connector: str) -> Action:
    """Return the action that writes what was decided about an incident back to its alerts."""
    written = status_write(incident, status)
    return Action(
        **_about(incident, connector, WRITE_STATUS),
        measure=WRITE_STATUS,
        action=f"Write the status {written.workflow_status} to the alerts of {incident.incident_id}",
        kind="incident",
        target=incident.incident_id,
        reason="keeps Elastic Security in step with what was decided here",
        reversal="Reopen the incident here and write its status again",
        blast_radius="status, tags and assignee of the incident's alerts; nothing else of them",
        role="analyst",
        status=written,
    )


def status_write(incident: Incident, status: Status) -> StatusWrite:
    """Return what the alerts of an incident are to say: a snoozed incident stays open for everybody else."""
    state = "closed" if status.state == "closed" else "acknowledged" if status.acknowledged else "open"
    words = [TAG, f"{TAG}:{incident.incident_id}", f"{TAG}:{incident.disposition}"]
    reason = [f"{TAG}:{status.reason}"] if status.state == "closed" else []
    return StatusWrite(workflow_status=state, tags=(*words, *reason), assignee=status.assignee)


def with_key(action: Action, earlier: Sequence[Request]) -> Action:
    """Return the action with its idempotency key.

    The key changes only once a try has surely failed, or been done: after a cut-off or an answer that never came, the
    receiver must recognise the next try.
    """
    ended = sum(one.state in {"failed", "done"} for one in earlier)
    what = action.status.model_dump_json() if action.status else ""
    return action.model_copy(
        update={"key": stable_key("response", action.connector, action.incident_id, action.step_id, what, str(ended))}
    )


def _about(incident: Incident, connector: str, step_id: str) -> dict[str, object]:
    return {
        "connector": connector,
        "incident_id": incident.incident_id,
        "title": incident.title,
        "disposition": incident.disposition,
        "urgency": incident.urgency,
        "step_id": step_id,
        "key": "",
    }
