"""Keeps the local copy up to date and answers from it: the one place that knows all kinds of sources."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import orjson
import polars as pl

from triage.adapters.intelligence.copy import IntelligenceCopy, Origin, Version
from triage.adapters.intelligence.files import digest_of, named_files, read_file
from triage.adapters.intelligence.http import Fetch, HttpFetch, read_feed, read_taxii
from triage.config import IntelligenceSettings
from triage.errors import SourceError, SourceUnavailable
from triage.events import Event, Notice
from triage.intelligence import matching
from triage.intelligence.ecs import read_document
from triage.intelligence.harmless import WarningList, of_warning_list
from triage.intelligence.reading import Gathered
from triage.intelligence.values import Key, normal
from triage.ports import AlertSource, Window

PINNED = {"source": pl.String, "segment": pl.String, "profiles": pl.String}


class Refreshed(NamedTuple):
    """What an update did to one source."""

    source: str
    version: Version | None
    """None where there is no copy."""
    changed: bool
    problem: str
    """Why it could not be read; the earlier copy stays in force. '' = read."""


class IntelligenceDesk:
    """``state.Intelligence`` over the local copy."""

    def __init__(
        self,
        settings: IntelligenceSettings,
        copy: IntelligenceCopy,
        index: Callable[[], AlertSource] | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        """``index`` opens the indicator index; ``fetch`` gets remote sources, over HTTPS by default."""
        self._settings = settings
        self._copy = copy
        self._index = index
        self._fetch = fetch

    def update(self, *, remote: bool) -> list[Refreshed]:
        """Read local sources, with ``remote`` all others too; a source that fails keeps its last copy."""
        before = {one.source: one for one in self._copy.current()}
        sources = list(self._sources(remote=remote))
        done = [self._refresh(source, before.get(source.name)) for source in sources]
        wanted = {source.name for source in self._sources(remote=True)}
        for gone in before.keys() - wanted:
            self._copy.drop(gone, before[gone].origin)
        return done

    def current(self) -> Sequence[Version]:
        """Return the sources in force."""
        return self._copy.current()

    def pin(self, tell: Callable[[Event], None]) -> pl.DataFrame:
        """Bring local sources up to date and return what a run is to use: source, segment, profiles (JSON)."""
        for one in self.update(remote=False):
            if one.problem:
                kept = f"; its copy of {one.version.at:%Y-%m-%d} is used" if one.version else ""
                tell(Notice("warning", f"intelligence {one.source}: {one.problem}{kept}"))
        return self.pinned()

    def pinned(self) -> pl.DataFrame:
        """Return what is in force now: source, segment, profiles (JSON)."""
        rows = [
            (one.source, one.segment, orjson.dumps([p.model_dump() for p in one.contents.profiles]).decode())
            for one in self._copy.current()
        ]
        return pl.DataFrame(rows, schema=PINNED, orient="row")

    def match(self, pinned: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
        """Return intelligence.matching.MATCHES of the entities (kind, value)."""
        return matching.match(entities, self._copy.indicators(pinned["segment"].to_list()))

    def _refresh(self, source: "_Source", before: Version | None) -> Refreshed:
        try:
            digest, gathered = source.read(self._gathered, before.digest if before else "")
        except (SourceError, SourceUnavailable) as error:
            return Refreshed(source.name, before, changed=False, problem=str(error))
        if gathered is None:
            return Refreshed(source.name, before, changed=False, problem="")
        version = self._copy.save(source.name, source.origin, digest, gathered)
        return Refreshed(source.name, version, changed=version != before, problem="")

    def _gathered(self) -> Gathered:
        return Gathered(self._warning_list(), self._settings.default_confidence, self._settings.most)

    def _warning_list(self) -> WarningList:
        own = [key for text in self._settings.ignore if (key := normal("", text))]
        return WarningList([*own, *self._listed()])

    def _listed(self) -> Iterator[Key]:
        for pattern in self._settings.warning_lists:
            for path in named_files(pattern):
                try:
                    yield from of_warning_list(orjson.loads(path.read_bytes()))
                except (orjson.JSONDecodeError, AttributeError, OSError) as error:
                    raise SourceError(f"intelligence.warning_lists {path}: is no MISP warning list") from error

    def _key(self) -> str:
        """What of the settings changes how a source is read."""
        names = {"ignore", "warning_lists", "default_confidence", "most"}
        return self._settings.model_dump_json(include=names)

    def _sources(self, *, remote: bool) -> Iterator["_Source"]:
        for pattern in self._settings.files:
            yield _Source(pattern, "file", _reader_of_files(pattern, self._key()))
        if not remote:
            return
        fetch = self._fetch or _lazily(self._settings)
        for url in self._settings.taxii:
            yield _Source(url, "taxii", _reader_of(partial(read_taxii, url, fetch)))
        for url in self._settings.misp_feeds:
            yield _Source(url, "misp", _reader_of(partial(read_feed, url, fetch)))
        if self._settings.index and self._index:
            opened = self._index
            yield _Source(self._settings.index, "index", _reader_of(lambda gathered: _read_index(opened(), gathered)))


Make = Callable[[], Gathered]
Read = Callable[[Make, str], tuple[str, Gathered | None]]
"""(maker, digest in force) -> digest and what was gathered; None where nothing changed."""


class _Source(NamedTuple):
    name: str
    origin: Origin
    read: Read


def _lazily(settings: IntelligenceSettings) -> Fetch:
    def fetch(url: str, accept: str) -> bytes:
        return HttpFetch(settings)(url, accept)

    return fetch


def _reader_of_files(pattern: str, key: str) -> Read:
    """Read files only where their content, or how it is to be read, changed."""

    def read(make: Make, known: str) -> tuple[str, Gathered | None]:
        paths = named_files(pattern)
        seen = "\n".join([key, *(f"{path.name} {digest_of(path)}" for path in paths)])
        digest = sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()
        if digest == known:
            return digest, None
        gathered = make()
        for path in paths:
            read_file(path, gathered)
        return digest, gathered

    return read


def _reader_of(fill: Callable[[Gathered], str]) -> Read:
    def read(make: Make, known: str) -> tuple[str, Gathered | None]:  # noqa: ARG001 - only files can tell beforehand
        gathered = make()
        return fill(gathered), gathered

    return read


def _read_index(source: AlertSource, gathered: Gathered) -> str:
    """Read all documents of the indicator index. Raises SourceUnavailable when a part is missing."""
    seen = sha256()
    for page in source.pages(Window(None, None)):
        for line in page.lines.splitlines():
            hit = orjson.loads(line) if line else {}
            if isinstance(hit, dict) and isinstance(hit.get("_source"), dict):
                read_document(hit["_source"], str(hit.get("_id", "")), gathered)
        seen.update(page.lines)
    if problems := source.problems():
        raise SourceUnavailable(problems[0].reason)
    return seen.hexdigest()
