"""Zeek logs as JSON, above all notices; other logs are named after their kind. Zeek gives no severity.

Fields: https://docs.zeek.org/en/current/logs/index.html
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "zeek"
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("id.orig_h", Kind.ADDRESS, "source"),
    ("src", Kind.ADDRESS, "source"),
    ("id.resp_h", Kind.ADDRESS, "destination"),
    ("dst", Kind.ADDRESS, "destination"),
    ("query", Kind.DOMAIN, ""),
    ("server_name", Kind.DOMAIN, ""),
    ("host", Kind.DOMAIN, ""),
    ("username", Kind.USER, ""),
    ("hostname", Kind.HOST, "source"),
    ("client_fqdn", Kind.HOST, ""),  # dhcp: who leased the address
    ("host_name", Kind.HOST, ""),
    ("assigned_addr", Kind.ADDRESS, "host"),
    ("md5", Kind.HASH, ""),
    ("sha1", Kind.HASH, ""),
    ("sha256", Kind.HASH, ""),
)
_USERS = {"kerberos": "client", "rdp": "cookie"}  # the field that names the user means something else elsewhere
_KINDS = (  # a field that only this log has, for logs without _path
    ("conn_state", "conn"),
    ("qtype_name", "dns"),
    ("query", "dns"),
    ("method", "http"),
    ("uri", "http"),
    ("cipher", "ssl"),
    ("server_name", "ssl"),
)


def facts(document: Document) -> Facts:
    """Return what a notice or another log entry says."""
    kind = document.text("_path") or next((log for field, log in _KINDS if field in document), "event")
    found = collector(document)
    add_fields(found, document, _ENTITIES)
    found.add(Kind.USER, "", document.raw(_USERS[kind]) if kind in _USERS else None)
    return Facts(
        detector=NAME,
        family=NAME,
        rule=(document.line("note", "name") if kind in {"notice", "weird", "event"} else "") or f"zeek {kind}",
        rule_id="",
        message=document.line("msg", "addl", "sub") or kind,
        severity=None,
        techniques=(),
        tactics=(),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "ts" in document
        and ("id.orig_h" in document or "_path" in document or ("note" in document and "msg" in document))
    ),
    facts=facts,
    moments=at(("ts", "event"), (STAMP, "event"), *INGESTED),
)
