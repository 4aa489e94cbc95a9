"""Pages of a pull: the answer to one request, whether it is whole, and how much to ask for next."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from triage.adapters.elastic.bodies import Body
from triage.adapters.elastic.faults import bounded
from triage.errors import SourceUnavailable

_PAGE_BYTES = 16_000_000


class Answer(NamedTuple):
    """One page as the server gave it."""

    body: Body
    size: int
    """Hits asked for."""
    whole: bool

    @property
    def hits(self) -> list[dict[str, Any]]:
        """Return the hits."""
        found: list[dict[str, Any]] = self.body["hits"]["hits"]
        return found

    @property
    def last(self) -> bool:
        """Tell whether nothing follows; a partial answer may be short without being the last."""
        return len(self.hits) < (self.size if self.whole else 1)


class PartialAnswer(SourceUnavailable):
    """Some shards or clusters did not answer; what the others said is in ``answer``."""

    def __init__(self, reason: str, answer: Answer) -> None:
        super().__init__(reason)
        self.answer = answer


class PageSize:
    """How many documents to ask for: halved when the server refuses or pages get heavy, doubled when all is well."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self.now = largest

    def refused(self, times: int) -> None:
        """Ask for less after a second refusal of the same request."""
        if times > 1:
            self.now = max(1, self.now // 2)

    def answered(self, size: int, length: int) -> None:
        """Aim at answers of at most 16 MB; ``length`` bytes came for ``size`` documents."""
        if length > _PAGE_BYTES:
            self.now = max(1, size // 2)
        elif length < _PAGE_BYTES // 4:
            self.now = min(self._largest, self.now * 2)


def lacking(body: Mapping[str, Any]) -> str:
    """Return why an answer is not whole, or ''."""
    shards, clusters = body["_shards"], body.get("_clusters", {})
    if shards["failed"]:
        reasons = [failure["reason"]["reason"] for failure in shards.get("failures", ())]
        why = bounded(reasons[0] if reasons else "no reason given")
        return f"{shards['failed']} of {shards['total']} shards failed: {why}"
    if body.get("timed_out"):
        return "the search timed out on the server and is partial"
    unread = [state for state in ("skipped", "partial", "failed") if clusters.get(state)]
    return f"remote clusters were not read ({', '.join(unread)})" if unread else ""
