"""Each product's documents have the keys and types of that product's real documents."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from triage.generator import ATTACKS, Scenario, ScenarioSpec, generate
from triage.generator.process import image_of
from triage.generator.techniques import PARENTS, TECHNIQUES

SHARED = Path(__file__).resolve().parents[3] / "../shared/datasets"
SAMPLES = {
    ".internal.alerts-security": "elastic_security/kibana_alert_hits.ndjson",
    "endpoint.alerts": "elastic_security/elastic_defend_alert.ndjson",
    "suricata": "suricata/eve_alerts_wrccdc-2018.ndjson",
    "okta": "okta/okta_ecs_elastic.ndjson",
    "guardduty": "guardduty/guardduty_ecs_elastic.ndjson",
    "zeek": "zeek/notice_ecs_elastic.ndjson",
    "wazuh": "wazuh/wazuh_manager_1_autostart_localaccount.ndjson",
}
OWN = {
    ".internal.alerts-security": {"agent.type", "okta"},
    "wazuh": {"@timestamp", "input"},
}


@pytest.fixture(scope="module")
def documents() -> dict[str, list[dict[str, Any]]]:
    scenario: Scenario = generate(ScenarioSpec(days=3, attacks=tuple(ATTACKS), entities=80))
    found: dict[str, list[dict[str, Any]]] = {}
    for hit in scenario.hits():
        found.setdefault(hit["_index"].split("-2026")[0], []).append(hit["_source"])
    return found


def of(documents: Mapping[str, list[dict[str, Any]]], part: str) -> list[dict[str, Any]]:
    return [source for index, sources in documents.items() if part in index for source in sources]


def kinds(value: Any) -> str:
    return {dict: "object", list: "list", str: "text", bool: "flag", int: "number", float: "number"}[type(value)]


@pytest.mark.parametrize("part", sorted(SAMPLES))
def test_top_level_keys_have_the_types_of_real_documents(documents: dict[str, list[dict[str, Any]]], part: str) -> None:
    file = SHARED / "raw_formats" / SAMPLES[part]
    if not file.exists():
        pytest.skip("the samples are not here")
    real: dict[str, set[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        for key, value in sample.get("_source", sample).items():
            real.setdefault(key, set()).add(kinds(value))
    made = of(documents, part)
    assert made
    shared = {key for source in made for key in source} & set(real)
    assert len(shared) >= 5
    for source in made:
        for key in shared & set(source):
            assert kinds(source[key]) in real[key], key


def test_elastic_alerts_have_dotted_keys_beside_nested_objects(documents: dict[str, list[dict[str, Any]]]) -> None:
    for source in of(documents, ".internal.alerts-security"):
        assert source["event.kind"] == "signal"
        assert "kind" not in source["event"]
        assert source["kibana.alert.original_time"] <= source["@timestamp"]
        assert source["kibana.alert.severity"] in {"low", "medium", "high", "critical"}
        assert 1 <= source["kibana.alert.risk_score"] <= 99
        assert source["kibana.alert.uuid"]


def test_suricata_is_bare_and_its_severity_counts_downwards(documents: dict[str, list[dict[str, Any]]]) -> None:
    for source in of(documents, "suricata"):
        assert source["event_type"] == "alert"
        assert "@timestamp" not in source
        assert source["timestamp"].endswith("+0000")
        assert source["alert"]["severity"] in {1, 2, 3}


def test_sentinel_hides_lists_in_strings(documents: dict[str, list[dict[str, Any]]]) -> None:
    for source in of(documents, "sentinel"):
        entities = json.loads(source["Entities"])
        assert all({"$id", "Type"} <= set(entity) for entity in entities)
        assert all(t.startswith("T1") for t in json.loads(source["Techniques"]))
        assert source["AlertSeverity"] in {"Informational", "Low", "Medium", "High"}
        assert source["StartTime"][10] == " "


def test_wazuh_levels_and_guardduty_severities_are_on_their_own_scales(
    documents: dict[str, list[dict[str, Any]]],
) -> None:
    assert all(0 <= s["rule"]["level"] <= 16 and isinstance(s["rule"]["id"], str) for s in of(documents, "wazuh"))
    assert all(1 <= s["aws"]["guardduty"]["severity"]["code"] <= 10 for s in of(documents, "guardduty"))
    assert all(s["event"]["kind"] == ["event"] for s in of(documents, "guardduty"))


@pytest.mark.parametrize(
    ("part", "framework", "prefix"),
    [
        ("otmonitor", "MITRE ATT&CK for ICS", "T0"),
        ("aigateway", "MITRE ATLAS", "AML.T"),
        ("mailgateway", "MITRE ATT&CK", "T1"),
    ],
)
def test_ecs_detectors_name_techniques_of_their_matrix(
    documents: dict[str, list[dict[str, Any]]], part: str, framework: str, prefix: str
) -> None:
    threats = [s["threat"] for s in of(documents, part) if "threat" in s]
    assert threats
    assert all(t["framework"] == framework and t["technique"]["id"][0].startswith(prefix) for t in threats)


def test_a_lineage_shares_entity_ids(documents: dict[str, list[dict[str, Any]]]) -> None:
    processes = [s["process"] for s in of(documents, ".internal.alerts-security") if "process" in s]
    own = {p["entity_id"] for p in processes}
    assert any(p.get("parent", {}).get("entity_id") in own for p in processes)


def test_techniques_are_named_as_the_matrices_name_them() -> None:
    file = SHARED / "attack/techniques.csv"
    if not file.exists():
        pytest.skip("the table is not here")
    table: dict[str, tuple[str, str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        number, rest = line.split(",", 1)
        name, _, tactics = rest.rsplit(",", 2)
        table[number] = (name.strip('"'), tactics)
    for number, (name, tactic) in TECHNIQUES.items():
        assert table[number][0] == name
        assert tactic in table[number][1].split()
    assert {number: table[number][0] for number in PARENTS} == dict(PARENTS)


@pytest.mark.parametrize(
    ("line", "system", "image"),
    [
        (
            "powershell.exe -nop",
            "windows",
            ("powershell.exe", r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"),
        ),
        (r"C:\x\y.exe -k", "windows", ("y.exe", r"C:\x\y.exe")),
        (r'"C:\Program Files\x\y z.exe" /a', "windows", ("y z.exe", r"C:\Program Files\x\y z.exe")),
        ("tar -czf x", "linux", ("tar", "/usr/bin/tar")),
        ("/opt/a/run.sh", "linux", ("run.sh", "/opt/a/run.sh")),
    ],
)
def test_the_program_of_a_command_line(line: str, system: str, image: tuple[str, str]) -> None:
    assert image_of(line, system) == image


def test_a_sequence_alert_stands_over_its_building_blocks(documents: dict[str, list[dict[str, Any]]]) -> None:
    made = of(documents, ".internal.alerts-security")
    shells = [s for s in made if s["kibana.alert.depth"] == 2]
    assert shells
    for shell in shells:
        blocks = [s for s in made if s.get("kibana.alert.group.id") == shell["kibana.alert.uuid"] and s is not shell]
        assert [b["kibana.alert.group.index"] for b in blocks] == list(range(len(blocks)))
        assert {b["kibana.alert.building_block_type"] for b in blocks} == {"default"}
        below = [a["id"] for a in shell["kibana.alert.ancestors"] if a["type"] == "signal"]
        assert below == [b["kibana.alert.uuid"] for b in blocks]
        assert "kibana.alert.building_block_type" not in shell
