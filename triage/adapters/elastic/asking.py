"""Asks one set of indices the questions of an investigation: bounded in time, whole answers only, types known."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from triage.adapters.elastic.bodies import Body
from triage.adapters.elastic.client import place
from triage.adapters.elastic.faults import translated
from triage.adapters.elastic.query import TIME
from triage.adapters.elastic.typed import Types, types_of, with_subfields
from triage.config import ElasticSettings
from triage.errors import SourceError, SourceUnavailable, ToolError

OLDEST_FIRST: Sequence[Mapping[str, Any]] = ({TIME: {"order": "asc", "unmapped_type": "date"}},)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asking:
    """Searches over the indices of ``settings``; safe to share between threads."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings, names: Sequence[str], seconds: float) -> None:
        """``names`` are the fields whose types are needed; ``seconds`` bounds one question."""
        self._client = client.options(request_timeout=seconds)
        self._names = names
        self.index = settings.index
        self._where = f"Elasticsearch {place(settings)} ({settings.index})"
        self._types: Types | None = None
        self._lock = threading.Lock()

    def search(self, query: Mapping[str, Any], size: int, **more: Any) -> Body:  # noqa: ANN401 - what the client takes
        """Return the answer with its true total. Raises ToolError where there is none or only a part of one."""
        with self._answering():
            response = self._client.search(index=self.index, query=query, size=size, track_total_hits=True, **more)
        return self._whole(response.body)

    def nearest(self, knn: Mapping[str, Any], size: int) -> Body:
        """Return the hits nearest to a vector, without their documents; none where there is no index yet."""
        with self._answering():
            response = self._client.search(
                index=self.index, knn=knn, size=size, source=False, ignore_unavailable=True, allow_no_indices=True
            )
        return self._whole(response.body)

    def _whole(self, body: Body) -> Body:
        if body["_shards"]["failed"] or body["timed_out"]:
            raise ToolError(f"{self._where} answered only in part")
        return body

    def types(self) -> Types:
        """Return the types of all fields we ask for; asked once. Raises ToolError."""
        with self._lock:
            if self._types is None:
                with self._answering():
                    answer = self._client.field_caps(index=self.index, fields=with_subfields(sorted(self._names)))
                self._types = types_of(answer.body)
            return self._types

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            with translated("search", self._where, "index privilege read on these indices"):
                yield
        except (SourceError, SourceUnavailable) as error:
            raise ToolError(str(error)) from error


def within(query: Mapping[str, Any], since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Return the query for [since, until) only; None = open."""
    bounds = {"gte": since and since.isoformat(), "lt": until and until.isoformat()}
    given = {name: bound for name, bound in bounds.items() if bound}
    return {"bool": {"filter": [query, *([{"range": {TIME: given}}] if given else [])]}}


def total_of(body: Mapping[str, Any]) -> int:
    """Return how many documents the query has."""
    return int(body["hits"]["total"]["value"])


def moment_of(found: Mapping[str, Any]) -> datetime | None:
    """Return the time that a min or max aggregation gives; None where there is no document."""
    value = found["value"]
    return None if value is None else _EPOCH + timedelta(milliseconds=value)
