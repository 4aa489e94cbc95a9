"""What the front ends call: propose a step, look at its dry run, approve or reject it, go on after a crash."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command

from triage.condense import stable_key
from triage.config import RespondSettings
from triage.desk.decisions import Status
from triage.errors import UsageError
from triage.models import Incident
from triage.responding.actions import find_step, status_action, step_action, with_key
from triage.responding.graph import SYSTEM, RespondContext, RespondState, build_respond
from triage.responding.models import WRITE_STATUS, Action, Answer, Connector, Preview, Request, ResponseLog, fold
from triage.responding.roles import Rank, require

Saver = Callable[[], AbstractContextManager[BaseCheckpointSaver[Any]]]
_HARMLESS = frozenset({"false_positive", "benign_true_positive", "duplicate"})


class Handles(NamedTuple):
    """What responses work with; a test swaps any of them."""

    log: ResponseLog
    connectors: Sequence[Connector]
    settings: RespondSettings
    incident: Callable[[str], Incident]
    """Raises UsageError for an unknown id."""
    status: Callable[[str], Status]
    saver: Saver


class Responses:
    """All requests of one state. Every method raises UsageError for what makes no sense, StateError for the disk."""

    def __init__(self, handles: Handles, *, readonly: bool = False) -> None:
        """``readonly`` refuses everything but looking, whoever asks."""
        self._to = handles
        self._readonly = readonly

    # --- looking ----------------------------------------------------------------------------------------------------

    def requests(self) -> Sequence[Request]:
        """Return all requests, oldest first."""
        return list(fold(self._to.log.events(), self._to.settings.expires).values())

    def request(self, name: str) -> Request:
        """Return one request by its id or the beginning of it."""
        fitting = [one for one in self.requests() if name and one.request_id.startswith(name)]
        if len(fitting) != 1:
            problem = "fits several requests" if fitting else "is no request"
            raise UsageError(f"{name!r} {problem}; 'triage respond list' shows them")
        return fitting[0]

    def takers(self, measure: str) -> Sequence[str]:
        """Return the names of the connectors that take a measure."""
        return [one.name for one in self._to.connectors if one.takes(measure)]

    def dry_run(self, incident_id: str, step: str, connector: str = "") -> tuple[Action, Preview]:
        """Return what a step would do, without proposing it; nothing is sent or written."""
        action = self._action(incident_id, step, connector)
        return action, self._connector(action.connector).preview(action)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def propose(self, incident_id: str, step: str, author: str, connector: str = "") -> Request:
        """Ask for a step to be carried out and return the request with its dry run; one that is open is returned."""
        self._may("analyst", author)
        action = self._action(incident_id, step, connector)
        with self._to.log.alone():
            same = [one for one in self.requests() if _same(one.action, action)]
            waiting = next((one for one in same if one.open and not self._expire(one)), None)
            if waiting is None:
                waiting = self._record(action, same, author)
            return self._drive(waiting, None)

    def approve(self, name: str, confirm: str, author: str) -> Request:
        """Say yes, typing the exact name of the target, and carry it out; on an interrupted one, go on.

        Raises UsageError, and leaves the request as it is, for a wrong name, a role that is too low, or an incident
        that is no longer what the request was made for.
        """
        with self._to.log.alone():
            request = self.request(name)
            self._check(request, confirm, author)
            request = self._drive(request, None)
            if request.state == "waiting":
                digest = request.preview.digest if request.preview else ""
                answer = Answer(approved=True, confirm=confirm, author=author, digest=digest)
                self._to.log.record(request.request_id, "approved", author, answer)
            return self._drive(self.request(request.request_id), self._recorded(request.request_id))

    def reject(self, name: str, author: str, why: str = "") -> Request:
        """Say no. What was approved already cannot be rejected any more."""
        self._may("analyst", author)
        with self._to.log.alone():
            request = self.request(name)
            if request.state != "waiting":
                raise UsageError(f"{request.request_id} is {request.state} already")
            return self._reject(request, Answer(author=author, why=why[:1000]))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _may(self, needed: Rank, author: str) -> None:
        if self._readonly:
            raise UsageError("read-only: responses are switched off")
        require(needed, author, self._to.settings)

    def _action(self, incident_id: str, step: str, connector: str) -> Action:
        incident = self._to.incident(incident_id)
        if step in {"status", WRITE_STATUS}:
            action = status_action(
                incident, self._to.status(incident.incident_id), self._chosen(WRITE_STATUS, connector)
            )
        else:
            found = find_step(incident, step)
            action = step_action(incident, found, self._chosen(found.measure, connector))
        return with_key(action, [one for one in self.requests() if _same(one.action, action)])

    def _chosen(self, measure: str, connector: str) -> str:
        takers = self.takers(measure)
        if connector and connector not in takers:
            raise UsageError(
                f"no connector {connector!r} takes {measure}; those that do: {', '.join(takers) or 'none'}"
            )
        if not takers:
            raise UsageError(f"no connector takes {measure}: the step stays a proposal, do it by hand")
        if not connector and len(takers) > 1:
            raise UsageError(f"several connectors take {measure}: choose one of {', '.join(takers)}")
        return connector or takers[0]

    def _connector(self, name: str) -> Connector:
        found = next((one for one in self._to.connectors if one.name == name), None)
        if found is None:
            raise UsageError(f"the connector {name!r} is not configured any more")
        return found

    def _record(self, action: Action, same: Sequence[Request], author: str) -> Request:
        last = same[-1] if same else None
        if last and last.state == "done" and last.action.status == action.status:
            raise UsageError(f"this was done already: {last.request_id}")
        request_id = f"rsp-{stable_key(action.connector, action.incident_id, action.step_id, str(len(same)))[:8]}"
        self._to.log.record(request_id, "proposed", author, action)
        return self.request(request_id)

    def _check(self, request: Request, confirm: str, author: str) -> None:
        """Raise UsageError unless this person may say yes to this, now."""
        action = request.action
        self._may(action.role, author)
        if not request.open:
            raise UsageError(f"{request.request_id} is {request.state} already")
        if confirm != action.target:
            raise UsageError(f"nothing was done: type the exact name of the target, {action.target!r}, to confirm")
        if request.state == "waiting":
            if self._expire(request):
                raise UsageError(f"{request.request_id} waited too long and is rejected: propose it again")
            if request.preview is None:
                self._drive(request, None)
                raise UsageError("its dry run was cut off and has been made now: look at it, then approve")
            self._still(action)

    def _still(self, action: Action) -> None:
        """Raise UsageError where the incident is no longer what the request was made for."""
        incident, status = self._to.incident(action.incident_id), self._to.status(action.incident_id)
        if action.status is not None:
            if status_action(incident, status, action.connector).status != action.status:
                raise UsageError("something else was decided about the incident since: reject this, propose again")
            return
        if status.state == "closed" and status.reason in _HARMLESS:
            raise UsageError(f"the incident was closed as {status.reason.replace('_', ' ')}: reopen it first")
        if action.step_id not in {step.step_id for step in incident.response_plan}:
            raise UsageError("the plan of the incident no longer has this step: reject the request")

    def _expire(self, request: Request) -> bool:
        late = request.state == "waiting" and self._to.log.now() >= request.expires
        if late:
            self._reject(request, Answer(author=SYSTEM, why="nobody approved it in time"))
        return late

    def _reject(self, request: Request, answer: Answer) -> Request:
        self._to.log.record(request.request_id, "rejected", answer.author, answer)
        with self._to.saver() as saver:
            saver.delete_thread(request.request_id)
        return self.request(request.request_id)

    def _recorded(self, request_id: str) -> Answer:
        """Return the yes as it is in the log: only that counts, whatever the caller says."""
        events = [e for e in self._to.log.events() if e.request_id == request_id and e.act == "approved"]
        return Answer.model_validate(events[0].body)

    def _drive(self, request: Request, answer: Answer | None) -> Request:
        """Run the request's graph on from wherever it stopped, as far as it goes with this answer.

        The log has the last word: what it says has ended is never run again, whatever became of the checkpoints.
        """
        context = RespondContext(connector=self._connector(request.action.connector), log=self._to.log)
        config: Any = {"configurable": {"thread_id": request.request_id}}
        with self._to.saver() as saver:
            graph = build_respond().compile(checkpointer=saver)
            if request.open:
                _run(graph, request, answer, config, context)
            if not self.request(request.request_id).open:
                saver.delete_thread(request.request_id)
        return self.request(request.request_id)


def _run(graph: Any, request: Request, answer: Answer | None, config: Any, context: RespondContext) -> None:  # noqa: ANN401
    """Bring a thread to its question, and past it where there is an answer; each step is on disk before the next."""
    state = graph.get_state(config)
    if not state.created_at:
        start = RespondState(request_id=request.request_id, action=request.action)
        graph.invoke(start, config, context=context, durability="sync")
    elif (
        state.tasks and not state.interrupts
    ):  # not ``next``, which leaves out a task whose result is kept, uncommitted
        graph.invoke(None, config, context=context, durability="sync")
    if answer is not None and graph.get_state(config).interrupts:
        graph.invoke(Command(resume=answer.model_dump(mode="json")), config, context=context, durability="sync")


def _same(one: Action, other: Action) -> bool:
    """Tell whether two actions are the same step on the same connector."""
    return (one.connector, one.incident_id, one.step_id) == (other.connector, other.incident_id, other.step_id)
