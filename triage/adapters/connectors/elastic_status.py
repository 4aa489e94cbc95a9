"""Writes status, tags and assignee back to Elastic Security alerts: the only write to alert indices there is.

Off unless a ``[[connector]]`` of this kind is configured. Only alerts of the incident are written, by exact index and
id, in the indices that the connector allows, and of those only documents that carry ``kibana.alert.workflow_status``.
Each write is conditional on the version that was read, so that nobody's change in Kibana is overwritten unseen.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import orjson
from elasticsearch import Elasticsearch

from triage.adapters.elastic.client import connect, place
from triage.adapters.elastic.faults import bounded, translated
from triage.adapters.elastic.retry import Retry
from triage.config import ConnectorSettings, ElasticSettings
from triage.errors import ConfigError, SourceUnavailable, TriageError
from triage.models import AlertRef
from triage.responding.actions import TAG
from triage.responding.models import WRITE_STATUS, Action, Outcome, Preview, StatusWrite

STATUS = "kibana.alert.workflow_status"
TAGS = "kibana.alert.workflow_tags"
ASSIGNEES = "kibana.alert.workflow_assignee_ids"
_FIELDS = (STATUS, TAGS, ASSIGNEES)
_ALLOWED = (".alerts-security.alerts-", ".internal.alerts-security.alerts-")
_CHUNK = 500
_ROUNDS = 5
"""Times that alerts are read again which somebody changed in between."""


class _Alert(NamedTuple):
    ref: AlertRef
    fields: Mapping[str, Any]
    seq_no: int
    primary_term: int


class _Found(NamedTuple):
    """What became of a chunk of alerts when it was read."""

    to_write: list[tuple[_Alert, dict[str, Any]]]
    already: int
    missing: int


class ElasticStatus:
    """``responding.Connector`` for the measure ``write_status``."""

    idempotent = True

    def __init__(
        self,
        settings: ConnectorSettings,
        elastic: ElasticSettings,
        refs: Callable[[str], Sequence[AlertRef]],
        client: Callable[[ElasticSettings], Elasticsearch] = connect,
    ) -> None:
        """``refs`` gives the alerts of an incident. Raises ConfigError for an index that holds no such alerts."""
        self._settings = settings
        self._elastic = elastic
        self._refs = refs
        self._client = client
        self._patterns = [one.strip() for one in settings.index.split(",") if one.strip()]
        if not self._patterns or not all(pattern.startswith(_ALLOWED) for pattern in self._patterns):
            raise ConfigError(f"connector {settings.name}: index may only name {' or '.join(_ALLOWED)}...")
        if not (elastic.url or elastic.cloud_id):
            raise ConfigError(f"connector {settings.name}: elasticsearch.url is not set")

    @property
    def name(self) -> str:
        """Return the configured name."""
        return self._settings.name

    def takes(self, measure: str) -> bool:
        """Tell whether this is what it does."""
        return measure == WRITE_STATUS

    def preview(self, action: Action) -> Preview:
        """Read the alerts and count what would change. Raises SourceError, SourceUnavailable."""
        refs, others = self._writable(action.incident_id)
        wanted = _wanted(action)
        with self._client(self._elastic) as client:
            found = [self._found(client, chunk, wanted) for chunk in _chunks(refs)]
        changes = sum(len(one.to_write) for one in found)
        already, missing = sum(one.already for one in found), sum(one.missing for one in found)
        said = [
            f"{changes:,} of {len(refs):,} alerts get the status {wanted.workflow_status} in {place(self._elastic)}"
        ]
        said += [f"tags added: {', '.join(wanted.tags)}"]
        said += [f"{already:,} say so already"] if already else []
        said += [f"{missing:,} are gone or are no alerts of Elastic Security and are left alone"] if missing else []
        said += [f"{others:,} lie in other indices than {self._settings.index} and are left alone"] if others else []
        said += self._assignment(wanted)
        refused = "" if refs else "no alert of the incident lies in an index that may be written"
        return Preview(would=tuple(said), changes=changes, digest=_digest(refs, wanted), refused=refused)

    def carry_out(self, action: Action, preview: Preview) -> Outcome:
        """Write what the preview said; what says so already is left alone, so that a repeat changes nothing."""
        refs, _ = self._writable(action.incident_id)
        wanted = _wanted(action)
        if _digest(refs, wanted) != preview.digest:
            return Outcome(state="failed", detail="the incident has grown since the dry run: propose it again")
        changed = 0
        try:
            with self._client(self._elastic) as client:
                for chunk in _chunks(refs):
                    changed += self._write_chunk(client, chunk, wanted)
        except TriageError as error:
            detail = f"{error}; {changed:,} of {len(refs):,} alerts were written: propose it again for the others"
            return Outcome(state="failed", detail=detail, changed=changed)
        return Outcome(state="done", detail=f"{changed:,} of {len(refs):,} alerts written", changed=changed)

    def _writable(self, incident_id: str) -> tuple[list[AlertRef], int]:
        """Return the alerts that may be written, sorted, and how many lie elsewhere."""
        refs = sorted(set(self._refs(incident_id)))
        allowed = [ref for ref in refs if any(fnmatchcase(ref.index, pattern) for pattern in self._patterns)]
        return [ref for ref in allowed if _plain(ref.index)], len(refs) - len(allowed)

    def _assignment(self, wanted: StatusWrite) -> list[str]:
        if not wanted.assignee:
            return []
        known = wanted.assignee in self._settings.assignees
        return [f"assigned to {wanted.assignee}" if known else f"assignee stays: assignees has no {wanted.assignee}"]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _found(self, client: Elasticsearch, refs: Sequence[AlertRef], wanted: StatusWrite) -> _Found:
        alerts = self._retry().call(lambda: self._read(client, refs))
        changes = [(alert, self._change(alert, wanted)) for alert in alerts]
        to_write = [(alert, change) for alert, change in changes if change]
        return _Found(to_write, len(alerts) - len(to_write), len(refs) - len(alerts))

    def _read(self, client: Elasticsearch, refs: Sequence[AlertRef]) -> list[_Alert]:
        """Return those of the alerts that are there and carry a workflow status."""
        docs = [{"_index": ref.index, "_id": ref.id} for ref in refs]
        with translated("read alerts", place(self._elastic), "index privilege read on the alert indices"):
            answer = client.mget(docs=docs, source_includes=list(_FIELDS))
        return [
            _Alert(AlertRef(doc["_index"], doc["_id"]), doc["_source"], doc["_seq_no"], doc["_primary_term"])
            for doc in answer["docs"]
            if doc.get("found") and STATUS in doc["_source"]
        ]

    def _change(self, alert: _Alert, wanted: StatusWrite) -> dict[str, Any]:
        """Return the fields that have to change; other people's tags and, without a mapping, assignees stay."""
        have = _texts(alert.fields.get(TAGS))
        tags = [tag for tag in have if tag != TAG and not tag.startswith(f"{TAG}:")] + list(wanted.tags)
        target: dict[str, Any] = {STATUS: wanted.workflow_status, TAGS: tags}
        if uid := self._settings.assignees.get(wanted.assignee):
            target[ASSIGNEES] = [uid]
        return {name: value for name, value in target.items() if alert.fields.get(name) != value}

    # --- writing ----------------------------------------------------------------------------------------------------

    def _write_chunk(self, client: Elasticsearch, refs: Sequence[AlertRef], wanted: StatusWrite) -> int:
        """Write until every alert of the chunk says what it should; return how many were written."""
        written = 0
        for _ in range(_ROUNDS):
            pending = self._found(client, refs, wanted).to_write
            if not pending:
                return written
            written += self._retry().call(lambda pending=pending: self._write(client, pending))  # type: ignore[misc]
        raise SourceUnavailable(f"{place(self._elastic)}: somebody keeps changing the same alerts")

    def _write(self, client: Elasticsearch, pending: Sequence[tuple[_Alert, dict[str, Any]]]) -> int:
        """Send one bulk of conditional updates; one whose version has moved on is left to the next round."""
        operations: list[Any] = [line for alert, change in pending for line in (_condition(alert), _update(change))]
        privilege = "index privilege write on the alert indices"
        with translated("write the status of alerts", place(self._elastic), privilege):
            answer = client.bulk(operations=operations, refresh=False)
        items = [entry["update"] for entry in answer["items"]]
        refused = [item for item in items if "error" in item and item["status"] not in {404, 409, 429}]
        if refused:
            raise ConfigError(f"an alert cannot be written: {bounded(refused[0]['error'].get('reason'))}")
        return sum("error" not in item for item in items)

    def _retry(self) -> Retry:
        return Retry.of(self._elastic)


def _condition(alert: _Alert) -> bytes:
    where = {"_index": alert.ref.index, "_id": alert.ref.id}
    seen = {"if_seq_no": alert.seq_no, "if_primary_term": alert.primary_term}
    return orjson.dumps({"update": where | seen})


def _update(change: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"doc": change})


def _wanted(action: Action) -> StatusWrite:
    if action.status is None:
        raise ConfigError("this connector only writes the status of alerts")
    return action.status


def _digest(refs: Sequence[AlertRef], wanted: StatusWrite) -> str:
    """Return a digest of what would be written and where, not of what happens to be there now."""
    content = orjson.dumps([wanted.model_dump(mode="json"), [[ref.index, ref.id] for ref in refs]])
    return hashlib.sha256(content).hexdigest()


def _plain(index: str) -> bool:
    """Tell whether the name is that of one index: an alert could be said to lie in a pattern or a list."""
    return not set(index) & set('*?,<>|"/\\ #:') and ".." not in index


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []


def _chunks(refs: Sequence[AlertRef]) -> Iterator[Sequence[AlertRef]]:
    for start in range(0, len(refs), _CHUNK):
        yield refs[start : start + _CHUNK]
