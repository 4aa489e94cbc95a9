"""Regroups the incidents of the last run as an analyst says: first as a what-if, then kept, in one transaction.

What is kept is a decision with constraints. The last run's activities are grouped again under it; what changed is
investigated and rated anew, and stands beside the decision or not at all. Where the last run cannot be repeated as it
was (another program or settings since, a run is writing), the decision alone is kept: it counts from the next run on.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from triage.adapters.database import SqliteState
from triage.adapters.revisions import Stand
from triage.condense import stable_key
from triage.config import Settings
from triage.desk.decisions import Decision, Step
from triage.errors import StateError, TriageError, UsageError
from triage.investigation import Investigation
from triage.judgement.candidates import EVERYDAY
from triage.judgement.constraints import InForce
from triage.models import Incident, Incompleteness, RunCounts
from triage.nodes.correlate import correlate
from triage.nodes.investigate import build_investigation, investigate
from triage.nodes.link_campaigns import keep_campaigns
from triage.nodes.publish import publication_of
from triage.nodes.rank import rank
from triage.ports import Publication, RunRecord, Window
from triage.record.basis import digest
from triage.record.identity import incident_ids
from triage.regroup import wishes
from triage.regroup.grouping import Grouping, changed
from triage.regroup.outlook import Named, Outlook, outlook
from triage.regroup.without import without
from triage.state import Frames, Pulled, RunContext, RunState
from triage.wiring import SystemClock, build_context

NEXT_RUN = "it counts from the next run on"


class Kept(NamedTuple):
    """What became of a decision."""

    step: Step
    run_id: str
    """The revision that shows it; '' where it counts from the next run on."""
    why_later: str = ""


class _Base(NamedTuple):
    """The last run, repeated: what another grouping is compared with."""

    stand: Stand
    context: RunContext
    grouping: Grouping
    placed: pl.DataFrame


class _NotNow(Exception):  # noqa: N818 - control flow of this module
    """Why the incidents cannot be regrouped at once."""


class Regrouping:
    """What analysts do to the grouping of one state. Methods raise UsageError and StateError."""

    def __init__(
        self, settings: Settings, store: SqliteState, adapt: Callable[[RunContext], RunContext], author: str
    ) -> None:
        """``adapt`` may swap handles, as it does for a run; ``author`` is whoever uses this."""
        self._settings = settings
        self._store = store
        self._adapt = adapt
        self._author = author

    # --- wishes -----------------------------------------------------------------------------------------------------

    def split(
        self, incident_id: str, activities: Sequence[str] = (), alerts: Sequence[str] = (), reason: str = ""
    ) -> Decision:
        """Return the decision that these activities (keys) and those of these alerts (ids) leave an incident."""
        members = self._members(incident_id)
        return wishes.split(incident_id, members, self._named(incident_id, members, activities, alerts), reason)

    def merge(self, incident_ids: Sequence[str], reason: str = "") -> Decision:
        """Return the decision that these incidents are one."""
        return wishes.merge({name: self._members(name) for name in incident_ids}, reason)

    def move(self, what: str | Sequence[str], target: str, reason: str = "") -> Decision:
        """Return the decision that activities (keys), or alerts (ids) with theirs, belong to an incident.

        All of them are of one incident. Raises UsageError.
        """
        places = [self._place(one) for one in ([what] if isinstance(what, str) else what)]
        origins = {origin for origin, _ in places}
        if len(origins) != 1:
            raise UsageError(f"what moves together comes from one incident, not from {len(origins)}")
        origin, leaving = origins.pop(), sorted({activity for _, activity in places})
        return wishes.move(origin, self._members(origin), leaving, target, self._members(target), reason)

    def exclude(self, incident_id: str, entity: str, reason: str = "") -> Decision:
        """Return the decision that what names an entity is not part of an incident."""
        return wishes.exclude(incident_id, self._members(incident_id), entity, reason)

    def in_force(self) -> Sequence[InForce]:
        """Return all constraints that stand, in the order of their making."""
        return self._store.decisions.constraints()

    def pending(self) -> bool:
        """Tell whether what stands is not yet what the queue shows: it counts from the next run on."""
        stand = self._store.revisions.stand()
        shown = self._store.summary(stand.run_id).get("basis") if stand else None
        return shown is not None and shown["constraints"] != sorted({digest(one.constraint) for one in self.in_force()})

    def _members(self, incident_id: str) -> wishes.Members:
        rows = self._store.activities_of(incident_id)
        if rows.is_empty():
            raise UsageError(f"incident {incident_id!r} holds no activity now")
        return {row["activity"]: row for row in rows.iter_rows(named=True)}

    def _named(
        self, incident_id: str, members: wishes.Members, activities: Sequence[str], alerts: Sequence[str]
    ) -> Collection[str]:
        keys = [_completed(key, members, incident_id) for key in activities]
        found = self._store.alerts_of(incident_id).filter(pl.col("id").is_in(list(alerts)))
        if missing := sorted(set(alerts) - set(found["id"])):
            raise UsageError(f"{incident_id} has no alert {missing[0]!r}")
        return [*keys, *found["activity"].unique().sort()]

    def _place(self, what: str) -> tuple[str, str]:
        """Return incident id and key of the activity that is, or holds, ``what``."""
        there = self._store.archive.placed([what])
        if what in there:
            return there[what], what
        found = {(one.incident_id, one.activity) for one in self._store.whereabouts(what) if one.activity}
        if len(found) != 1:
            raise UsageError(f"{len(found)} activities are called or hold {what!r}; name one activity by its key")
        return found.pop()

    # --- what if ----------------------------------------------------------------------------------------------------

    def preview(self, decision: Decision) -> Outlook:
        """Return what would come of a regrouping; nothing is kept."""
        try:
            base = self._base()
        except _NotNow as reason:
            said = f"what comes of it cannot be shown now; {NEXT_RUN}"
            return Outlook(effect="holds", summary=said, before=(), after=(), note=str(reason))
        compared = base.context.work.get(Frames.COMPARED)
        after = _group(base.context, [*base.context.constraints, *_in_force(decision)])
        return outlook(_named(base, base.grouping, compared), _named(base, after, compared), decision.incident_ids)

    def whatif(self, incident_id: str, text: str) -> Outlook:
        """Return what of an incident stands without an alert, an entity, an activity or a join; nothing is kept."""
        incident = self._store.incident(incident_id)
        if incident is None:
            raise UsageError(f"no incident {incident_id!r}")
        try:
            base = self._base()
        except _NotNow as reason:
            raise StateError(f"{reason}; run 'triage run' first") from reason
        members, alerts = self._store.activities_of(incident_id), self._store.alerts_of(incident_id)
        compared = base.context.work.get(Frames.COMPARED)
        left = without(text, incident, members, alerts, compared)
        base.context.work.put(Frames.COMPARED, left.compared)
        now = SystemClock().now()
        supposed = [InForce(0, one, "", now, "") for one in left.constraints]
        after = _group(base.context, [*base.context.constraints, *supposed])
        before = _named(base, base.grouping, compared)
        found = outlook(before, _named(base, after, left.compared), [incident_id], every=False)
        return found.model_copy(update={"note": f"without {left.said}"})

    # --- keeping ----------------------------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> Kept:
        """Keep a regrouping; it is on disk, and shown where that can be done at once, when this returns."""
        log = self._store.decisions
        return self._keep(
            lambda base: [*base.context.constraints, *_in_force(decision)],
            lambda also: log.decide(decision, self._author, also),
        )

    def undo(self, step: Step) -> Kept:
        """Take back the regrouping that an undo would be about. Raises StateError where it is about another one."""
        log = self._store.decisions
        return self._keep(
            lambda base: [one for one in base.context.constraints if one.number != step.number],
            lambda also: _made(log.undo(self._author, also, step.number)),
        )

    def redo(self, step: Step) -> Kept:
        """Make the regrouping again that a redo would be about. Raises StateError where it is about another one."""
        log = self._store.decisions
        return self._keep(
            lambda base: [*base.context.constraints, *_in_force(step.decision, step.number)],
            lambda also: _made(log.redo(self._author, also, step.number)),
        )

    def _keep(
        self, wanted: Callable[[_Base], Sequence[InForce]], write: Callable[[Callable[[Any], None]], Step]
    ) -> Kept:
        try:
            with self._writing():
                base = self._base()
                publication, ledger, context = self._revised(base, wanted(base))
                step = self._written(write, publication, ledger, base.stand.night)
                keep_campaigns(context)
        except _NotNow as reason:
            return Kept(write(lambda _: None), "", str(reason))
        return Kept(step, publication.run_id)

    def _written(
        self,
        write: Callable[[Callable[[Any], None]], Step],
        publication: Publication,
        ledger: pl.DataFrame,
        night: str,
    ) -> Step:
        """Write decision and revision in one transaction."""
        revisions = self._store.revisions
        try:
            return write(lambda db: revisions.write(db, publication, ledger, night))
        except TriageError:
            self._store.finish_run(publication.run_id, "failed")
            raise

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = self._store.writing()
        try:
            lock.__enter__()
        except StateError as error:
            raise _NotNow("a run is writing") from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    # --- grouping again ---------------------------------------------------------------------------------------------

    def _base(self) -> _Base:
        """Return the last run, repeated with what is known now. Raises _NotNow where that gives another grouping."""
        stand = self._store.revisions.stand()
        if stand is None:
            raise UsageError("no run yet; start one with 'triage run'")
        record = next(one.record for one in self._store.runs() if one.record.run_id == stand.night)
        context = self._context(record, stand.night)
        frames = self._store.working_set(stand.run_id)
        if not (context.work.has(Frames.COMPARED) and frames.has(Frames.PLACED)):
            raise _NotNow("the frames of the last run are not there any more")
        stored = frames.get(Frames.MEMBERSHIP)
        grouping = _group(context, context.constraints)
        if not grouping.membership.sort("activity").equals(stored.sort("activity")):
            raise _NotNow("the program, its settings or a time limit make another grouping of the last run by now")
        return _Base(stand, context, grouping, frames.get(Frames.PLACED))

    def _context(self, record: RunRecord, night: str) -> RunContext:
        made = build_context(self._settings, (), record, Window(None, None), self._store, lambda _: None, night)
        return replace(self._adapt(made), constraints=self.in_force())

    def _revised(self, base: _Base, constraints: Sequence[InForce]) -> tuple[Publication, pl.DataFrame, RunContext]:
        """Return what a revision of the night would publish, with its ledger; its segments are on disk."""
        grouping = _group(base.context, constraints)
        said = [digest(one.constraint) for one in constraints]
        fingerprint = stable_key("regroup", base.stand.run_id, *said)
        record = self._store.open_run(fingerprint, SystemClock().now(), Window(None, None))
        try:
            context = replace(base.context, run=record, constraints=constraints)
            publication = self._publication(base, grouping, context)
            for key in (Frames.PLACED, Frames.MEMBERSHIP, Frames.JOINS, Frames.RATINGS):
                self._store.working_set(record.run_id).put(key, context.work.get(key))
            return publication, self._store.revisions.prepare(publication), context
        except TriageError:
            self._store.finish_run(record.run_id, "failed")
            raise

    def _publication(self, base: _Base, grouping: Grouping, context: RunContext) -> Publication:
        night = next(one for one in self._store.runs() if one.record.run_id == base.stand.night)
        problems = self._store.summary(base.stand.night).get("incomplete", ())
        anew = changed(base.grouping, grouping)
        state = RunState(
            run_id=context.run.run_id,
            pulled=Pulled(incomplete=tuple(Incompleteness.model_validate(one) for one in problems)),
            counts=night.counts,
            candidates=(),
            investigations=_investigations(context, sorted(anew & set(grouping.ratings["candidate"]))),
            incidents=(),
        )
        made = rank(state, context, self._kept(base, grouping, anew)).update
        publication = publication_of({**state, "incidents": made["incidents"]}, context)
        return publication._replace(
            activities=publication.activities.clear(),
            sightings=publication.sightings.clear(),
            watermarks={},
            summary={**publication.summary, "revises": base.stand.night},
            blind_sample=0,
        )

    def _kept(self, base: _Base, grouping: Grouping, anew: Collection[str]) -> dict[str, Incident]:
        """Return the incidents of the candidates that are the very same as before."""
        known = {one.incident_id: one for one in self._store.incidents(base.stand.run_id)}
        placed = dict(base.placed.select("activity", "incident_id").iter_rows())
        first = grouping.membership.filter(~pl.col("candidate").str.starts_with(EVERYDAY)).unique("candidate")
        same = [
            (key, activity) for key, activity in first.select("candidate", "activity").iter_rows() if key not in anew
        ]
        return {key: known[placed[activity]] for key, activity in sorted(same)}


def _group(context: RunContext, constraints: Sequence[InForce]) -> Grouping:
    """Group a run's activities again, as its node does."""
    correlate(_state(context.run.run_id), replace(context, constraints=constraints))
    return Grouping(*(context.work.get(key) for key in (Frames.MEMBERSHIP, Frames.JOINS, Frames.RATINGS)))


def _state(run_id: str) -> RunState:
    return RunState(run_id=run_id, pulled=Pulled(), counts=RunCounts(), candidates=(), investigations=(), incidents=())


def _investigations(context: RunContext, candidates: Sequence[str]) -> tuple[Investigation, ...]:
    graph = build_investigation().compile(checkpointer=False)
    dossier = context.dossier
    return tuple(investigate(graph, dossier.brief(key), dossier.context()) for key in candidates)


def _named(base: _Base, grouping: Grouping, compared: pl.DataFrame) -> Named:
    return Named(grouping, incident_ids(grouping.membership, base.placed), compared)


def _in_force(decision: Decision, number: int = 0) -> list[InForce]:
    now = SystemClock().now()
    return [InForce(number, one, "", now, decision.text) for one in decision.constraints]


def _made(step: Step | None) -> Step:
    if step is None:
        raise StateError("somebody else took it back at the same moment")
    return step


def _completed(beginning: str, members: wishes.Members, incident_id: str) -> str:
    found = [key for key in members if beginning and key.startswith(beginning)]
    if len(found) != 1:
        raise UsageError(f"{incident_id} has {len(found)} activities whose key begins with {beginning!r}")
    return found[0]
