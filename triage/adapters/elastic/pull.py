"""One pull over a window: what its threads share and do. See ``source`` for the promise it keeps."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from triage.adapters.elastic.bodies import Body, ndjson
from triage.adapters.elastic.channel import Channel, ClosedError
from triage.adapters.elastic.client import place
from triage.adapters.elastic.faults import SearchContextMissingError, causes, translated
from triage.adapters.elastic.paging import Answer, PageSize, PartialAnswer, lacking
from triage.adapters.elastic.pit import PointInTime
from triage.adapters.elastic.query import TIME, Part, own_query, parts, query_of, query_of_window
from triage.adapters.elastic.retry import Retry
from triage.config import ElasticSettings
from triage.errors import SourceError, SourceMissing, SourceUnavailable
from triage.models import Incompleteness
from triage.ports import RawPage, Window

_LOG = logging.getLogger(__name__)
_KEEP_ALIVE = "5m"
_QUANTILES = 256
_PART_DOCUMENTS = 50_000
_REOPENINGS = 10
_PRIVILEGE = "index privilege read on the alert indices"
BULKY = (
    "kibana.alert.rule.parameters",
    "kibana.alert.rule.note",
    "kibana.alert.rule.exceptions_list",
    "kibana.alert.rule.meta",
    "signal.rule.note",
)
"""Copies of the rule inside every Elastic Security alert: large, and nothing here reads them."""


class Pull:
    """One run over a window: what its threads share."""

    def __init__(
        self,
        client: Elasticsearch,
        settings: ElasticSettings,
        fields: Sequence[str],
        retry: Retry,
        channel: Channel[RawPage],
        problems: list[Incompleteness],
    ) -> None:
        self._client = client
        self._settings = settings
        self._fields = list(fields)
        self._retry = retry
        self._channel = channel
        self._problems = problems
        self._own = own_query(settings.query)
        self._where = f"Elasticsearch {place(settings)} ({settings.index})"
        self._source: Mapping[str, Any] | None = None
        self._partial = False
        self._failed_in_a_row = 0
        self._parts = deque[Part]()

    def open(self) -> None:
        """Open the point in time."""
        self._pit = PointInTime(self._open)

    def divide(self, window: Window) -> None:
        """Cut the window into parts for the threads to read."""
        self._source = self._retry.call(self._wanted)
        edges = self._retry.call(lambda: self._edges(window))
        self._parts.extend(parts(window, edges))

    def end(self) -> None:
        """Close the point in time; should that fail, the server forgets it by itself."""
        try:
            with translated("close a point in time", self._where, _PRIVILEGE):
                self._client.close_point_in_time(id=self._pit.id(self._pit.generation))
        except (SourceError, SourceUnavailable) as error:
            _LOG.info("point in time not closed: %s", error)

    def work(self) -> None:
        """Read parts until there are none; the body of a thread."""
        try:
            while self._parts:
                self._read(self._parts.popleft())
        except (ClosedError, IndexError):  # the reader has gone; another thread took the last part
            self._channel.done()
        except Exception as error:  # noqa: BLE001 - raised again to the reader, in its own thread
            self._channel.done(error)
        else:
            self._channel.done()

    def _open(self) -> str:
        try:
            return self._retry.call(lambda: self._open_once(partial=False))
        except SourceUnavailable as error:
            found = self._open_once(partial=True)
            self._problem(f"some shards are not available: {error}", "check the cluster's health, then run again")
            return found

    def _open_once(self, *, partial: bool) -> str:
        with translated("open a point in time", self._where, _PRIVILEGE):
            answer = self._client.open_point_in_time(
                index=self._settings.index,
                keep_alive=_KEEP_ALIVE,
                ignore_unavailable=False,
                allow_partial_search_results=partial,
            )
        if answer["_shards"]["total"] == 0:
            raise SourceMissing(f"{self._where}: no index matches; check elasticsearch.index")
        return str(answer["id"])

    def _wanted(self) -> Mapping[str, Any] | None:
        """Return the ``_source`` filter; none where no bulky field exists, as filtering costs the server time."""
        if self._fields:
            return {"includes": self._fields, "excludes": list(BULKY)}
        with translated("ask for fields", self._where, _PRIVILEGE):
            known = self._client.field_caps(index=self._settings.index, fields=[f"{name}*" for name in BULKY])
        return {"excludes": list(BULKY)} if known["fields"] else None

    def _edges(self, window: Window) -> Sequence[float]:
        """Return times that cut the window into parts of about equal size, enough of them to keep all slices busy."""
        percents = [100 * n / _QUANTILES for n in range(1, _QUANTILES)]
        with translated("survey the window", self._where, _PRIVILEGE):
            answer = self._client.search(
                index=self._settings.index,
                query=query_of_window(self._own, window),
                size=0,
                track_total_hits=True,
                aggs={"edges": {"percentiles": {"field": TIME, "percents": percents, "keyed": False}}},
            )
        if "illegal_argument_exception" in causes(answer.body):
            raise SourceError(
                f"{self._where}: {TIME} is not a date in every index; map it as date or leave that index out"
            )
        wanted = _wanted_parts(answer["hits"]["total"]["value"], self._settings)
        quantiles = [found["value"] for found in answer["aggregations"]["edges"]["values"]]
        chosen = [quantiles[n * _QUANTILES // wanted - 1] for n in range(1, wanted)]
        return [edge for edge in chosen if edge is not None]

    def _read(self, part: Part) -> None:
        if self._failed_in_a_row >= 2 * self._settings.slices:
            self._problem("the server stopped answering; the rest was not tried", "run again when it is back")
            return
        try:
            self._read_through(part)
            self._failed_in_a_row = 0
        except SourceUnavailable as error:
            self._failed_in_a_row += 1
            self._problem(str(error), "run again: the same window is read again and nothing is counted twice")

    def _read_through(self, part: Part) -> None:
        seen = set[tuple[str, str]]()
        for _ in range(_REOPENINGS):
            generation = self._pit.generation
            try:
                self._read_from(part, generation, seen)
            except SearchContextMissingError:
                self._pit.renew(generation)
            else:
                return
        raise SourceUnavailable(f"{self._where}: the point in time expired again and again")

    def _read_from(self, part: Part, generation: int, seen: set[tuple[str, str]]) -> None:
        size, after, received, expected = PageSize(self._settings.page_size), None, 0, 0
        while True:
            answer = self._ask(part, generation, size, after)
            received += len(answer.hits)
            expected = expected or answer.body["hits"].get("total", {}).get("value", 0)
            self._emit(answer, seen)
            if answer.last:
                break
            after = answer.hits[-1]["sort"]
        if received < expected and not self._partial:
            self._problem(f"{expected - received} of {expected} documents of a part did not arrive", "run again")

    def _ask(self, part: Part, generation: int, size: PageSize, after: Sequence[Any] | None) -> Answer:
        try:
            answer = self._retry.call(lambda: self._ask_once(part, generation, size.now, after), size.refused)
        except PartialAnswer as partial:
            self._partial = True
            self._problem(str(partial), "check the cluster's health, then run again")
            answer = partial.answer
        size.answered(answer.size, len(answer.body.raw))
        return answer

    def _ask_once(self, part: Part, generation: int, size: int, after: Sequence[Any] | None) -> Answer:
        with translated("search", self._where, _PRIVILEGE):
            response = self._client.search(
                pit={"id": self._pit.id(generation), "keep_alive": _KEEP_ALIVE},
                query=query_of(self._own, part),
                size=size,
                sort=[{"_shard_doc": "asc"}],
                search_after=after,
                source=self._source,
                track_total_hits=after is None,
                allow_partial_search_results=True,
            )
        body: Body = response.body
        if "search_context_missing_exception" in causes(body):
            raise SearchContextMissingError(f"{self._where}: the point in time has expired on some shards")
        if newest := body.get("pit_id"):
            self._pit.adopt(generation, newest)
        reason = lacking(body)
        answer = Answer(body, size, not reason)
        if reason and not self._partial:
            raise PartialAnswer(f"{self._where}: {reason}", answer)
        return answer

    def _emit(self, answer: Answer, seen: set[tuple[str, str]]) -> None:
        fresh = []
        for hit, line in zip(answer.hits, ndjson(answer.body), strict=True):
            identity = (hit["_index"], hit["_id"])
            if identity not in seen:
                seen.add(identity)
                fresh.append(line)
        if fresh:
            self._channel.put(RawPage(b"\n".join(fresh), len(fresh), self._settings.index, 0))

    def _problem(self, reason: str, advice: str) -> None:
        problem = Incompleteness(source=self._where, reason=reason, advice=advice)
        if problem not in self._problems:
            self._problems.append(problem)


def _wanted_parts(total: int, settings: ElasticSettings) -> int:
    if total <= settings.page_size:
        return 1
    return min(_QUANTILES, max(4 * settings.slices, -(-total // _PART_DOCUMENTS)))
