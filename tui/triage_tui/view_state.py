"""What the queue shows and where the analyst is in it: no event loop, no widget, no terminal.

The cursor is an incident id, not a line number, so that nothing that happens to the queue makes it jump. Only when its
incident leaves the view does it go to the one that took its line: that is the auto-advance after a decision.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

from triage.attack import stage
from triage.desk.cards import Card
from triage.desk.decisions import DONE, Change, Decision, Status, Step
from triage.desk.filter_fields import Subject, Told
from triage.desk.filters import Filter
from triage.errors import UsageError
from triage.intelligence.adversary import Campaign
from triage.judgement.confidence import Calibration, Confidence
from triage.judgement.confidence import state as stated
from triage.judgement.worth import expected
from triage.models import DeadLetter
from triage.trust.untrusted import clean
from triage_tui.preferences import View

Levels = Sequence[tuple[float, timedelta]]
SERVICE_LEVELS: Levels = ((70.0, timedelta(hours=1)), (40.0, timedelta(hours=8)), (0.0, timedelta(hours=24)))
"""Urgency from which on -> how long an untouched incident may wait."""


class Tab(IntEnum):
    """Parts of the queue, in the order of their tabs."""

    OPEN = 0
    MINE = 1
    CLOSED = 2
    BENIGN = 3
    DEAD = 4
    CAMPAIGNS = 5

    @property
    def title(self) -> str:
        """Return the words on the tab."""
        return ("open", "mine", "closed", "benign groups", "dead letters", "campaigns")[self]

    @property
    def of_incidents(self) -> bool:
        """True when its lines are incidents."""
        return self < Tab.DEAD


class Row(NamedTuple):
    """An incident, what was decided about it, and what the last run did to it."""

    incident: Told
    status: Status
    change: Change
    subject: Subject | None = None
    """The incident's texts, ready for filters."""

    @property
    def loaded(self) -> bool:
        """True when all of the incident that a list shows was read."""
        return not isinstance(self.incident, Card) or self.incident.loaded

    @property
    def id(self) -> str:
        """Return the incident's id."""
        return self.incident.incident_id

    @property
    def tab(self) -> Tab:
        """Return where it belongs; what is mine is open as well."""
        if self.status.state != "open":
            return Tab.CLOSED
        benign = self.incident.disposition == "benign" and not (self.status.reopened or self.status.escalated)
        return Tab.BENIGN if benign else Tab.OPEN


SHORT = {"true_positive": "TP", "benign_true_positive": "BTP", "false_positive": "FP", "duplicate": "dup"}


def status_word(row: Row) -> str:
    """Return the status in at most seven characters."""
    status = row.status
    if status.state == "closed":
        return SHORT.get(status.reason, status.reason[:7])
    if status.state == "snoozed":
        return "snoozed"
    if status.escalated:
        return "escal."
    return "ack" if status.acknowledged else "grown" if status.grown else "open"


class Sort(NamedTuple):
    """A column to sort by."""

    name: str
    key: Callable[[Row], Any]
    falling: bool
    """The direction that is looked at first."""


SORTS = (
    Sort("rank", lambda row: row.incident.rank, falling=False),
    Sort("urgency", lambda row: row.incident.urgency, falling=True),
    Sort("verdict", lambda row: row.incident.disposition, falling=False),
    Sort("title", lambda row: row.incident.title.lower(), falling=False),
    Sort("chain", lambda row: max(map(stage, row.incident.tactics), default=-1) if row.loaded else -1, falling=True),
    Sort("alerts", lambda row: row.incident.alert_count, falling=True),
    Sort("first", lambda row: row.incident.first_seen, falling=False),
    Sort("last", lambda row: row.incident.last_seen, falling=True),
    Sort("status", status_word, falling=False),
    Sort("who", lambda row: row.status.assignee, falling=False),
    Sort("worth", lambda row: row.incident.urgency, falling=True),
)


GROUPS: Mapping[str, Callable[[Row], str]] = {
    "": lambda _: "",
    "verdict": lambda row: row.incident.disposition,
    "rule": lambda row: main_rule(row.incident),
    "asset": lambda row: main_asset(row.incident),
    "tactic": lambda row: row.incident.tactics[-1] if row.incident.tactics else "no tactic",
    "status": status_word,
    "change": lambda row: row.change or "unchanged",
    "who": lambda row: row.status.assignee or "nobody",
}
"""Name -> what an incident is grouped by; '' = not at all."""

ASSETS = ("host", "user", "mailbox", "device", "cloud", "model", "service")
"""Kinds of entities that a team owns, the most telling first."""


class Snapshot(NamedTuple):
    """Everything read from the state at one moment."""

    incidents: Sequence[Told]
    statuses: Mapping[str, Status]
    changes: Mapping[str, Change]
    summary: Mapping[str, Any]
    dead_letters: Sequence[DeadLetter]
    campaigns: Sequence[Campaign] = ()
    calibration: Calibration | None = None
    """How likely an incident of some urgency is a real attack; None = not read."""


EMPTY = Snapshot((), {}, {}, {}, ())


class QueueState:
    """The rows in view, the cursor and the selection."""

    def __init__(self, me: str) -> None:
        self.me = me
        self.snapshot = EMPTY
        self.tab = Tab.OPEN
        self.filter: Filter | None = None
        self.filter_text = ""
        self.filter_error = ""
        self.sort = SORTS[0]
        self.turned = False
        self.group = ""
        self.columns: tuple[str, ...] = ()
        self.rows: list[Row] = []
        self.cursor = ""
        self.selected: dict[str, None] = {}
        self.range_from = ""
        self._all: list[Row] = []
        self._tabs: dict[Tab, list[Row]] = {tab: [] for tab in Tab}
        self._untouched: dict[str, Status] = {}
        self._subjects: dict[str, Subject] = {}
        self._index: dict[str, int] = {}
        self._campaigns: dict[str, list[Campaign]] = {}

    # --- data -------------------------------------------------------------------------------------------------------

    def rows_of(self, snapshot: Snapshot) -> list[Row]:
        """Return all rows of a snapshot, by rank; may run in a thread, before it is loaded."""
        return [self._row(one, snapshot) for one in snapshot.incidents]

    def load(self, snapshot: Snapshot, rows: Sequence[Row] | None = None) -> None:
        """Take in what the state holds now; ``rows``: its rows, where they were made before."""
        self.snapshot = snapshot
        self._all = self.rows_of(snapshot) if rows is None else list(rows)
        self._campaigns = {}
        for campaign in snapshot.campaigns:
            for name in campaign.incident_ids:
                self._campaigns.setdefault(name, []).append(campaign)
        self._tabs = {tab: [] for tab in Tab}
        for row in self._all:
            self._tabs[row.tab].append(row)
        self._tabs[Tab.MINE] = [row for row in self._tabs[Tab.OPEN] if row.status.assignee == self.me]
        known = {row.id for row in self._all}
        self.selected = {name: None for name in self.selected if name in known}
        self.refresh()

    def refresh(self) -> None:
        """Filter and sort again; the cursor stays on its incident, or on the line where that was."""
        at = self.position
        wanted = self.filter
        rows = self._tabs[self.tab]
        if wanted is not None:
            rows = [row for row in rows if row.loaded and wanted.matches(row.subject or row.incident, *row[1:3])]
        rows = list(rows)  # as loaded: by rank
        if self.sort is not SORTS[0] or self.turned:
            key = self.worth if self.sort.name == "worth" else self.sort.key
            rows.sort(key=key, reverse=self.sort.falling != self.turned)
        if self.group:
            rows = self._grouped(rows)
        self.rows = rows
        self._index = {row.id: index for index, row in enumerate(rows)}
        if self.cursor not in self._index:
            self.cursor = rows[min(at, len(rows) - 1)].id if rows else ""

    def _grouped(self, rows: list[Row]) -> list[Row]:
        """Return the rows group by group; the groups in the order of their first rows."""
        of = GROUPS[self.group]
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(of(row), []).append(row)
        return [row for group in groups.values() for row in group]

    def group_of(self, row: Row) -> str:
        """Return the name of a row's group."""
        return GROUPS[self.group](row)

    def _row(self, incident: Told, snapshot: Snapshot) -> Row:
        name = incident.incident_id
        status = snapshot.statuses.get(name) or self._untouched.get(name)
        if status is None:
            status = self._untouched[name] = Status(incident_id=name)
        return Row(incident, status, snapshot.changes.get(name, ""), self._subject(incident))

    def _subject(self, incident: Told) -> Subject:
        """Return the texts of an incident, those that are ready already where it is the same as before."""
        known = self._subjects.get(incident.incident_id)
        if known is None or known.incident is not incident:
            known = self._subjects[incident.incident_id] = Subject(incident)
        return known

    def campaigns_of(self, incident_id: str) -> Sequence[Campaign]:
        """Return the campaigns an incident belongs to."""
        return self._campaigns.get(incident_id, ())

    def confidence(self, row: Row) -> Confidence:
        """Return how likely an incident is a real attack, and what that rests on."""
        known = self.snapshot.calibration
        return stated(row.incident, known) if known else Confidence(None, "withheld: not known")

    def worth(self, row: Row) -> float:
        """Return what a minute on an incident is expected to gain; an incident that is not read yet comes last."""
        if not row.loaded:
            return -1.0
        told = row.incident
        return expected(told.urgency, told.activity_count, self.confidence(row).probability).gain

    @property
    def needs_bodies(self) -> bool:
        """Tell whether the order depends on more than a list knows at once."""
        return self.sort.name in {"chain", "worth"} or self.group in {"rule", "asset", "tactic"}

    @property
    def unread(self) -> int:
        """Return how many incidents no filter can tell of yet, because they are still being read."""
        return sum(not row.loaded for row in self._all)

    def subjects(self) -> Sequence[Subject]:
        """Return the texts of all incidents, by rank."""
        return [row.subject for row in self._all if row.subject is not None]

    def counts(self) -> Mapping[Tab, int]:
        """Return how many there are under each tab, filter aside."""
        return {tab: len(rows) for tab, rows in self._tabs.items()} | {
            Tab.DEAD: len(self.snapshot.dead_letters),
            Tab.CAMPAIGNS: len(self.snapshot.campaigns),
        }

    def row(self, incident_id: str) -> Row | None:
        """Return the row of an incident, in view or not."""
        at = self._index.get(incident_id)
        return self.rows[at] if at is not None else next((row for row in self._all if row.id == incident_id), None)

    def in_view(self, incident_id: str) -> bool:
        """Tell whether an incident is in view."""
        return incident_id in self._index

    def find(self, text: str) -> Row | None:
        """Return the incident with this rank, id or beginning of an id."""
        if text.isdecimal() and len(text) <= 6:
            return next((row for row in self._all if row.incident.rank == int(text)), None)
        fitting = [row for row in self._all if row.id.removeprefix("inc-").startswith(text.removeprefix("inc-"))]
        return fitting[0] if len(fitting) == 1 and text else None

    # --- what is shown ----------------------------------------------------------------------------------------------

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab; the selection does not come along."""
        self.tab = tab
        self.clear_selection()
        self.refresh()

    def set_filter(self, text: str, read: Callable[[str], Filter]) -> bool:
        """Filter by a text that ``read`` can read; a text it cannot leaves the view as it was and is told."""
        from triage.desk.filters import FilterError

        self.filter_text = text
        try:
            self.filter = read(text) if text.strip() else None
        except FilterError as error:
            self.filter_error = error.reason
            return False
        self.filter_error = ""
        self.refresh()
        return True

    def sort_by(self, steps: int) -> None:
        """Sort by a column some steps further."""
        self.sort = SORTS[(SORTS.index(self.sort) + steps) % len(SORTS)]
        self.turned = False
        self.refresh()

    def show(self, view: View) -> None:
        """Take over order, groups and columns of a view. Raises UsageError for a name that is not known."""
        sorts = {sort.name: sort for sort in SORTS}
        if view.sort and view.sort not in sorts:
            raise UsageError(f"no sort {view.sort!r}; there are: {', '.join(sorts)}")
        if view.group not in GROUPS:
            raise UsageError(f"no group {view.group!r}; there are: {', '.join(filter(None, GROUPS))}")
        self.sort, self.turned = sorts.get(view.sort, SORTS[0]), view.turned
        self.group, self.columns = view.group, view.columns
        self.refresh()

    def view(self, tab: str) -> View:
        """Return what is shown as a view to keep; ``tab`` is the word of the tab."""
        text = self.filter_text if not self.filter_error else ""
        sort = "" if self.sort is SORTS[0] else self.sort.name
        values = {"sort": sort, "turned": self.turned, "group": self.group, "columns": self.columns}
        return View.model_validate({"filter": text, "tab": tab, **values})

    def group_by(self, name: str) -> None:
        """Group by something of GROUPS. KeyError for another word."""
        GROUPS[name]
        self.group = name
        self.refresh()

    def next_group(self) -> str:
        """Group by the next thing and return its name."""
        names = list(GROUPS)
        self.group_by(names[(names.index(self.group) + 1) % len(names)])
        return self.group

    def turn(self) -> None:
        """Sort the other way round."""
        self.turned = not self.turned
        self.refresh()

    # --- cursor -----------------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Return the line of the cursor, 0 when there is none."""
        return self._index.get(self.cursor, 0)

    @property
    def current(self) -> Row | None:
        """Return the row under the cursor."""
        return self.rows[self.position] if self.rows else None

    def move_to(self, line: int) -> None:
        """Put the cursor on a line, clamped at the ends."""
        if self.rows:
            self.cursor = self.rows[min(max(line, 0), len(self.rows) - 1)].id

    # --- selection --------------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Select the cursor's incident, or not any more."""
        if self.cursor in self.selected:
            del self.selected[self.cursor]
        elif self.cursor:
            self.selected[self.cursor] = None

    def range(self) -> int:
        """Begin a range at the cursor, or end it: everything between is selected. Returns how many were."""
        if not self.range_from or self.range_from not in self._index:
            self.range_from = self.cursor
            return 0
        low, high = sorted((self._index[self.range_from], self.position))
        self._select(self.rows[low : high + 1])
        self.range_from = ""
        return high - low + 1

    def select_all(self) -> None:
        """Select everything in view."""
        self._select(self.rows)

    def select_same_rule(self) -> str:
        """Select everything in view with the cursor's main rule, and return that rule."""
        if self.current is None:
            return ""
        rule = main_rule(self.current.incident)
        self._select(row for row in self.rows if main_rule(row.incident) == rule)
        return rule

    def clear_selection(self) -> None:
        """Select nothing."""
        self.selected = {}
        self.range_from = ""

    def _select(self, rows: Iterable[Row]) -> None:
        self.selected |= {row.id: None for row in rows}

    def targets(self) -> tuple[str, ...]:
        """Return what an action works on: the selection, else the cursor's incident."""
        return tuple(self.selected) or ((self.cursor,) if self.cursor else ())


def main_rule(incident: Told) -> str:
    """Return the rule with the most alerts on the timeline."""
    alerts: dict[str, int] = {}
    for entry in incident.timeline:
        alerts[entry.rule] = alerts.get(entry.rule, 0) + entry.alert_count
    return min(alerts, key=lambda rule: (-alerts[rule], rule), default=incident.title)


def main_asset(incident: Told) -> str:
    """Return the first entity of the most telling kind."""
    named = [(str(one.kind), one.value) for one in incident.entities]
    named.sort(key=lambda one: ASSETS.index(one[0]) if one[0] in ASSETS else len(ASSETS))
    return ":".join(named[0]) if named else "no entity"


def number(count: int, noun: str = "incident") -> str:
    """Return e.g. '1 incident', '1,204 incidents' or '2 activities'."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


def describe(decision: Decision, name: str = "") -> str:
    """Return a decision in words: 'closed 3 incidents as false positive'. ``name``: of the only incident of it."""
    what = name or number(len(decision.incident_ids))
    note = " with a note" if decision.text.strip() and decision.kind != "note" else ""
    if decision.kind == "close":
        return f"closed {what} as {decision.reason.replace('_', ' ')}{note}"
    if decision.kind == "assign":
        return f"assigned {what} to {decision.assignee}{note}" if decision.assignee else f"gave {what} back{note}"
    until = f" until {decision.until:%Y-%m-%d %H:%M} UTC" if decision.until else ""
    return f"{DONE[decision.kind]} {what}{until}{note}"


def named(decision: Decision, queue: QueueState) -> str:
    """Return a decision in words with the title of its incident, when it is only one."""
    row = queue.row(decision.incident_ids[0]) if len(decision.incident_ids) == 1 else None
    return describe(decision, f"#{row.incident.rank} '{clean(row.incident.title, 28)}'" if row else "")


def describe_step(step: Step) -> str:
    """Return a line of the log without its time and author."""
    return describe(step.decision) + (" (undone)" if step.undone else "")


def waiting(row: Row, now: datetime, brought: datetime | None) -> timedelta:
    """Return how long an incident waits: since the run that brought or changed it, else since its last alert."""
    since = (
        max(row.incident.last_seen, brought) if brought and row.change in {"new", "grown"} else row.incident.last_seen
    )
    return max(now - since, timedelta())


def allowed(row: Row, levels: Levels = SERVICE_LEVELS) -> timedelta | None:
    """Return how long an incident may wait untouched; None where no clock runs."""
    if row.status.state != "open" or row.status.acknowledged or row.incident.disposition == "benign":
        return None
    return next(level for urgency, level in levels if row.incident.urgency >= urgency)


def overdue(row: Row, waited: timedelta, levels: Levels = SERVICE_LEVELS) -> bool:
    """Tell whether an incident that nobody touched waits longer than its urgency allows."""
    limit = allowed(row, levels)
    return limit is not None and waited > limit
