"""What is generated reads back as it was meant: rule, time, severity, principal and techniques."""

import json
from typing import Any

import polars as pl
import pytest

from triage.config import Limits
from triage.generator import ATTACKS, BENIGN, Alert, ScenarioSpec, generate
from triage.normalise import normalise_page
from triage.ports import RawPage

FAMILIES = {
    ".internal.alerts-security": ("elastic_security", "kibana.alert.rule.name"),
    "endpoint.alerts": ("ecs", "message"),
    "suricata": ("suricata", "alert/signature"),
    "wazuh": ("wazuh", "rule/description"),
    "sentinel": ("sentinel", "DisplayName"),
    "okta": ("elastic_integration", "event/action"),
    "guardduty": ("elastic_integration", "rule/name"),
    "zeek": ("elastic_integration", "rule/name"),
    "mailgateway": ("ecs", "rule/name"),
    "otmonitor": ("ecs", "rule/name"),
    "aigateway": ("ecs", "rule/name"),
}
SILENT = ("zeek",)
"""Say nothing of severity."""


def part_of(index: str) -> str:
    return next(part for part in FAMILIES if part in index)


def field(source: dict[str, Any], path: str) -> Any:
    for key in path.split("/"):
        source = source[key]
    return source


@pytest.fixture(scope="module")
def alerts() -> list[Alert]:
    spec = ScenarioSpec(days=5, entities=80, attacks=tuple(ATTACKS), benign=tuple(BENIGN))
    return list(generate(spec).alerts())


@pytest.fixture(scope="module")
def rows(alerts: list[Alert]) -> list[dict[str, Any]]:
    hits = [{"_index": a.index_name, "_id": a.id, "_source": a.source} for a in alerts]
    lines = b"".join(json.dumps(hit).encode() + b"\n" for hit in hits)
    batch = normalise_page(RawPage(lines, len(hits), "made", 1), 0, Limits(), 0)
    assert batch.dead_letters.height == 0
    return list(batch.alerts.join(batch.facts, on="fact", how="left").sort(pl.col("line")).iter_rows(named=True))


def test_every_document_becomes_one_alert_at_its_time(alerts: list[Alert], rows: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in rows] == [alert.id for alert in alerts]
    assert [row["time"] for row in rows] == [round(alert.time.timestamp() * 1_000_000) for alert in alerts]
    assert not any("time_missing" in row["flags"] for row in rows)


def test_every_document_is_read_by_the_family_of_its_product(alerts: list[Alert], rows: list[dict[str, Any]]) -> None:
    for alert, row in zip(alerts, rows, strict=True):
        family, path = FAMILIES[part_of(alert.index_name)]
        assert (row["family"], row["rule"]) == (family, field(alert.source, path))


def test_every_alert_is_about_somebody(rows: list[dict[str, Any]]) -> None:
    assert {row["rule"] for row in rows if not row["principal"]} == set()


def test_severities_arrive_where_the_product_states_one(rows: list[dict[str, Any]]) -> None:
    stated = [row for row in rows if part_of(row["index"]) not in SILENT]
    assert all(row["severity"] is not None and 0 <= row["severity"] <= 100 for row in stated)


def test_techniques_of_all_matrices_arrive(rows: list[dict[str, Any]]) -> None:
    found = {technique for row in rows for technique in row["techniques"]}
    assert {"T1566.001", "T1003.001", "T0843", "T0858", "AML.T0051.000", "AML.T0025"} <= found


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("phishing-to-cloud", {"mailbox", "user", "host", "lineage", "address"}),
        ("plant-manipulation", {"device", "user", "host", "address"}),
        ("model-theft", {"model", "user", "address"}),
    ],
)
def test_an_attack_can_be_tied_together_by_what_its_alerts_share(name: str, kinds: set[str]) -> None:
    """Every alert of it shares a user, address, host or lineage with another one."""
    scenario = generate(ScenarioSpec(seed=4, attacks=(name,), benign=()))
    lines = b"".join(json.dumps(hit).encode() + b"\n" for hit in scenario.hits())
    batch = normalise_page(RawPage(lines, len(scenario.truth), "made", 1), 0, Limits(), 0)
    facts = batch.alerts.join(batch.facts, on="fact")["entities"].to_list()
    groups: list[set[tuple[str, str]]] = []
    for entities in facts:
        mine = {(e["kind"], e["value"]) for e in entities}
        touching = [g for g in groups if g & mine]
        groups = [g for g in groups if not g & mine] + [mine.union(*touching)]
    assert len(groups) == 1
    assert kinds <= {kind for kind, _ in groups[0]}
