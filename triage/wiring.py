"""Composition root: settings become adapters, tools and a compiled graph. The only module that knows them all."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from triage.adapters.assets import CsvAssets, EmptyAssets, IndexAssets
from triage.adapters.database import SqliteState
from triage.adapters.embedded_search import EmbeddedSearch, Segment
from triage.adapters.embeddings import SentenceEmbedder
from triage.adapters.files import FileSource
from triage.adapters.neighbours import FaissNeighbours
from triage.attack import load_techniques
from triage.columns import ALERTS
from triage.config import ElasticSettings, Settings
from triage.dossier import RunDossier
from triage.errors import ConfigError, UsageError
from triage.events import Event
from triage.investigation import InvestigationContext
from triage.models import Incident
from triage.ports import AlertSource, AssetInventory, Clock, EventSearch, RunRecord, Window, WorkingSet
from triage.state import Frames, Publisher, RunContext
from triage.times import span
from triage_tools import ToolLimits, build_tools
from triage_tools.policy import PolicedTools

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
    return settings.elasticsearch.model_copy(update={"url": url})


def _elastic_source(settings: ElasticSettings) -> AlertSource:
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.source import ElasticSource

    return ElasticSource(connect(settings), settings)


def build_publisher(names: Sequence[str], settings: Settings) -> Publisher | None:
    """Return what writes incidents to our index on the (first) server that is read; None where there is none."""
    url = next((name for name in names if name.startswith(URLS)), settings.elasticsearch.url)
    elastic = elastic_settings(settings, url)
    if not elastic.publish or not (url or elastic.cloud_id):
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
    settings: Settings, assets: AssetInventory, clock: Clock, store: SqliteState
) -> Callable[[WorkingSet], InvestigationContext]:
    """Return what makes the tools of a run, once its frames are there."""

    def make(work: WorkingSet) -> InvestigationContext:
        techniques = load_techniques()
        search = _search(work, store, settings)
        tools = build_tools(search, assets, ToolLimits.of(settings), techniques)
        executor = ThreadPoolExecutor(settings.investigate.concurrency, thread_name_prefix="tool")
        toolbox = PolicedTools(tools, executor=executor, seconds=settings.investigate.tool_seconds)
        return InvestigationContext(toolbox=toolbox, clock=clock, techniques=techniques, settings=settings.investigate)

    return make


def _search(work: WorkingSet, store: SqliteState, settings: Settings) -> EventSearch:
    if settings.investigate.search == "embedded":
        return EmbeddedSearch([*_earlier_segments(work, store, settings), _segment(work)])
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.search import ElasticEvents

    return ElasticEvents(connect(settings.elasticsearch), settings.elasticsearch, settings.limits)


def _segment(work: WorkingSet) -> Segment:
    return Segment(work.get(Frames.ALERTS).select(ALERTS.names()), work.get(Frames.FACTS))


def _earlier_segments(work: WorkingSet, store: SqliteState, settings: Settings) -> Iterator[Segment]:
    """Yield what earlier runs judged within the horizon before this run's first alert."""
    first = work.get(Frames.ALERTS)["time"].min()
    if isinstance(first, int):
        for run_id in store.published_since(first - span(settings.correlate.horizon)):
            if (earlier := store.working_set(run_id)).has(Frames.ALERTS):
                yield _segment(earlier)


def build_context(
    settings: Settings,
    names: Sequence[str],
    run: RunRecord,
    window: Window,
    store: SqliteState,
    tell: Callable[[Event], None],
) -> RunContext:
    """Return the handles of one run."""
    clock, assets, work = SystemClock(), build_assets(settings), store.working_set(run.run_id)
    return RunContext(
        settings=settings,
        run=run,
        window=window,
        sources=build_sources(names, settings),
        store=store,
        work=work,
        embedder=SentenceEmbedder(settings.embedding),
        assets=assets,
        dossier=RunDossier(
            work, build_investigation_context(settings, assets, clock, store), settings.investigate.evidence_alerts
        ),
        neighbours=FaissNeighbours(),
        clock=clock,
        tell=tell,
        publisher=build_publisher(names, settings),
    )


def serializer() -> JsonPlusSerializer:
    """Return the checkpoint serialiser; only our own models are read back as objects."""
    modules = [
        ("triage.state", "Pulled"),
        *(("triage.models", name) for name in _MODELS),
        *(("triage.investigation", name) for name in _INVESTIGATION),
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
    "AlertRef",
    "EntityRef",
    "EntityKind",
    "DeadLetter",
)
_INVESTIGATION = ("Investigation", "ToolCall")


@contextmanager
def checkpointer(settings: Settings, state: Path) -> Iterator[BaseCheckpointSaver[Any]]:
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
def _postgres(url: str) -> Iterator[BaseCheckpointSaver[Any]]:
    try:
        from langgraph.checkpoint.postgres import PostgresSaver
    except ImportError as error:
        raise ConfigError(
            "checkpointer names Postgres, but the extra is not installed: pip install 'soc-triage[postgres]'"
        ) from error
    with PostgresSaver.from_conn_string(url) as saver:
        saver.serde = serializer()
        saver.setup()
        yield saver
