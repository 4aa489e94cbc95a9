"""Falco alerts as Falco emits them: a rule, a priority and ``output_fields`` with dotted names.

Fields: https://falco.org/docs/reference/rules/supported-fields/
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "falco"
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("hostname", Kind.HOST, ""),
    ("output_fields.k8s.pod.name", Kind.CLOUD, "pod"),
    ("output_fields.container.name", Kind.CLOUD, "container"),
    ("output_fields.container.id", Kind.CLOUD, "container"),
    ("output_fields.user.name", Kind.USER, ""),
    ("output_fields.proc.name", Kind.PROCESS, ""),
    ("output_fields.proc.pname", Kind.PROCESS, "parent"),
    ("output_fields.proc.exepath", Kind.FILE, "process"),
    ("output_fields.fd.cip", Kind.ADDRESS, "source"),
    ("output_fields.fd.sip", Kind.ADDRESS, "destination"),
)


def facts(document: Document) -> Facts:
    """Return what an alert says."""
    found = collector(document)
    add_fields(found, document, _ENTITIES)
    path = document.text("output_fields.fd.name")
    if path.startswith("/"):
        found.add(Kind.FILE, "", path)
    tags = list(document.texts("tags"))
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line("rule") or "falco alert",
        rule_id="",
        message=document.line("rule", "output"),
        severity=severity.from_word(document.scalar("priority")),
        techniques=attack.techniques(tags),
        tactics=attack.tactics(tag.removeprefix("mitre_") for tag in tags if tag.startswith("mitre_")),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "rule" in document
        and "priority" in document
        and ("output" in document or any(name.startswith("output_fields.") for name in document.flat))
    ),
    facts=facts,
    moments=at(("time", "event"), ("output_fields.evt.time.iso8601", "event"), (STAMP, "event"), *INGESTED),
    ids=("uuid",),
)
