"""Pulls every alert of a window out of Elasticsearch, several parts at a time, and says what it could not read.

A part is a range of ``@timestamp`` (see ``query.Part``), read in index order from one shared point in time. When that
expires, a new one is opened and the part is read again from its start; what it already gave is dropped by id. Nothing
is lost that way, and nothing is given twice, whatever order the new point in time has.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence

from elasticsearch import Elasticsearch

from triage.adapters.elastic.channel import Channel
from triage.adapters.elastic.client import place
from triage.adapters.elastic.pull import Pull
from triage.adapters.elastic.retry import Retry, full_jitter
from triage.config import ElasticSettings
from triage.models import Incompleteness
from triage.ports import RawPage, Window


class ElasticSource:
    """An ``AlertSource`` over index patterns (also aliases, data streams and ``cluster:index`` names)."""

    def __init__(
        self,
        client: Elasticsearch,
        settings: ElasticSettings,
        *,
        fields: Sequence[str] = (),
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        """``fields`` are the fields to fetch, wildcards allowed; none = whole documents without ``pull.BULKY``."""
        self._client = client
        self._settings = settings
        self._fields = tuple(fields)
        self._sleep = sleep
        self._jitter = jitter
        self._problems: list[Incompleteness] = []

    @property
    def key(self) -> str:
        """Server, patterns and a hash of the user's filter."""
        patterns = ",".join(sorted(pattern.strip() for pattern in self._settings.index.split(",")))
        digest = hashlib.sha256(self._settings.query.strip().encode()).hexdigest()[:16]
        return f"elasticsearch:{place(self._settings)}/{patterns}" + (f"?{digest}" if self._settings.query else "")

    def pages(self, window: Window) -> Iterator[RawPage]:
        """Yield all documents of the window and those without ``@timestamp``, in no particular order.

        Raises SourceError, or SourceUnavailable when not even a point in time could be opened.
        """
        self._problems = []
        slices = self._settings.slices
        channel = Channel[RawPage](2 * slices, slices)
        retry = Retry(
            self._settings.retries, self._settings.backoff_seconds, self._sleep or channel.pause, self._jitter
        )
        pull = Pull(self._client, self._settings, self._fields, retry, channel, self._problems)
        threads = [threading.Thread(target=pull.work, name=f"pull-{n}", daemon=True) for n in range(slices)]
        pull.open()
        try:
            pull.divide(window)
            for thread in threads:
                thread.start()
            yield from channel
        finally:
            channel.close()
            for thread in filter(threading.Thread.is_alive, threads):
                thread.join(self._settings.timeout_seconds)
            pull.end()

    def problems(self) -> Sequence[Incompleteness]:
        """Return what the last ``pages`` could not read."""
        return tuple(self._problems)
