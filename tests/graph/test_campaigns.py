"""Two intrusions of different hosts and nights, and a bundle that calls their indicators signs of one malware."""

import dataclasses
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from triage.config import IntelligenceSettings, Settings
from triage.fakes import HashEmbedder
from triage.generator import ScenarioSpec, generate, write
from triage.intelligence.adversary import Traits
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

SPEC = ScenarioSpec(name="two_nights", seed=20, days=5, entities=60, attacks=("phishing-to-cloud", "model-theft"))


def adapt(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(generate(SPEC), tmp_path_factory.mktemp("case"))


def settings(folder: Path, *files: Path) -> Settings:
    return Settings(output=folder, workers=1, intelligence=IntelligenceSettings(files=tuple(map(str, files))))


def run(chosen: Settings, alerts: Path) -> list[Incident]:
    """Triage the case in two runs, cut at a midnight: what comes later knows the earlier from the state only."""
    with Session(chosen, adapt) as session:
        for _ in session.run([str(alerts)], Window(None, None), chosen.output):
            pass
        return list(session.incidents())


def traits(chosen: Settings) -> list[Traits]:
    with Session(chosen) as session:
        return list(session._store.campaigns.traits())


def far_apart(known: list[Traits]) -> Iterator[tuple[tuple[Traits, str], tuple[Traits, str]]]:
    """Yield pairs of incidents on other assets and nights, with an outside entity that only each of them names."""
    for left in known:
        for right in known:
            apart = not set(left.assets) & set(right.assets) and right.first - left.first > timedelta(hours=20)
            values = [{t.value for t in one.indicators if t.assets == 1} for one in (left, right)]
            own = [sorted(values[0] - values[1]), sorted(values[1] - values[0])]
            if apart and all(own):
                yield (left, own[0][0]), (right, own[1][0])


def bundle(path: Path, *values: str) -> Path:
    malware: dict[str, Any] = {"type": "malware", "id": f"malware--{uuid.UUID(int=1)}", "name": "GREYMOTH"}
    objects = [malware]
    for number, value in enumerate(values, start=2):
        kind = "ipv4-addr" if value.replace(".", "").isdigit() else "domain-name"
        pattern = f"[{kind}:value = '{value}']" if "/" not in value else f"[url:value = '{value}']"
        if len(value) in {32, 40, 64} and "." not in value:
            pattern = f"[file:hashes.'SHA-256' = '{value}']"
        indicator: dict[str, Any] = {
            "type": "indicator",
            "id": f"indicator--{uuid.UUID(int=number)}",
            "pattern": pattern,
        }
        indicator |= {"pattern_type": "stix", "confidence": 80, "valid_from": "2026-01-01T00:00:00Z"}
        relation: dict[str, Any] = {"type": "relationship", "id": f"relationship--{uuid.UUID(int=number)}"}
        relation |= {"relationship_type": "indicates", "source_ref": indicator["id"], "target_ref": malware["id"]}
        objects += [relation, indicator]
    path.write_text(json.dumps({"type": "bundle", "id": f"bundle--{uuid.UUID(int=9)}", "objects": objects}))
    return path


def test_a_bundle_links_two_nights_and_its_removal_takes_the_link_away(alerts: Path, tmp_path: Path) -> None:
    plain = settings(tmp_path / "plain")
    before = run(plain, alerts)
    with Session(plain) as session:
        assert not session.campaigns()
    (left, one), (right, other) = next(far_apart(traits(plain)))

    told = settings(tmp_path / "told", bundle(tmp_path / "bundle.json", one, other))
    after = run(told, alerts)
    with Session(told) as session:
        campaign = next(c for c in session.campaigns() if {left.incident_id, right.incident_id} <= set(c.incident_ids))
        link = campaign.links[0]
        assert link.ground == "threat"
        assert "GREYMOTH" in link.reason
        assert one in link.reason
        assert other in link.reason
        assert "confidence 80" in link.reason
    published = {incident.incident_id: incident for incident in after}
    for name in (left.incident_id, right.incident_id):
        assert published[name].campaign_ids == (campaign.campaign_id,)
        tools = {evidence.tool for evidence in published[name].evidence if "GREYMOTH" in evidence.statement}
        assert tools == {"threat_intelligence"}
        parts = {part.name: part for part in published[name].urgency_parts}
        assert parts["known bad"].points > 0
    never_lower(before, after)

    untold = settings(tmp_path / "told")
    with Session(untold) as session:
        session.update_intelligence()
        assert not session.campaigns()
        assert not session.intelligence_sources()


def never_lower(before: list[Incident], after: list[Incident]) -> None:
    order = ("benign", "suspicious", "attack")
    now = {incident.incident_id: incident for incident in after}
    for incident in before:
        if incident.incident_id in now:
            same = now[incident.incident_id]
            assert same.urgency >= incident.urgency
            assert order.index(same.disposition) >= order.index(incident.disposition)
            assert sum(part.points for part in same.urgency_parts) <= 100.05
    shown = {incident.incident_id for incident in before if incident.disposition != "benign"}
    assert shown <= {incident.incident_id for incident in after if incident.disposition != "benign"}


def test_a_campaign_keeps_its_id_and_the_result_repeats(alerts: Path, tmp_path: Path) -> None:
    plain = settings(tmp_path / "plain")
    run(plain, alerts)
    (_, one), (_, other) = next(far_apart(traits(plain)))
    told = settings(tmp_path / "told", bundle(tmp_path / "bundle.json", one, other))
    run(told, alerts)
    files = [(tmp_path / "told" / "incidents.json").read_bytes()]
    with Session(told) as session:
        first = session.campaigns()
        session.update_intelligence()
        assert [c.campaign_id for c in session.campaigns()] == [c.campaign_id for c in first]
        assert session.campaigns() == first
    again = settings(tmp_path / "again", tmp_path / "bundle.json")
    run(again, alerts)
    files.append((tmp_path / "again" / "incidents.json").read_bytes())
    assert files[0] == files[1]
