"""How each index and file is understood, seen on a sample of its documents: what ``triage doctor`` shows."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from triage.adapters.files import FileSource, find
from triage.config import ElasticSettings, Settings
from triage.errors import SourceError, SourceUnavailable
from triage.events import Check
from triage.normalise.survey import survey
from triage.ports import RawPage, Window
from triage.wiring import URLS, asked_server

_MOST_LINES = 1000


def understanding(names: Sequence[str], settings: Settings) -> Iterator[Check]:
    """Yield a check for each index and file, and family of its documents; for each source that does not answer, one."""
    servers = [asked_server([name], settings) for name in names if name.startswith(URLS)]
    if not servers and not names and (settings.elasticsearch.url or settings.elasticsearch.cloud_id):
        servers = [settings.elasticsearch]
    for server in servers:
        yield from _surveyed(server.url or "Elasticsearch", partial(_sampled, server), settings)
    for name in names:
        if not name.startswith(URLS) and name != "-":
            yield from _surveyed(name, partial(file_pages, name, settings.limits.document_bytes), settings)


def _sampled(server: ElasticSettings) -> Iterator[RawPage]:
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.sampling import index_pages

    with connect(server) as client:
        yield from index_pages(client, server)


def _surveyed(name: str, pages: Callable[[], Iterator[RawPage]], settings: Settings) -> Iterator[Check]:
    try:
        found = survey(pages(), settings.limits, settings.mapping)
    except (SourceError, SourceUnavailable) as error:
        yield Check(f"sample {name}", ok=False, detail=str(error), advice="correct the source, then ask again")
        return
    for one in found:
        advice = (
            "" if one.usable else "few of them have a time and a rule: describe them in a [[mapping]] of triage.toml"
        )
        yield Check(f"understood {one.place}", ok=one.usable, detail=str(one), advice=advice)


def file_pages(name: str, line_bytes: int) -> Iterator[RawPage]:
    """Yield the first lines of each file that a name or glob means. Raises SourceMissing or SourceError."""
    for path in find(name):
        page = next(FileSource([str(path)], line_bytes).pages(Window(None, None)), None)
        if page is not None:
            lines = page.lines.removesuffix(b"\n").split(b"\n")[:_MOST_LINES]
            yield RawPage(b"\n".join(lines), len(lines), page.origin, page.first_line)
