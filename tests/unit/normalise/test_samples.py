"""The real documents of every vendor, where the shared samples are at hand."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from support.normalised import RECEIVED, Read, read
from triage.config import Limits
from triage.normalise import merge, normalise_page
from triage.ports import RawPage

SAMPLES = Path(__file__).resolve().parents[3] / "../shared/datasets/raw_formats"
ALERTS = Path(__file__).resolve().parents[3] / "../shared/datasets/defender_xdr/security_alerts.ndjson.gz"
FILES = sorted(SAMPLES.glob("*/*.ndjson"))
WITHOUT_TIME = {
    "okta_unit_tests.ndjson": 11,  # trimmed by their authors
    "falcon_pipeline_expected.ndjson": 0,
    "eve_events_ecs_sekoia.ndjson": 1,
}

NAMELESS = {"eve_events_ecs_sekoia.ndjson": 1}  # a host metric, no alert

pytestmark = pytest.mark.skipif(not FILES, reason="the shared samples are not here")


def documents(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text().splitlines()]


def sample(name: str, number: int = 0) -> Read:
    return read(documents(name)[number])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_is_an_alert_with_a_time_and_a_rule(path: Path) -> None:
    lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
    batch = normalise_page(RawPage(b"\n".join(lines), len(lines), path.name, 1), 0, Limits(), RECEIVED)
    assert batch.dead_letters.is_empty()
    assert batch.alerts.height == len(lines)
    untimed = batch.alerts.filter(batch.alerts["time_source"] == "run").height
    assert untimed <= WITHOUT_TIME.get(path.name, 0)
    assert batch.facts["rule"].str.ends_with("unknown alert").sum() <= NAMELESS.get(path.name, 0)
    assert not batch.facts["rule"].str.starts_with("{").any()


@pytest.mark.parametrize(
    ("name", "time", "rule", "severity", "principal", "techniques"),
    [
        (
            "elastic_security/kibana_alert_hits.ndjson",
            "2026-03-31T08:07:31.757000+00:00",
            "PKINIT Certificate Authentication - Administrator TGT Request",
            73,
            "host:dc01.lab2019.local",
            ["T1550", "T1558"],
        ),
        (
            "elastic_security/kibana_eql_sequence_shell_alert.ndjson",
            "2025-06-02T07:08:52.956000+00:00",
            "Multiple Logon Failure from the same Source Address",
            47,
            "host:desktop-niu0ucp",
            ["T1110", "T1110.001", "T1110.003"],
        ),
        (
            "elastic_security/kibana_8_2_eql_source.ndjson",
            "2022-12-23T10:36:43.160000+00:00",
            "Linux Restricted Shell Breakout via awk Commands",
            47,
            "",
            [],
        ),
        (
            "elastic_security/elastic_defend_alert.ndjson",
            "2022-04-04T12:15:41.594406+00:00",
            "Malware Prevention Alert",
            73,
            "host:security-win-1",
            [],
        ),
        (
            "wazuh/wazuh_attack.ndjson",
            "2022-01-18T12:17:27.242838+00:00",
            "First time this IDS alert is generated.",
            45,
            "address:10.35.32.1",
            [],
        ),
        (
            "wazuh/wazuh_manager_1_autostart_localaccount.ndjson",
            "2025-09-22T18:58:46.592000+00:00",
            "First time user executed sudo.",
            16.7,
            "host:videoserver",
            ["T1548.003"],
        ),
        (
            "wazuh/wazuh_manager_1_pwnkit_pam.ndjson",
            "2025-09-22T08:01:28.310000+00:00",
            "ET POLICY Executable and linking format (ELF) file download Over HTTP",
            73,
            "address:172.17.100.121",
            [],
        ),
        (
            "suricata/suricata_alert_ecs_elastic.ndjson",
            "2018-10-03T14:42:44.836000+00:00",
            "ET POLICY curl User-Agent Outbound",
            47,
            "address:192.168.1.146",
            [],
        ),
        (
            "suricata/eve_events_raw.ndjson",
            "2024-01-07T19:54:41.712927+00:00",
            "SURICATA HTTP missing Host header",
            21,
            "address:10.0.4.4",
            [],
        ),
        (
            "aminer/aminer_attack.ndjson",
            "2022-01-18T12:59:54.320000+00:00",
            "CPU value deviates from average in monitoring logs.",
            None,
            "host:intranet-server",
            [],
        ),
    ],
)
def test_samples_say_what_they_say(
    name: str, time: str, rule: str, severity: float | None, principal: str, techniques: list[str]
) -> None:
    alert = sample(name)
    assert (alert.time.isoformat(), alert.time_source) == (time, "event")
    assert alert.fact["rule"] == rule
    assert alert.fact["severity"] == (severity if severity is None else pytest.approx(severity, abs=0.01))
    assert alert.fact["principal"] == principal
    assert alert.fact["techniques"] == techniques


INTEGRATIONS = [  # file, document, detector, rule, severity, principal, techniques, tactics
    (
        "guardduty/guardduty_ecs_elastic",
        0,
        "guardduty",
        "Discovery:Kubernetes/TorIPCaller",
        47,
        "user:generatedfindingusername",
        [],
        ["discovery"],
    ),
    ("okta/okta_ecs_elastic", 0, "okta", "user.session.start", None, "user:xxxxxx", [], []),
    ("zeek/notice_ecs_elastic", 0, "zeek", "SSH::Password_Guessing", None, "address:172.16.238.1", [], []),
    (
        "vectra/vectra_detect_ecs_elastic",
        0,
        "vectra",
        "Hidden DNS Tunnel",
        18,
        "address:89.160.20.112",
        [],
        ["command-and-control"],
    ),
    (
        "vectra/vectra_rux_ecs_elastic",
        0,
        "vectra",
        "Azure AD Redundant Access Creation",
        50,
        "user:serviceprincipal_3fb87dda-882a-49e1-88b9-67d2499b2fd4",
        ["T1526"],
        ["command-and-control"],
    ),
    (
        "falco/falco_ecs_elastic",
        0,
        "falco",
        "Read sensitive file untrusted",
        35,
        "host:97ade2b595f0",
        ["T1555"],
        ["credential-access"],
    ),
    (
        "crowdstrike/crowdstrike_alert_ecs_elastic",
        0,
        "crowdstrike",
        "PrewittPupAdwareSensorDetect-Lowest",
        21,
        "host:abc709-1175",
        [],
        [],
    ),
    ("crowdstrike/falcon_pipeline_expected", 5, "crowdstrike", "Process Terminated", 73, "host:alice-laptop", [], []),
    (
        "darktrace/darktrace_ecs_elastic",
        0,
        "darktrace",
        "Extensive Unusual SSH Connections",
        98,
        "address:81.2.69.144",
        [],
        [],
    ),
    (
        "darktrace/darktrace_ecs_elastic",
        1,
        "darktrace",
        "Compromise::Beaconing Activity To External Rare",
        67.4,
        "address:81.2.69.142",
        [],
        [],
    ),
    ("darktrace/darktrace_ecs_elastic", 2, "darktrace", "Advanced Search", 43, "host:example-vsensor", [], []),
    (
        "defender/defender_ecs_elastic",
        0,
        "m365_defender",
        "Email reported by user as malware or phish",
        5,
        "user:testuser3",
        [],
        ["initial-access"],
    ),
    (
        "defender/defender_ecs_elastic",
        1,
        "m365_defender",
        "Suspicious execution of hidden file",
        47,
        "user:kaic",
        ["T1564.001"],
        ["defense-evasion"],
    ),
    (
        "defender/defender_ecs_elastic",
        2,
        "microsoft_defender_endpoint",
        "Low-reputation arbitrary code executed by signed executable",
        21,
        "host:temp123.middleeast.corp.microsoft.com",
        [],
        ["execution"],
    ),
    ("ecs_other/ecs_elastic_other_products", 0, "sentinel_one", "Trojan", 90, "host:test-linux", [], []),
    ("ecs_other/ecs_elastic_other_products", 1, "carbon_black_cloud", "DEVICE_CONTROL", 30, "host:desktop-002", [], []),
    (
        "ecs_other/ecs_elastic_other_products",
        2,
        "cisco_secure_endpoint",
        "W32.WinWord.Powershell",
        47,
        "host:demo_amp",
        [],
        [],
    ),
    ("ecs_other/ecs_elastic_other_products", 3, "snort", "Pinging...", 21, "address:10.50.10.88", [], []),
    ("ecs_other/ecs_elastic_other_products", 4, "panw", "URL-filtering", 5, "user:crusher", [], []),
    ("ecs_other/sentinelone_alert_expected", 1, "sentinel_one", "test5", 99, "host:srv-win1", [], []),
    ("suricata/suricata_ecs_elastic", 0, "suricata", "suricata ssh event", None, "address:192.168.86.85", [], []),
]


@pytest.mark.parametrize("row", INTEGRATIONS, ids=lambda row: f"{row[0].partition('/')[2]}-{row[1]}")
def test_products_through_elastic_integrations_say_what_they_say(row: tuple[Any, ...]) -> None:
    name, number, *expected = row
    alert = sample(f"{name}.ndjson", number)
    severity = None if alert.fact["severity"] is None else round(alert.fact["severity"], 1)
    found = [alert.fact[key] for key in ("detector", "rule", "principal", "techniques", "tactics")]
    assert [*found[:2], severity, *found[2:]] == expected
    assert alert.time_source == "event"
    assert alert.fact["flags"] == []


def test_an_integration_names_the_same_entities_as_the_product_itself() -> None:
    raw = {(kind, value) for kind, _, value in sample("guardduty/guardduty_raw.ndjson").entities}
    through = sample("guardduty/guardduty_ecs_elastic.ndjson").entities
    assert {"user", "address", "cloud"} <= {kind for kind, _ in raw} & {kind for kind, _, _ in through}
    assert ("cloud", "key", "GeneratedFindingAccessKeyId") in through
    assert ("mailbox", "", "xxxxxx@elastic.co") in sample("okta/okta_ecs_elastic.ndjson").entities
    assert ("device", "", "did-3") in sample("darktrace/darktrace_ecs_elastic.ndjson", 1).entities
    for fact in (sample(f"falco/falco_{form}.ndjson").fact for form in ("raw", "ecs_elastic")):
        assert (fact["severity"], fact["tactics"], fact["principal"]) == (
            35,
            ["credential-access"],
            "host:97ade2b595f0",
        )


def test_the_people_of_a_kerberos_alert_are_found_in_the_windows_event() -> None:
    alert = sample("elastic_security/kibana_alert_hits.ndjson")
    assert ("user", "target", "administrator") in alert.entities
    assert ("address", "source", "192.168.1.218") in alert.entities


def test_a_sequence_alert_says_so() -> None:
    assert sample("elastic_security/kibana_eql_sequence_shell_alert.ndjson").fact["flags"] == ["sequence"]


def test_a_key_that_is_a_value_and_a_parent_loses_neither() -> None:
    [document] = documents("falco/falco_raw_key_conflict.ndjson")
    assert read(document).fact["rule"] == "Read sensitive file trusted after startup"


@pytest.mark.parametrize("folder", ["wazuh", "suricata", "aminer", "elastic_security"])
def test_these_vendors_never_reach_the_fallback(folder: str) -> None:
    families = {sample(str(path.relative_to(SAMPLES)), 0).fact["family"] for path in SAMPLES.glob(f"{folder}/*.ndjson")}
    assert "fallback" not in families


@pytest.mark.skipif(not ALERTS.exists(), reason="the shared alerts are not here")
def test_all_alerts_of_the_microsoft_range_are_read_in_full() -> None:
    lines = [line for line in gzip.decompress(ALERTS.read_bytes()).split(b"\n") if line.strip()]
    merged = merge([normalise_page(RawPage(b"\n".join(lines), len(lines), "f", 1), 0, Limits(), RECEIVED)]).batch
    assert merged.dead_letters.is_empty()
    assert set(merged.facts["family"]) == {"sentinel"}
    assert set(merged.alerts["time_source"]) == {"event"}
    assert merged.facts["severity"].null_count() == 0
    day = 24 * 3600 * 1_000_000
    assert merged.alerts["time"].is_between(19_716 * day, 20_082 * day).all()  # the year 2024
    assert (merged.facts["principal"] == "").sum() <= merged.facts.height // 20
