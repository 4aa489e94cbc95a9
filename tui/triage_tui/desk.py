"""The analyst's desk: the queue and every decision on it. Each is on disk before its sentence is returned."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from triage.decisions import Kind, Step, decision
from triage.errors import UsageError
from triage_tui.port import SessionPort
from triage_tui.view_state import QueueState, Snapshot, named, number


class Version(NamedTuple):
    """What changes when a run is published or a decision is made or undone."""

    run_id: str
    last_step: int
    undone: int


class Desk:
    """Connects a session with the state of the view. Methods raise TriageError."""

    def __init__(self, port: SessionPort, me: str, now: Callable[[], datetime], *, readonly: bool = False) -> None:
        self.port = port
        self.now = now
        self.readonly = readonly
        self.queue = QueueState(me)
        self._seen: Version | None = None

    def load(self) -> None:
        """Read everything anew."""
        self._seen = self._version()
        port = self.port
        self.queue.load(
            Snapshot(port.incidents(), port.statuses(), port.changes(), port.summary(), port.dead_letters())
        )

    def poll(self) -> str:
        """Read anew if a run or somebody else changed the state; returns what to say about it, '' for nothing new."""
        version = self._version()
        if version == self._seen:
            return ""
        seen = self._seen
        before = {row.incident_id for row in self.queue.snapshot.incidents}
        self.load()
        if seen is None:
            return ""
        if version.run_id == seen.run_id:
            return "somebody else made a decision"
        new = sum(row.incident_id not in before for row in self.queue.snapshot.incidents)
        return f"a run was published: {number(new, 'new incident')}"

    def _version(self) -> Version:
        steps = self.port.log(200)
        last = steps[-1].number if steps else 0
        return Version(str(self.port.summary().get("run_id")), last, sum(step.undone for step in steps))

    def decide(self, kind: Kind, targets: tuple[str, ...] | None = None, **values: Any) -> str:  # noqa: ANN401 - fields
        """Make a decision on the targets, else on the selection or the cursor's incident; returns what was done."""
        self._writable()
        chosen = self.queue.targets() if targets is None else targets
        if not chosen:
            raise UsageError("there is no incident here to decide on")
        step = self.port.decide(decision(kind, chosen, **values))
        self.queue.clear_selection()
        self._reload_statuses()
        return named(step.decision, self.queue)

    def undo(self) -> str:
        """Take back the last decision; the cursor goes back to what it was about."""
        self._writable()
        return self._turned(self.port.undo(), "undone: ", "nothing to undo")

    def redo(self) -> str:
        """Make again what was undone last."""
        self._writable()
        return self._turned(self.port.redo(), "made again: ", "nothing to redo")

    def _turned(self, step: Step | None, prefix: str, nothing: str) -> str:
        if step is None:
            return nothing
        back = step.decision.incident_ids[0]
        self._reload_statuses()
        if any(row.id == back for row in self.queue.rows):
            self.queue.cursor = back
        return prefix + named(step.decision, self.queue)

    def _reload_statuses(self) -> None:
        self._seen = self._version()
        self.queue.load(self.queue.snapshot._replace(statuses=self.port.statuses()))

    def _writable(self) -> None:
        if self.readonly:
            raise UsageError("read-only: decisions are switched off (started with --readonly)")
