"""The analyst's desk: the queue and every decision on it. Each is on disk before its sentence is returned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.desk.cards import Card
from triage.desk.decisions import Decision, Kind, Step, decision
from triage.desk.filter_fields import Subject, Told, prepare
from triage.desk.filters import vocabulary
from triage.errors import UsageError
from triage.models import Incident
from triage_tui.port import SessionPort
from triage_tui.view_state import QueueState, Row, Snapshot, named, number

if TYPE_CHECKING:
    from triage.regrouping import Kept

HELPING = 25
"""Bodies read in one go while somebody works; some milliseconds of work."""
PAUSE = 0.006
"""Seconds left to the screen between two helpings."""


class Version(NamedTuple):
    """What changes when a run is published or a decision is made or undone."""

    run_id: str
    last_step: int
    undone: int


class Loaded(NamedTuple):
    """What was read at one moment."""

    version: Version
    snapshot: Snapshot
    decided: int
    """Decisions made here before it was read."""
    rows: Sequence[Row]
    """The snapshot as the queue shows it, made beside the screen."""


def _whole(told: Told) -> Incident:
    if isinstance(told, Incident):
        return told
    raise LookupError(f"incident {told.incident_id!r} is not in the state any more")


class Desk:
    """Connects a session with the state of the view. Methods raise TriageError."""

    def __init__(self, port: SessionPort, me: str, now: Callable[[], datetime], *, readonly: bool = False) -> None:
        self.port = port
        self.now = now
        self.readonly = readonly
        self.queue = QueueState(me)
        self.vocabulary: Mapping[str, Sequence[str]] = {}
        """Values to complete filters with; complete once everything was read."""
        self._seen: Version | None = None
        self._decided = 0
        self._cards: dict[bytes, Card] = {}
        self._ready: dict[str, Subject] = {}
        """What filters need not wait for any more, by incident."""

    def load(self) -> None:
        """Read everything anew."""
        self._seen = None
        self.take(self.fetch())

    def fetch(self) -> Loaded:
        """Read everything anew without showing it yet; may run in a thread."""
        decided, version, port = self._decided, self._version(), self.port
        cards = tuple(self._known(card) for card in port.cards.cards())
        snapshot = Snapshot(
            cards,
            port.statuses(),
            port.changes(),
            port.summary(),
            port.dead_letters(),
            port.campaigns(),
            port.calibration(),
        )
        return Loaded(version, snapshot, decided, self.queue.rows_of(snapshot))

    def _known(self, card: Card) -> Card:
        """Return the card that is shown already, or the new one with what is known of its body."""
        before = self._cards.get(card.columns.key)
        if before is None:
            return card
        if before.columns == card.columns:
            return before
        if before.loaded:
            card.take(before.detail)
        return card

    def take(self, loaded: Loaded) -> str:
        """Show what was read; returns what to say about it, '' for nothing new.

        What was read before a decision was made here is out of date by now and left alone: the next poll reads anew.
        Two polls that overlap on a busy machine may both have read the same.
        """
        if loaded.decided != self._decided or loaded.version == self._seen:
            return ""
        seen, self._seen = self._seen, loaded.version
        before = {row.incident_id for row in self.queue.snapshot.incidents}
        self._cards = {card.columns.key: card for card in loaded.snapshot.incidents if isinstance(card, Card)}
        self.queue.load(loaded.snapshot, loaded.rows)
        if seen is None:
            return ""
        if loaded.version.run_id == seen.run_id:
            return "somebody else made a decision"
        new = sum(row.incident_id not in before for row in self.queue.snapshot.incidents)
        return f"a run was published: {number(new, 'new incident')}"

    def news(self) -> Loaded | None:
        """Read anew if a run or somebody else changed the state; may run in a thread."""
        return None if self._version() == self._seen else self.fetch()

    def read_ahead(self, stopped: Callable[[], bool]) -> None:
        """Read all bodies in small helpings, so that filters need not wait; runs in a thread until ``stopped``."""
        cards = [card for card in self._cards.values() if not card.loaded]
        for start in range(0, len(cards), HELPING):
            if stopped():
                return
            helping = cards[start : start + HELPING]
            found = self.port.cards.details(card.columns.key for card in helping)
            for card in helping:
                card.take(found[card.columns.key])
            sleep(PAUSE)
        fresh = [one for one in self.queue.subjects() if self._ready.get(one.incident.incident_id) is not one]
        for at, subject in enumerate(fresh):
            if stopped():
                return
            prepare(subject)
            self._ready[subject.incident.incident_id] = subject
            if at % HELPING == 0:
                sleep(PAUSE)
        if fresh:
            self.vocabulary = vocabulary(subject.incident for subject in self.queue.subjects())

    def whole(self, rows: Sequence[Row]) -> Sequence[Incident]:
        """Return the incidents of rows, in their order."""
        cards = [row.incident for row in rows if isinstance(row.incident, Card)]
        read = dict(zip((card.incident_id for card in cards), self.port.cards.incidents(cards), strict=True))
        return [read.get(row.id) or _whole(row.incident) for row in rows]

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

    def keep(self, wish: Decision) -> "Kept":
        """Keep a regrouping; on disk when this returns. May run in a thread: nothing is shown yet."""
        self._writable()
        return self.port.regrouping().decide(wish)

    def kept(self, kept: "Kept") -> str:
        """Show what became of a regrouping at once, and say it; the cursor stays on its incident."""
        self._reload()
        if kept.run_id:
            return f"{named(kept.step.decision, self.queue)}; the queue shows it"
        return f"kept as decision {kept.step.number}; it counts from the next run on: {kept.why_later}"

    def undo(self) -> str:
        """Take back the last decision; the cursor goes back to what it was about."""
        return self.turned(self.turn(redo=False), redo=False)

    def redo(self) -> str:
        """Make again what was undone last."""
        return self.turned(self.turn(redo=True), redo=True)

    def turn(self, *, redo: bool) -> Step | None:
        """Undo or redo; on disk when this returns. May run in a thread: nothing is shown yet."""
        self._writable()
        return self.port.redo() if redo else self.port.undo()

    def turned(self, step: Step | None, *, redo: bool) -> str:
        """Show what undo or redo did, and say it."""
        said, nothing = ("made again: ", "nothing to redo") if redo else ("undone: ", "nothing to undo")
        return self._turned(step, said, nothing)

    def turns_slowly(self, *, redo: bool) -> bool:
        """Tell whether undo or redo is about a regrouping, for which the queue is judged anew."""
        steps = [step for step in self.port.log() if not step.dropped and step.undone == redo]
        next_one = (steps[0] if redo else steps[-1]) if steps else None
        return next_one is not None and next_one.decision.kind == "regroup"

    def _turned(self, step: Step | None, prefix: str, nothing: str) -> str:
        if step is None:
            return nothing
        if step.decision.kind == "regroup":
            self._reload()
        else:
            self._reload_statuses()
        back = next((name for name in step.decision.incident_ids if self.queue.in_view(name)), None)
        if back is not None:
            self.queue.cursor = back
        return prefix + named(step.decision, self.queue)

    def _reload(self) -> None:
        """Read everything anew after a decision that changed the incidents themselves."""
        self._decided += 1
        self.load()

    def _reload_statuses(self) -> None:
        self._decided += 1
        self._seen = self._version()
        self.queue.load(self.queue.snapshot._replace(statuses=self.port.statuses()))

    def _writable(self) -> None:
        if self.readonly:
            raise UsageError("read-only: decisions are switched off (started with --readonly)")
