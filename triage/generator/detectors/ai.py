"""The gateway before the company's AI models: ECS with ``gen_ai.*`` and techniques of MITRE ATLAS."""

from typing import NamedTuple

from triage.generator.company import AiModel, Company, Place, User
from triage.generator.detectors.shapes import as_of, ecs_alert, event_of, geo_of, threat_of
from triage.generator.events import Alert, Document, Moment
from triage.generator.stage import digest


class Guard(NamedTuple):
    """A check of the gateway."""

    name: str
    severity: int
    """0-100."""
    operation: str
    """chat, execute_tool, export, fine_tune, dataset_write, ..."""
    technique: str = ""
    action: str = "allowed"


class Caller(NamedTuple):
    """Who called the gateway: a person or a service account, with a key, from an address."""

    name: str
    email: str
    key: str
    place: Place


def caller(user: User, place: Place) -> Caller:
    """Return a person as a caller; a person's key is always the same."""
    return Caller(user.name, user.email, f"aik-{digest('ai-key', user.email)[:12]}", place)


def ai_alert(
    moment: Moment, guard: Guard, company: Company, model: AiModel, who: Caller, text: str, **own: object
) -> Alert:
    """Return the gateway's alert about one request; ``own`` goes under ``ai_gateway`` (prompt, tool, bytes)."""
    outcome = "denied" if guard.action == "blocked" else "allowed"
    body: Document = {
        "event": event_of(
            moment,
            "aigateway.guardrail",
            guard.severity,
            ["intrusion_detection", "api"],
            type=[outcome],
            action=guard.action,
        ),
        "rule": {"name": guard.name, "id": f"ag-{digest(guard.name)[:6]}"},
        "message": text,
        "gen_ai": {
            "system": "in-house",
            "operation": {"name": guard.operation},
            "request": {"model": {"id": model.name}},
            "response": {"model": model.name},
        },
        "ai_gateway": {"api_key_id": who.key, "model_registry": model.registry, "model_version": model.version, **own},
        "service": {"name": "ai-gateway", "type": "ai"},
        "url": {"original": model.endpoint, "domain": model.endpoint.split("/")[2]},
        "source": {"ip": who.place.ip, "geo": geo_of(who.place), "as": as_of(who.place)},
        "user": {"name": who.name, "email": who.email},
        "observer": {
            "vendor": "Prompthaus",
            "product": "AI Gateway",
            "type": "ai-gateway",
            "name": f"ai.{company.domain}",
        },
        "related": {"ip": [who.place.ip], "user": [who.name, who.email]},
        "threat": threat_of("MITRE ATLAS", guard.technique),
    }
    return ecs_alert(moment, "aigateway.guardrail", body)
