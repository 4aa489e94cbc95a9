"""A session on one state: start or resume a run as a stream of events, and ask for its results.

Every front end (command line, terminal UI) works through this class; none has a copy of its logic.
"""

import gc
import getpass
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

import polars as pl
from platformdirs import user_data_path

from triage.adapters.archive import Archive
from triage.adapters.baseline import BaselineMemory
from triage.adapters.cards import CardFile
from triage.adapters.database import SqliteState
from triage.adapters.quality import QualityLog
from triage.condense import stable_key
from triage.config import Settings
from triage.desk.decisions import Change, Decision, Status, Step
from triage.desk.filters import Filter, parse
from triage.errors import ConfigError, UsageError
from triage.events import Check, Event, Notice, RunEnded
from triage.intelligence.adversary import Campaign
from triage.judgement.confidence import Calibration, Confidence, load_calibration, refined
from triage.judgement.confidence import state as stated
from triage.judgement.normality import Difference, Habit
from triage.judgement.peers import Group
from triage.models import AlertRef, DeadLetter, Incident, Narrative, RunCounts
from triage.ports import RunRecord, Whereabouts, Window
from triage.state import Pulled, RunContext, RunState

if TYPE_CHECKING:
    from triage.adapters.intelligence.copy import Version
    from triage.adapters.intelligence.desk import Refreshed
    from triage.desk.changes import RunDiff
    from triage.desk.suppression import Draft
    from triage.regrouping import Regrouping
    from triage.responding.responses import Responses

UNCHANGING = (
    *("state", "output", "workers", "log_level", "checkpointer", "respond", "connector", "connector_secrets"),
    "quality",
)
"""Settings that do not change a run's result, so that the same command with another of them resumes it."""

LEAST_FREE_BYTES = 1_000_000_000


def state_folder(settings: Settings) -> Path:
    """Return where the state lies: as set, else in the output folder, else in the user's data folder."""
    if settings.state:
        return settings.state
    return settings.output / "state" if settings.output else Path(user_data_path("soc-triage")) / "state"


def user() -> str:
    """Return the name of whoever runs this program, for the log of decisions."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry for this user id, as in some containers
        return "unknown"


def fingerprint(sources: Sequence[str], window: Window, settings: Settings) -> str:
    """Return what makes a command the same command: sources, window and all settings that change a result.

    A bound that the settings give in words counts as these words: ``24h`` is the same command a minute later.
    """
    relevant = settings.model_dump_json(exclude=set(UNCHANGING))
    since, until = settings.pull.since or str(window.since), settings.pull.until or str(window.until)
    return stable_key(*sources, since, until, relevant)


def thread_of(run: RunRecord) -> str:
    """Return the name of a run's checkpoints, of no other state's too where several share a Postgres."""
    return f"{run.run_id}-{stable_key(run.fingerprint, run.started.isoformat())}"


class Session:
    """Runs and results on one state. Use as a context manager. Raises StateError when the state is unusable."""

    def __init__(self, settings: Settings, adapt: Callable[[RunContext], RunContext] = lambda context: context) -> None:
        """Open or create the state; ``adapt`` may swap handles of a run, for tests and evals."""
        self._settings = settings
        self._adapt = adapt
        self._folder = state_folder(settings)
        self._store = SqliteState(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the state."""
        self._store.close()

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self, sources: Sequence[str], window: Window, output: Path | None) -> Iterator[Event]:
        """Start a run, or go on with the same command's unfinished one; yields its events, RunEnded last.

        Raises TriageError when the run fails; the same command resumes it then. Only one run at a time may write.
        """
        events: SimpleQueue[Event | BaseException | None] = SimpleQueue()
        Thread(target=self._work, args=(sources, window, output, events), name="run", daemon=True).start()
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event

    def _work(
        self,
        sources: Sequence[str],
        window: Window,
        output: Path | None,
        events: "SimpleQueue[Event | BaseException | None]",
    ) -> None:
        try:
            with self._store.writing(), _collecting_seldom():
                events.put(self._run(sources, window, output, events.put))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            events.put(error)
        events.put(None)

    def _run(
        self, sources: Sequence[str], window: Window, output: Path | None, tell: Callable[[Event], None]
    ) -> RunEnded:
        from triage.wiring import SystemClock, build_context, checkpointer

        now = SystemClock().now()
        run = self._store.open_run(self._fingerprint(sources, window), now, window)
        window = Window(run.since, run.until)
        if run.started != now:
            tell(Notice("info", f"going on with {run.run_id}, begun {run.started:%Y-%m-%d %H:%M} UTC, and its window"))
        context = self._adapt(build_context(self._settings, sources, run, window, self._store, tell))
        if self._store.last_published() is None:
            context.embedder.prepare()  # a first run meets new signatures for certain
        with checkpointer(self._settings, self._folder) as saver:
            state = _drive(context, saver)
            ended = self._finish(run, state, output)
            saver.delete_thread(thread_of(run))
        return ended

    def _fingerprint(self, sources: Sequence[str], window: Window) -> str:
        """Standard input cannot be read twice, so a run on it is never resumed."""
        run = str(len(self._store.runs())) if "-" in sources else ""
        return fingerprint([*sources, run], window, self._settings)

    def _finish(self, run: RunRecord, state: RunState, output: Path | None) -> RunEnded:
        """Write the outputs of what now stands, then close the run."""
        from triage.report.outputs import write_outputs

        stands = self._store.last_published() or run.run_id
        if output:
            incidents = self.confident(self._store.incidents(stands))
            write_outputs(output, incidents, self._store.ledger(stands), self._store.summary(stands))
        problems = state["pulled"].incomplete
        status = "incomplete" if problems else "done"
        self._store.finish_run(run.run_id, status)
        return RunEnded(run.run_id, status, state["counts"], problems, str(output or ""))  # type: ignore[arg-type]

    # --- results ----------------------------------------------------------------------------------------------------

    def incidents(self, run_id: str | None = None) -> Sequence[Incident]:
        """Return the incidents of a run, of the last one that published by default, ordered by rank."""
        published = {one.record.run_id for one in self._store.runs() if one.published}
        return self._store.incidents(run_id if run_id in published else None)

    def top(self, count: int) -> Sequence[Incident]:
        """Return the first incidents of the last run by rank, for a front end that shows them before it has all."""
        return self._store.incidents(count=count)

    @property
    def cards(self) -> CardFile:
        """Return the incidents of the last run as a list shows them, and the way from there to the whole."""
        return self._store.cards

    @property
    def archive(self) -> Archive:
        """Return the alerts of stored runs, for frequency tables and questions."""
        return self._store.archive

    @property
    def memory(self) -> BaselineMemory:
        """Return what was learned as normal, in versions."""
        return self._store.memory

    def habits(self, about: str = "") -> Sequence[Habit]:
        """Return what is normal about an entity or a signature, or at all, loudest first."""
        return self.memory.habits(about, self._settings.baseline)

    def peers(self, about: str = "") -> Sequence[Group]:
        """Return the groups of entities that behave alike: the one with an entity, or all, largest first."""
        return self.memory.peers(about, self._settings.baseline)

    def learned_between(self, before: int, after: int) -> Sequence[Difference]:
        """Return what one version of the baseline remembers otherwise than another. Raises UsageError."""
        return self.memory.differences(before, after, self._settings.baseline)

    @property
    def quality(self) -> QualityLog:
        """Return the blind samples of what was judged benign, and the answers to them."""
        return self._store.quality

    def incident(self, id_or_prefix: str) -> Incident:
        """Return one incident. Raises UsageError when there is none, or several with this prefix."""
        found = self._store.incident(id_or_prefix)
        if found is None:
            raise UsageError(f"no incident {id_or_prefix!r}; 'triage list --all' shows them")
        return found

    def explain(self, alert_id: str) -> Sequence[Whereabouts]:
        """Return where the alerts with this id went and why."""
        return self._store.whereabouts(alert_id)

    def summary(self) -> Mapping[str, Any]:
        """Return the summary of the last run that published; empty when there is none."""
        last = self._store.last_published()
        return self._store.summary(last) if last else {}

    def ledger_counts(self) -> RunCounts:
        """Return the sums of the last run that published. Raises UsageError when there is none."""
        last = self._store.last_published()
        found = [one.counts for one in self._store.runs() if one.record.run_id == last]
        if not found:
            raise UsageError(
                f"no run yet in {self._folder}; start one with 'triage run', or name its folder with --output"
            )
        return found[0]

    def alerts(self, incident_id: str) -> pl.DataFrame:
        """Return time (µs), index, id, activity, outcome of all alerts of an incident, oldest first."""
        return self._store.alerts_of(incident_id).drop("run_id")

    def activities(self, incident_id: str) -> pl.DataFrame:
        """Return the activities (columns.ACTIVITIES) of an incident, oldest first."""
        return self._store.activities_of(incident_id)

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return what the last run that published could not parse."""
        last = self._store.last_published()
        return self._store.dead_letters(last) if last else ()

    def document(self, index: str, id: str) -> bytes | None:  # noqa: A002 - Elasticsearch's name for it
        """Return the raw line that was pulled for an alert, not cleaned; None when there is none."""
        return self._store.document(AlertRef(index, id))

    # --- intelligence and campaigns ---------------------------------------------------------------------------------

    def campaigns(self) -> Sequence[Campaign]:
        """Return the campaigns as they were linked last, the one active last first."""
        return self._store.campaigns.campaigns()

    def intelligence_sources(self) -> "Sequence[Version]":
        """Return the sources of the local copy of threat intelligence, by name."""
        return self._store.intelligence.current()

    def match_intelligence(self, values: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Return what the local copy says about values in any spelling; nothing leaves this machine."""
        from triage.adapters.intelligence.questions import match_values
        from triage.wiring import build_intelligence

        return match_values(build_intelligence(self._settings, self._store), values)

    def update_intelligence(self) -> "Sequence[Refreshed]":
        """Read all sources, remote ones too, and link campaigns anew. Only one at a time may write."""
        from triage.adapters.intelligence.questions import link_again
        from triage.wiring import build_intelligence

        desk = build_intelligence(self._settings, self._store)
        with self._store.writing():
            done = desk.update(remote=True)
            least, reach = self._settings.intelligence.least_confidence, self._settings.campaigns.memory
            link_again(self._store.campaigns, desk, least, reach)
        return done

    # --- decisions --------------------------------------------------------------------------------------------------

    def decide(self, decision: Decision, author: str | None = None) -> Step:
        """Make a decision; it is on disk when this returns. ``author``: None = whoever runs this program.

        Raises UsageError for an unknown incident or a past time, StateError when it could not be kept.
        """
        if decision.kind == "regroup":
            return self.regrouping(author).decide(decision).step
        return self._store.decisions.decide(decision, author or user())

    def undo(self) -> Step | None:
        """Take back the last decision that stands, whoever made it; None when there is none."""
        step = self._store.decisions.next("undo")
        if step and step.decision.kind == "regroup":
            return self.regrouping().undo(step).step
        return self._store.decisions.undo(user())

    def redo(self) -> Step | None:
        """Make the decision again that was undone last; None when none was, or one was made since."""
        step = self._store.decisions.next("redo")
        if step and step.decision.kind == "regroup":
            return self.regrouping().redo(step).step
        return self._store.decisions.redo(user())

    def diff(self, before: str | None = None, after: str | None = None) -> "RunDiff":
        """Return what changed from one published run to a later one, and why; the last two by default.

        Raises UsageError where there are no such runs.
        """
        from triage.adapters.diffs import compared

        return compared(self._store, before, after)

    def regrouping(self, author: str | None = None) -> "Regrouping":
        """Return what splits, merges and moves incidents, and says beforehand what would come of it."""
        from triage.regrouping import Regrouping

        return Regrouping(self._settings, self._store, self._adapt, author or user())

    def statuses(self) -> Mapping[str, Status]:
        """Return the status of every incident that has a decision; all others are open and untouched."""
        return self._store.decisions.statuses()

    def calibration(self) -> Calibration:
        """Return how likely an incident of some urgency is an attack, with this team's closures in it."""
        reasons = {name: one.reason for name, one in self.statuses().items() if one.state == "closed"}
        return refined(load_calibration(), self.quality.closures(reasons))

    def confidence(self, incident: Incident) -> Confidence:
        """Return how likely an incident is a real attack and what that rests on."""
        return stated(incident, self.calibration())

    def confident(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents with what is known by now of their being real attacks."""
        known = self.calibration()
        return [one.model_copy(update={"confidence": stated(one, known).probability}) for one in incidents]

    @property
    def can_ask(self) -> bool:
        """Tell whether a language model is configured."""
        return bool(self._settings.model.name)

    def ask(self, incident_id: str, question: str) -> Narrative:
        """Return what the language model answers about an incident, checked; nothing is kept. Raises ConfigError."""
        from triage.wiring import answered

        return answered(self._settings, self.incident(incident_id), self.activities(incident_id), question)

    def log(self, limit: int = 200) -> Sequence[Step]:
        """Return the newest decisions, oldest first, with those that were undone."""
        return self._store.decisions.steps(limit)

    def changes(self) -> Mapping[str, Change]:
        """Return what the last run did to each of its incidents."""
        return self._store.decisions.changes()

    def indices(self) -> Sequence[str]:
        """Return the index patterns that alerts are pulled from, for queries to be run elsewhere."""
        return [name.strip() for name in self._settings.elasticsearch.index.split(",") if name.strip()]

    def filter(self, text: str) -> Filter:
        """Read a filter for this user and this moment. Raises FilterError."""
        return parse(text, me=user(), now=self._store.decisions.now())

    # --- responses --------------------------------------------------------------------------------------------------

    def responses(self, *, readonly: bool = False) -> "Responses":
        """Return what proposes, approves and carries out steps. Raises ConfigError for a connector that cannot work."""
        from triage.wiring import build_responses

        return build_responses(self._settings, self._store, self._folder, readonly=readonly)

    def suppression_draft(self, incident_id: str, lasts: timedelta | None = None) -> "Draft":
        """Draft a rule exception for a harmless incident, with what it would hide; nothing is written or applied."""
        from triage.adapters.judged import draft_for
        from triage.desk.suppression import LASTS

        incident, store = self.incident(incident_id), self._store
        status = self.statuses().get(incident.incident_id) or Status(incident_id=incident.incident_id)
        return draft_for(incident, status, store.archive, store.history, store.decisions.now(), lasts or LASTS)

    # --- health -----------------------------------------------------------------------------------------------------

    def checks(self) -> Iterator[Check]:
        """Check state, disk, model files and Elasticsearch, and say for each failure what to do."""
        yield Check("state", ok=True, detail=f"{self._folder} opened, {len(self._store.runs())} runs", advice="")
        yield self._audit()
        yield self._disk()
        yield self._model()
        if self._settings.connector:
            yield self._connectors()
        elastic = self._settings.elasticsearch
        if elastic.url or elastic.cloud_id:
            from triage.adapters.elastic.probe import checks

            yield from (Check(*found) for found in checks(elastic, Window(None, None)))
        else:
            yield Check("elasticsearch", ok=True, detail="none configured; files only", advice="")

    def understanding(self, sources: Sequence[str] = ()) -> Iterator[Check]:
        """Say how a sample of each index and file is understood; without sources, of those that the settings name."""
        from triage.understanding import understanding

        return understanding(sources or self._settings.pull.sources, self._settings)

    def _connectors(self) -> Check:
        names = ", ".join(one.name for one in self._settings.connector)
        try:
            self.responses()
        except ConfigError as error:
            return Check("connectors", ok=False, detail=str(error), advice="correct it; no step can be carried out")
        return Check("connectors", ok=True, detail=f"{names}; nothing is sent before an approval", advice="")

    def _audit(self) -> Check:
        broken = self._store.audit_broken_at()
        detail = "hash chain unbroken" if broken is None else f"entry {broken} does not fit its hash"
        return Check(
            "audit log",
            ok=broken is None,
            detail=detail,
            advice="" if broken is None else "someone changed the state database; compare with a backup",
        )

    def _disk(self) -> Check:
        free = shutil.disk_usage(self._folder).free
        advice = "" if free >= LEAST_FREE_BYTES else f"free at least {LEAST_FREE_BYTES / 1e9:.0f} GB or move the state"
        return Check("disk", ok=not advice, detail=f"{free / 1e9:.1f} GB free at {self._folder}", advice=advice)

    def _model(self) -> Check:
        from triage.adapters.embeddings import model_path

        try:
            path = Path(model_path(self._settings.embedding))
        except ImportError as error:
            return Check(
                "embedding model", ok=False, detail=str(error), advice="install the package, or set embedding.model"
            )
        if path.exists():
            return Check("embedding model", ok=True, detail=str(path), advice="")
        return Check(
            "embedding model",
            ok=False,
            detail=f"{path} is no folder",
            advice="it would be fetched from a hub at run time; set embedding.model to a local folder",
        )


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Look for cyclic garbage a hundred times more seldom.

    A run makes millions of objects that are freed by their count or live to its end; nearly all searches are in vain.
    """
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _drive(context: RunContext, saver: Any) -> RunState:  # noqa: ANN401 - a checkpointer of any kind
    """Run the graph from its last checkpoint, or from the start. Raises TriageError when a node fails."""
    from triage.graph import build_graph

    graph = build_graph().compile(checkpointer=saver)
    config: Any = {
        "configurable": {"thread_id": thread_of(context.run)},
        "max_concurrency": context.settings.investigate.concurrency,
    }
    known = graph.get_state(config)
    if known.created_at and not known.tasks:  # not ``next``, which leaves out a task whose result is kept, uncommitted
        return known.values  # type: ignore[return-value]
    if context.advisor:
        context.advisor.charge(_tokens_kept(known.tasks))
    start = None if known.created_at else _start(context.run.run_id)
    return graph.invoke(start, config, context=context)  # type: ignore[return-value]


def _tokens_kept(tasks: Sequence[Any]) -> int:
    """Return what a model cost in the branches of an interrupted run that were finished and are not repeated."""
    kept = [one for task in tasks for one in (task.result or {}).get("investigations", ())]
    return sum(one.narrative.use.tokens for one in kept if one.narrative)


def _start(run_id: str) -> RunState:
    return RunState(run_id=run_id, pulled=Pulled(), counts=RunCounts(), candidates=(), investigations=(), incidents=())
