"""Proposing and approving one step of a plan: nothing is done before somebody types the exact name of its target."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from triage.errors import TriageError
from triage.models import Incident, ResponseStep
from triage_tui.look import Look
from triage_tui.screens.dialogs import Ask, Option, Pick
from triage_tui.screens.paper import Paper, in_background
from triage_tui.sheets.base import ListSheet
from triage_tui.sheets.step import Standing, Tried, step_sheet, word

if TYPE_CHECKING:
    from triage.responding.models import Request
    from triage.responding.responses import Responses


def standing(responses: "Callable[[], Responses]", incident: Incident) -> Standing:
    """Return what is known of an incident's requests; a connector that cannot work is said, not raised."""
    try:
        all_of_it = responses()
        requests = [one for one in all_of_it.requests() if one.action.incident_id == incident.incident_id]
        measures = {step.measure for step in incident.response_plan}
        return Standing(requests, frozenset(name for name in measures if all_of_it.takers(name)))
    except TriageError as error:
        return Standing((), frozenset(), str(error))


class StepPaper(Paper):
    """One step with its dry run. ``changed`` is called when a request was made, approved or rejected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "propose", "propose", show=False),
        Binding("Y", "approve", "approve", show=False),
        Binding("N", "reject", "reject", show=False),
    ]

    def __init__(self, incident: Incident, number: int, look: Look, changed: Callable[[], None]) -> None:
        """``number``: of the step in the plan, from 1."""
        super().__init__(f"#{incident.rank} step {number}", "p propose   Y approve   N reject", look)
        self._incident = incident
        self._number = number
        self._changed = changed
        self._tried: Tried | None = None
        self._requests: Sequence[Request] = ()
        self._connector = ""

    @property
    def step(self) -> ResponseStep:
        """Return the step."""
        return self._incident.response_plan[self._number - 1]

    def sheet(self, width: int) -> ListSheet:
        """Return step, dry run and requests."""
        return step_sheet(self.step, self._tried, self._requests, self.look, width)

    def begin(self) -> None:
        """Make the dry run; where several connectors could take it, ask which."""
        takers = self._takers()
        if len(takers) > 1:
            options = [Option(str(at), name, name) for at, name in enumerate(takers[:9], start=1)]
            self.app.push_screen(Pick("Through which connector?", options, self.look), self._chosen)
        else:
            self._try()

    def _takers(self) -> Sequence[str]:
        try:
            return self._responses().takers(self.step.measure)
        except TriageError:
            return ()  # the dry run says why

    def _chosen(self, name: str | None) -> None:
        self._connector = name or ""
        self._try()

    def _try(self) -> None:
        in_background(self, "dry run", self._dry_run, self._take, self.tell_error)

    def _dry_run(self) -> tuple[Tried, "Sequence[Request]"]:
        try:
            found = self._responses().dry_run(self._incident.incident_id, str(self._number), self._connector)
            tried = Tried(*found)
        except TriageError as error:
            tried = Tried(problem=str(error))
        return tried, self._of_step()

    def _of_step(self) -> "Sequence[Request]":
        return standing(self._responses, self._incident).of(self.step.step_id)

    def _take(self, found: tuple[Tried, "Sequence[Request]"]) -> None:
        if self.is_mounted:
            self._tried, self._requests = found
            self.draw()

    def _responses(self) -> "Responses":
        desk = self.triage.desk
        return desk.port.responses(readonly=desk.readonly)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def _may(self) -> bool:
        if self.triage.desk.readonly:
            self.tell("read-only: responses are switched off (started with --readonly)", self.look.styles.bad)
        return not self.triage.desk.readonly

    def _open(self) -> "Request | None":
        return next((one for one in reversed(self._requests) if one.open), None)

    def action_propose(self) -> None:
        """Ask for the step to be carried out; nothing is done yet."""
        if not self._may():
            return
        me, name = self.triage.desk.queue.me, self._incident.incident_id
        self._do("proposing", lambda: self._responses().propose(name, str(self._number), me, self._connector))

    def action_approve(self) -> None:
        """Ask for the exact name of the target, and carry the step out."""
        request = self._open()
        if not self._may():
            return
        if request is None:
            self.tell("nothing waits for an approval here; p proposes the step", self.look.styles.warn)
            return
        title = f"This is carried out at once. Type the exact name of the target to approve: {request.action.target}"
        self.app.push_screen(Ask(title, self.look), lambda typed: self._approve(request, typed))

    def _approve(self, request: "Request", typed: str | None) -> None:
        if not typed:
            self.tell("not approved; nothing was done", self.look.styles.warn)
            return
        me = self.triage.desk.queue.me
        self._do("carrying it out", lambda: self._responses().approve(request.request_id, typed, me))

    def action_reject(self) -> None:
        """Ask why, and reject what waits."""
        request = self._open()
        if not self._may():
            return
        if request is None:
            self.tell("nothing waits for an approval here", self.look.styles.warn)
            return
        self.app.push_screen(Ask("Reject it because:", self.look), lambda why: self._reject(request, why))

    def _reject(self, request: "Request", why: str | None) -> None:
        if why is not None:
            me = self.triage.desk.queue.me
            self._do("rejecting", lambda: self._responses().reject(request.request_id, me, why))

    def _do(self, doing: str, act: "Callable[[], Request]") -> None:
        self.tell(doing)
        in_background(self, "response", lambda: (act(), self._of_step()), self._done, self.tell_error)

    def _done(self, found: "tuple[Request, Sequence[Request]]") -> None:
        request, self._requests = found
        self._changed()
        if self.is_mounted:
            self.draw()
            detail = f": {request.outcome.detail}" if request.outcome else ""
            good = request.state in {"waiting", "rejected", "done"}
            self.tell(
                f"{request.request_id} is {word(request)}{detail}",
                self.look.styles.good if good else self.look.styles.bad,
            )
