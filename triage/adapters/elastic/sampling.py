"""The newest documents of every index, as a run would get them, to see how they are understood."""

from collections.abc import Iterator

from elasticsearch import Elasticsearch

from triage.adapters.elastic.bodies import Body, ndjson
from triage.adapters.elastic.client import place
from triage.adapters.elastic.faults import translated
from triage.adapters.elastic.query import TIME, own_query
from triage.config import ElasticSettings
from triage.ports import RawPage

_MOST_INDICES = 50
_PRIVILEGE = "index privilege read on the alert indices"


def index_pages(client: Elasticsearch, settings: ElasticSettings, each: int = 200) -> Iterator[RawPage]:
    """Yield the newest documents of each index of the patterns. Raises SourceError or SourceUnavailable."""
    query = own_query(settings.query)
    with translated("sample", f"{place(settings)} ({settings.index})", _PRIVILEGE):
        groups = {"indices": {"terms": {"field": "_index", "size": _MOST_INDICES}}}
        answer = client.search(index=settings.index, query=query, size=0, aggs=groups)
        names = [bucket["key"] for bucket in answer["aggregations"]["indices"]["buckets"]]
        for name in sorted(names):
            sort = [{TIME: {"order": "desc", "unmapped_type": "date"}}]
            body: Body = client.search(index=name, query=query, size=each, sort=sort).body
            lines = ndjson(body)
            yield RawPage(b"\n".join(lines), len(lines), name, 0)
