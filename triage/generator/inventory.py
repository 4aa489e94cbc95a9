"""The asset inventory of a company, as the program reads it: kind,value,criticality,owner,role,note."""

from collections.abc import Iterator
from typing import NamedTuple

from triage.generator.company import Company

FIELDS = ("kind", "value", "criticality", "owner", "role", "note")


class AssetRow(NamedTuple):
    """A row of the inventory; kinds are those of ``triage.models.EntityKind``."""

    kind: str
    value: str
    criticality: int
    owner: str
    role: str
    note: str


def assets(company: Company) -> Iterator[AssetRow]:
    """Yield exactly ``company.entities`` rows: people, hosts, devices, models, cloud resources."""
    for u in company.users:
        yield AssetRow("user", u.name, 70 if u.privileged else 20, u.full_name, u.department, u.email)
    for h in (*company.workstations, *company.servers):
        yield AssetRow("host", h.name, h.criticality, h.owner, h.role, _NOTES.get(h.role, h.ip))
    for d in company.devices:
        yield AssetRow(
            "device", d.name, 95 if d.role == "plc" else 75, "production", d.role, f"{d.maker} {d.model}, {d.ip}"
        )
    for m in company.models:
        yield AssetRow("model", m.name, 30 if m.staging else 85, "research", "ai-model", m.registry)
    yield AssetRow("cloud", company.cloud.id, 80, "it-operations", "aws-account", company.cloud.region)
    for b in company.cloud.buckets:
        yield AssetRow("cloud", b, 85 if "web" not in b else 30, "it-operations", "bucket", "")
    for i in company.cloud.instances:
        yield AssetRow("cloud", i, 50, "it-operations", "instance", "")


_NOTES = {"vulnerability-scanner": "runs ordered scans and penetration tests"}
