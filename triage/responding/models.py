"""The words of a response: what is to be done, what it would do, who allowed it, and how it ended."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from pydantic import AwareDatetime, Field

from triage.casework.measures import Role
from triage.models import Model

Act = Literal["proposed", "previewed", "approved", "rejected", "started", "done", "failed", "unknown"]
State = Literal["waiting", "approved", "rejected", "done", "failed", "unknown"]
WRITE_STATUS = "write_status"
"""The measure that is in no plan: what was decided here, written back to the alerts."""


class StatusWrite(Model):
    """What Elastic Security's alerts of an incident are to say."""

    workflow_status: Literal["open", "acknowledged", "closed"]
    tags: tuple[str, ...] = Field((), description="ours, beside those of others that are kept")
    assignee: str = Field("", description="name as it was decided here; '' leaves assignees as they are")


class Action(Model):
    """A step of an incident for one connector; everything that the receiver is told."""

    connector: str
    incident_id: str
    title: str
    disposition: str
    urgency: float
    step_id: str
    measure: str
    action: str
    kind: str = Field(description="kind of the target, e.g. host; 'incident' for write_status")
    target: str = Field(description="exact name of the target; who approves has to type it")
    reason: str
    evidence: tuple[str, ...] = ()
    reversal: str = ""
    blast_radius: str = ""
    role: Role
    key: str = Field(description="idempotency key: the same for every try of this step on this connector")
    status: StatusWrite | None = None


class Preview(Model):
    """What carrying out an action would do, found out without doing it."""

    would: tuple[str, ...] = Field((), description="sentences for who approves")
    changes: int = Field(0, ge=0, description="things that would be changed")
    digest: str = Field("", description="of exactly what would be changed; it has to be the same when it is done")
    refused: str = Field("", description="why it cannot be done at all; '' = it can")


class Answer(Model):
    """What a person said to a request. Anything that is not a yes with the exact name is a no."""

    approved: bool = False
    confirm: str = Field("", description="the name of the target as it was typed")
    author: str
    why: str = ""
    digest: str = Field("", description="of the preview that was approved")


class Outcome(Model):
    """How it ended. ``unknown``: it was sent and may have worked; a person has to look."""

    state: Literal["done", "failed", "unknown"]
    detail: str
    changed: int = Field(0, ge=0)


class Event(Model):
    """One line of the log of responses."""

    request_id: str
    act: Act
    author: str
    at: AwareDatetime
    body: dict[str, Any]


class Request(Model):
    """A request as it stands, folded from its events."""

    request_id: str
    action: Action
    state: State
    author: str = Field(description="who proposed it")
    at: datetime
    expires: datetime
    preview: Preview | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = Field("", description="of a rejection")
    started: bool = Field(default=False, description="an effect may have left this machine")
    outcome: Outcome | None = None

    @property
    def open(self) -> bool:
        """Tell whether something is still to happen to it."""
        return self.state in {"waiting", "approved"}

    @property
    def interrupted(self) -> bool:
        """Tell whether it was approved and then cut off: approving it again goes on where it stopped."""
        return self.state == "approved"


class Connector(Protocol):
    """A way to carry out actions. ``preview`` reads only; ``carry_out`` with the same key has its effect once."""

    @property
    def name(self) -> str:
        """Return the configured name."""
        ...

    @property
    def idempotent(self) -> bool:
        """Tell whether a second ``carry_out`` with the same key is harmless."""
        ...

    def takes(self, measure: str) -> bool:
        """Tell whether the connector is configured for a measure, by its exact name."""
        ...

    def preview(self, action: Action) -> Preview:
        """Say what would be done; changes nothing. Raises TriageError when that cannot be found out."""
        ...

    def carry_out(self, action: Action, preview: Preview) -> Outcome:
        """Do what the preview said. Every failure is an outcome, none an exception."""
        ...


class ResponseLog(Protocol):
    """The log of responses: an event is on disk, and in the audit log, when ``record`` returns."""

    def record(self, request_id: str, act: Act, author: str, body: Model) -> bool:
        """Append an event; False, and nothing appended, where the request had it or its opposite before."""
        ...

    def events(self) -> Sequence[Event]:
        """Return all events in the order in which they were recorded."""
        ...

    def now(self) -> datetime:
        """Return the time that events are stamped with."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Be the only one who carries something out; freed when the process dies. Raises StateError."""
        ...


def fold(events: Sequence[Event], lasts: timedelta) -> dict[str, Request]:
    """Return the requests that the log leads to, oldest first; ``lasts`` is how long one waits for its approval."""
    requests: dict[str, Request] = {}
    for event in events:
        if event.act == "proposed":
            action = Action.model_validate(event.body)
            requests[event.request_id] = Request(
                request_id=event.request_id,
                action=action,
                state="waiting",
                author=event.author,
                at=event.at,
                expires=event.at + lasts,
            )
        else:
            request = requests[event.request_id]
            requests[event.request_id] = request.model_copy(update=_change(event))
    return requests


def _change(event: Event) -> dict[str, Any]:
    if event.act == "previewed":
        return {"preview": Preview.model_validate(event.body)}
    if event.act == "started":
        return {"started": True}
    if event.act in {"approved", "rejected"}:
        answer = Answer.model_validate(event.body)
        return {"state": event.act, "decided_by": event.author, "decided_at": event.at, "why": answer.why}
    return {"state": event.act, "outcome": Outcome.model_validate(event.body)}
