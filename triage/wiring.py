"""Composition root: settings become adapters, tools and a compiled graph. The only module that knows them all.

What takes long to import is imported where it is needed: by then the embedding model is loading beside it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.adapters.assets import CsvAssets, EmptyAssets, IndexAssets
from triage.adapters.database import SqliteState
from triage.adapters.embedded_search import EmbeddedSearch, Segment
from triage.adapters.embeddings import SentenceEmbedder
from triage.adapters.files import FileSource
from triage.adapters.neighbours import FaissNeighbours
from triage.adapters.overlay import Overlay
from triage.attack import load_techniques
from triage.casework.dossier import RunDossier
from triage.columns import ALERTS
from triage.config import ElasticSettings, Settings
from triage.desk.decisions import Status
from triage.errors import ConfigError, StateError, UsageError
from triage.events import Event
from triage.investigation import Advisor, InvestigationContext
from triage.judgement.calendar import NOTHING_PLANNED, Calendar, read_calendar
from triage.models import AlertRef, Incident, Narrative
from triage.ports import AlertSource, AssetInventory, Clock, EventLog, EventSearch, RunRecord, Window, WorkingSet
from triage.state import Frames, Publisher, RunContext
from triage.times import PLAUSIBLE, span

if TYPE_CHECKING:
    import polars as pl
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from triage.adapters.intelligence.desk import IntelligenceDesk
    from triage.adapters.past import Nearest
    from triage.responding.responses import Responses
    from triage_tools.background import Background

URLS = ("http://", "https://")


class SystemClock:
    """The real time of day."""

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(UTC)


def build_sources(names: Sequence[str], settings: Settings) -> tuple[AlertSource, ...]:
    """Return the sources that the names mean: Elasticsearch URLs, and all files together as one source."""
    urls = [name for name in names if name.startswith(URLS)]
    files = [name for name in names if not name.startswith(URLS)]
    sources: list[AlertSource] = [FileSource(files, settings.limits.document_bytes)] if files else []
    sources += [_elastic_source(elastic_settings(settings, url)) for url in urls]
    if not names and settings.elasticsearch.cloud_id:
        sources.append(_elastic_source(settings.elasticsearch))
    if not sources:
        raise UsageError("no source: name a file or an Elasticsearch URL, or set elasticsearch.url")
    return tuple(sources)


def elastic_settings(settings: Settings, url: str) -> ElasticSettings:
    """Return the Elasticsearch settings for one server."""
    return settings.elasticsearch.model_copy(update={"url": url, "cloud_id": ""})


def asked_server(names: Sequence[str], settings: Settings) -> ElasticSettings:
    """Return the settings of the first server among the sources, else of the configured one."""
    url = next((name for name in names if name.startswith(URLS)), "")
    return elastic_settings(settings, url) if url else settings.elasticsearch


def _only_files(names: Sequence[str]) -> bool:
    return bool(names) and not any(name.startswith(URLS) for name in names)


def _elastic_source(settings: ElasticSettings) -> AlertSource:
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.source import ElasticSource

    return ElasticSource(connect(settings), settings)


def build_publisher(names: Sequence[str], settings: Settings) -> Publisher | None:
    """Return what writes incidents to our index on the (first) server that is read; None where there is none.

    A run on nothing but files is often a look at a case of its own, so it is published only where the settings ask
    for that.
    """
    elastic = asked_server(names, settings)
    wanted = elastic.publish_files if _only_files(names) else elastic.publish
    if not wanted or not (elastic.url or elastic.cloud_id):
        return None

    def publisher(incidents: Sequence[Incident], vectors: Mapping[str, Sequence[float]], run: RunRecord) -> int:
        from triage.adapters.elastic.client import connect
        from triage.adapters.elastic.publish import publish_incidents

        with connect(elastic) as client:
            return publish_incidents(client, elastic.publish_index, incidents, vectors, run.run_id, run.started)

    return publisher


def build_assets(settings: Settings) -> AssetInventory:
    """Return the asset inventory that the settings name."""
    if settings.assets.file:
        return CsvAssets(settings.assets.file)
    if settings.assets.index:
        wanted = {"index": settings.assets.index, "query": ""}
        return IndexAssets(_elastic_source(settings.elasticsearch.model_copy(update=wanted)))
    return EmptyAssets()


def build_investigation_context(
    settings: Settings,
    names: Sequence[str],
    assets: AssetInventory,
    clock: Clock,
    store: SqliteState,
    night: str = "",
) -> Callable[[WorkingSet], InvestigationContext]:
    """Return what makes the tools of a run, once its frames are there. Raises ConfigError without a server to ask.

    ``night``: the published run that these frames are of, when they are of one.
    """
    server = asked_server(names, settings)
    if settings.investigate.search == "elasticsearch" and not (server.url or server.cloud_id):
        raise ConfigError('investigate.search = "elasticsearch" needs elasticsearch.url, or a URL among the sources')
    if settings.investigate.events and not (server.url or server.cloud_id):
        raise ConfigError("investigate.events needs elasticsearch.url, or a URL among the sources")

    def make(work: WorkingSet) -> InvestigationContext:
        from triage_tools import ToolLimits, build_tools
        from triage_tools.policy import PolicedTools

        techniques = load_techniques()
        search = _search(work, store, names, settings, night)
        known = _background(work, store, settings, names)._replace(events=_event_log(names, settings))
        tools = build_tools(search, assets, ToolLimits.of(settings), techniques, known)
        executor = ThreadPoolExecutor(settings.investigate.concurrency, thread_name_prefix="tool")
        toolbox = PolicedTools(tools, executor=executor, seconds=settings.investigate.tool_seconds)
        return InvestigationContext(toolbox=toolbox, clock=clock, techniques=techniques, settings=settings.investigate)

    return make


def _background(work: WorkingSet, store: SqliteState, settings: Settings, names: Sequence[str]) -> "Background":
    """Return what tools know besides the alerts."""
    from triage.adapters.background import DocumentsOf, KnownBadOf
    from triage.adapters.habits import HabitsOf
    from triage.adapters.past import PastIncidents
    from triage_tools.background import Background

    configured = settings.intelligence.configured
    habits = HabitsOf(work)
    return Background(
        indicators=KnownBadOf(work, build_intelligence(settings, store) if configured else None),
        calendar=_calendar(settings),
        past=PastIncidents(work, store.decisions, _nearest(names, settings, store)),
        document=DocumentsOf(work),
        rhythm=habits.rhythm,
        peers=habits.peers,
        zone=settings.baseline.timezone,
    )


def _nearest(names: Sequence[str], settings: Settings, store: SqliteState) -> "Callable[[str], Nearest]":
    """Return what finds past incidents: our index where tools ask the server and incidents are published there."""
    from triage.adapters.past import LocalNearest

    if settings.investigate.search != "elasticsearch" or build_publisher(names, settings) is None:
        return partial(LocalNearest, store.campaigns, reach=settings.campaigns.memory)
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.nearest import PublishedNearest

    asked = asked_server(names, settings).model_copy(update={"index": asked_server(names, settings).publish_index})
    seconds, reach = settings.investigate.tool_seconds, settings.campaigns.memory
    return lambda model: PublishedNearest(connect(asked), asked, store.campaigns, model, reach, seconds)


def _calendar(settings: Settings) -> Calendar:
    return read_calendar(settings.calendar.file) if settings.calendar.file else NOTHING_PLANNED


def _search(work: WorkingSet, store: SqliteState, names: Sequence[str], settings: Settings, night: str) -> EventSearch:
    if settings.investigate.search == "embedded":
        return EmbeddedSearch([*_earlier_segments(work, store, settings, night), _segment(work)])
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.search import ElasticEvents

    server = asked_server(names, settings)
    asked = server.model_copy(update={"index": settings.investigate.search_index or server.index})
    return ElasticEvents(connect(asked), asked, settings.limits, settings.investigate.tool_seconds, settings.mapping)


def _event_log(names: Sequence[str], settings: Settings) -> EventLog | None:
    if not settings.investigate.events:
        return None
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.event_log import ElasticEventLog

    asked = asked_server(names, settings).model_copy(update={"index": settings.investigate.events})
    return ElasticEventLog(connect(asked), asked, settings.investigate.tool_seconds)


def _segment(work: WorkingSet) -> Segment:
    return Segment(work.get(Frames.ALERTS).select(ALERTS.names()), work.get(Frames.FACTS))


def _earlier_segments(work: WorkingSet, store: SqliteState, settings: Settings, night: str) -> Iterator[Segment]:
    """Yield what earlier runs judged within the horizon before this run's first alert."""
    times = work.get(Frames.ALERTS)["time"]
    first = times.filter(times.is_between(*PLAUSIBLE, "left")).min()
    if isinstance(first, int):
        for run_id in store.published_since(first - span(settings.correlate.horizon)):
            if run_id != night and (earlier := store.working_set(run_id)).has(Frames.ALERTS):
                yield _segment(earlier)


def build_context(
    settings: Settings,
    names: Sequence[str],
    run: RunRecord,
    window: Window,
    store: SqliteState,
    tell: Callable[[Event], None],
    revises: str = "",
) -> RunContext:
    """Return the handles of one run; of one that reads nothing and keeps its frames in memory where it ``revises``."""
    clock, assets = SystemClock(), build_assets(settings)
    work: WorkingSet = Overlay(store.working_set(revises)) if revises else store.working_set(run.run_id)
    return RunContext(
        settings=settings,
        run=run,
        window=window,
        sources=() if revises else build_sources(names, settings),
        store=store,
        work=work,
        embedder=SentenceEmbedder(settings.embedding),
        assets=assets,
        dossier=RunDossier(
            work,
            build_investigation_context(settings, names, assets, clock, store, revises),
            settings.investigate.evidence_alerts,
        ),
        neighbours=FaissNeighbours(),
        clock=clock,
        tell=tell,
        publisher=None if revises else build_publisher(names, settings),
        advisor=None if revises else build_advisor(settings, clock),
        constraints=store.decisions.constraints(run.started),
        calendar=_calendar(settings) if settings.calendar.decides else NOTHING_PLANNED,
        campaigns=store.campaigns,
        intelligence=build_intelligence(settings, store) if settings.intelligence.configured else None,
    )


def build_intelligence(settings: Settings, store: SqliteState) -> "IntelligenceDesk":
    """Return what keeps the local copy of threat intelligence and answers from it."""
    from triage.adapters.intelligence.desk import IntelligenceDesk

    def index() -> AlertSource:
        wanted = {"index": settings.intelligence.index, "query": ""}
        return _elastic_source(settings.elasticsearch.model_copy(update=wanted))

    return IntelligenceDesk(settings.intelligence, store.intelligence, index)


def build_advisor(settings: Settings, clock: Clock) -> Advisor | None:
    """Return the language model that the settings name, behind its checks; None where they name none."""
    if not settings.model.name:
        return None
    from triage.adapters.models import connect_model
    from triage.advisor import ModelAdvisor

    model, kept = connect_model(settings.model), settings.investigate.evidence_alerts
    return ModelAdvisor(model, settings.model, load_techniques(), clock, evidence_alerts=kept)


def answered(settings: Settings, incident: Incident, activities: "pl.DataFrame", question: str) -> Narrative:
    """Return a language model's answer to a person's question about an incident. Raises ConfigError without a model."""
    if not settings.model.name:
        raise ConfigError("no language model is configured: model.name names one")
    from triage.adapters.models import connect_model
    from triage.advisor.answering import answer

    return answer(connect_model(settings.model), settings.model, SystemClock(), incident, activities, question)


def build_responses(settings: Settings, store: SqliteState, state: Path, *, readonly: bool = False) -> "Responses":
    """Return what carries out approved responses on one state. Raises ConfigError for a connector that cannot work."""
    from triage.adapters.connectors import build_connectors
    from triage.responding.responses import Handles, Responses

    def incident(incident_id: str) -> Incident:
        found = store.incident(incident_id)
        if found is None:
            raise UsageError(f"no incident {incident_id!r}; 'triage list --all' shows them")
        return found

    def refs(incident_id: str) -> Sequence[AlertRef]:
        return [AlertRef(*row) for row in store.alerts_of(incident_id).select("index", "id").iter_rows()]

    return Responses(
        Handles(
            log=store.responses,
            connectors=build_connectors(settings, refs),
            settings=settings.respond,
            incident=incident,
            status=lambda name: store.decisions.statuses().get(name) or Status(incident_id=name),
            saver=lambda: checkpointer(settings, state),
        ),
        readonly=readonly,
    )


def serializer() -> "JsonPlusSerializer":
    """Return the checkpoint serialiser; only our own models are read back as objects."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    modules = [
        ("triage.state", "Pulled"),
        *(("triage.models", name) for name in _MODELS),
        *(("triage.investigation", name) for name in _INVESTIGATION),
        *(("triage.responding.models", name) for name in _RESPONDING),
    ]
    return JsonPlusSerializer(allowed_msgpack_modules=modules)


_MODELS = (
    "RunCounts",
    "Incompleteness",
    "Incident",
    "UrgencyPart",
    "Join",
    "Evidence",
    "TimelineEntry",
    "Entity",
    "ResponseStep",
    "Narrative",
    "Sentence",
    "ModelUse",
    "AlertRef",
    "EntityRef",
    "EntityKind",
    "DeadLetter",
)
_INVESTIGATION = ("Investigation", "ToolCall")
_RESPONDING = ("Action", "Answer", "Outcome", "Preview", "StatusWrite")


@contextmanager
def checkpointer(settings: Settings, state: Path) -> "Iterator[BaseCheckpointSaver[Any]]":
    """Open the checkpointer: SQLite in the state folder, or Postgres where the settings name one."""
    if settings.checkpointer:
        with _postgres(settings.checkpointer) as saver:
            yield saver
        return
    from langgraph.checkpoint.sqlite import SqliteSaver

    path = state / "checkpoints.db"
    connection = sqlite3.connect(path, check_same_thread=False)
    path.chmod(0o600)
    try:
        yield SqliteSaver(connection, serde=serializer())
    finally:
        connection.close()


@contextmanager
def _postgres(url: str) -> "Iterator[BaseCheckpointSaver[Any]]":
    try:
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg import Error
    except ImportError as error:
        raise ConfigError(
            "checkpointer names Postgres, but the extra is not installed: pip install 'soc-triage[postgres]'"
        ) from error
    try:
        with PostgresSaver.from_conn_string(url) as saver:
            saver.serde = serializer()
            saver.setup()
            yield saver
    except Error as error:
        raise StateError(
            f"checkpointer: Postgres answered {type(error).__name__}; see that the server of TRIAGE_CHECKPOINTER runs "
            "and that its user may create tables, then repeat the command"
        ) from error
