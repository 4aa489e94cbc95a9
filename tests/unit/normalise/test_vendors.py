"""The smaller families, one hand-made document each: time, detector, rule, severity, principal, techniques, tactics."""

from typing import Any

import pytest

from support.normalised import read

DOCUMENTS: dict[str, tuple[dict[str, Any], tuple[Any, ...], set[tuple[str, str, str]]]] = {
    "crowdstrike": (
        {
            "metadata": {"eventType": "EppDetectionSummaryEvent", "eventCreationTime": 1744192295000},
            "event": {
                "ProcessStartTime": 1744192230,
                "ProcessId": 11,
                "ParentProcessId": 10,
                "Hostname": "PC1",
                "UserName": "CORP\\ann",
                "Name": "Test Detection",
                "Description": "A file launched.",
                "Severity": 70,
                "SeverityName": "High",
                "FileName": "a.exe",
                "FilePath": "\\Device\\Users",
                "SHA256String": "a" * 64,
                "Tactic": "Defense Evasion",
                "TechniqueId": "CST0023",
            },
        },
        ("2025-04-09T09:50:30+00:00", "Test Detection", 73, "host:pc1", [], ["defense-evasion"]),
        {
            ("user", "", "ann"),
            ("process", "", "a.exe"),
            ("file", "", "\\device\\users\\a.exe"),
            ("hash", "", "a" * 64),
            ("lineage", "", "pc1/11"),
            ("lineage", "parent", "pc1/10"),
        },
    ),
    "guardduty": (
        {
            "schemaVersion": "2.0",
            "accountId": "111111111111",
            "type": "Exfiltration:IAMUser/AnomalousBehavior",
            "severity": 8,
            "title": "Odd API calls.",
            "updatedAt": "2023-03-20T15:33:12.406Z",
            "resource": {"accessKeyDetails": {"userName": "bob", "accessKeyId": "AKIA1"}},
            "service": {
                "serviceName": "guardduty",
                "action": {"awsApiCallAction": {"remoteIpDetails": {"ipAddressV4": "198.51.100.9"}}},
            },
        },
        (
            "2023-03-20T15:33:12.406000+00:00",
            "Exfiltration:IAMUser/AnomalousBehavior",
            73,
            "user:bob",
            [],
            ["exfiltration"],
        ),
        {("address", "source", "198.51.100.9"), ("cloud", "key", "AKIA1"), ("cloud", "account", "111111111111")},
    ),
    "okta": (
        {
            "uuid": "u-1",
            "published": "2022-11-01T11:04:00.364Z",
            "eventType": "user.session.start",
            "displayMessage": "User login",
            "severity": "WARN",
            "outcome": {"result": "FAILURE"},
            "actor": {"type": "User", "alternateId": "Ann@corp.example"},
            "target": [
                {"type": "AppInstance", "alternateId": "Payroll"},
                {"type": "User", "alternateId": "bob@corp.example"},
            ],
            "client": {"ipAddress": "203.0.113.7"},
        },
        ("2022-11-01T11:04:00.364000+00:00", "user.session.start", 35, "user:ann", [], []),
        {
            ("mailbox", "", "ann@corp.example"),
            ("service", "target", "payroll"),
            ("user", "target", "bob"),
            ("address", "source", "203.0.113.7"),
        },
    ),
    "falco": (
        {
            "hostname": "node1",
            "output": "x",
            "priority": "Critical",
            "rule": "Read sensitive file",
            "tags": ["T1555", "mitre_credential_access"],
            "time": "2024-05-07T18:54:19.341081180Z",
            "output_fields": {"container.id": "c1", "fd.name": "/etc/shadow", "proc.name": "cat", "user.name": "root"},
        },
        (
            "2024-05-07T18:54:19.341081+00:00",
            "Read sensitive file",
            99,
            "host:node1",
            ["T1555"],
            ["credential-access"],
        ),
        {("file", "", "/etc/shadow"), ("cloud", "container", "c1"), ("process", "", "cat"), ("user", "", "root")},
    ),
    "zeek": (
        {
            "_path": "notice",
            "ts": 1320435875.879278,
            "note": "SSH::Password_Guessing",
            "msg": "10.0.0.1 appears to be guessing",
            "id.orig_h": "10.0.0.1",
            "id.resp_h": "203.0.113.1",
        },
        ("2011-11-04T19:44:35.879278+00:00", "SSH::Password_Guessing", None, "address:10.0.0.1", [], []),
        {("address", "destination", "203.0.113.1")},
    ),
    "ocsf": (
        {
            "class_uid": 2004,
            "class_name": "Detection Finding",
            "time": 1615564094,
            "severity_id": 4,
            "severity": "High ",
            "metadata": {"product": {"name": "Acme EDR"}},
            "finding_info": {
                "title": "Bad thing",
                "attacks": [{"technique": {"uid": "T1003"}, "tactic": {"uid": "TA0006"}}],
            },
            "device": {"hostname": "PC1"},
            "observables": [{"type_id": 2, "value": "203.0.113.1"}, {"type_id": "x"}],
        },
        ("2021-03-12T15:48:14+00:00", "Bad thing", 73, "host:pc1", ["T1003"], ["credential-access"]),
        {("address", "observable", "203.0.113.1")},
    ),
    "darktrace": (
        {
            "pbid": 1,
            "time": 1687967502000,
            "score": 0.62,
            "model": {
                "now": {"name": "Device::Recon", "mitre": {"techniques": ["T1200"], "tactics": ["initial-access"]}}
            },
            "device": {"did": 62, "ip": "10.0.0.5", "hostname": "cam1"},
        },
        ("2023-06-28T15:51:42+00:00", "Device::Recon", 62, "host:cam1", ["T1200"], ["initial-access"]),
        {("device", "", "did-62"), ("address", "host", "10.0.0.5")},
    ),
    "vectra": (
        {
            "message": 'vectra_json_v2 -: {"headend_addr":"192.0.2.1","d_type_vname":"Port Scan","d_type":"port_scan",'
            '"severity":7.0,"threat":60,"category":"RECONNAISSANCE","mitre":["T1046"],"host_name":"IP-10.0.0.4",'
            '"dd_dst_ip":"10.43.0.81","vectra_timestamp":"1623742534"}'
        },
        ("2021-06-15T07:35:34+00:00", "Port Scan", 70, "address:10.0.0.4", ["T1046"], ["reconnaissance"]),
        {("address", "destination", "10.43.0.81")},
    ),
    "defender": (
        {
            "category": "AdvancedHunting-AlertEvidence",
            "time": "2023-09-26T13:04:41.9797846Z",
            "properties": {
                "Timestamp": "2023-09-26T13:03:18Z",
                "AlertId": "fa1",
                "EntityType": "MailMessage",
                "Title": "Phish delivered",
                "Severity": "Low",
                "Categories": '["InitialAccess"]',
                "AttackTechniques": '["Phishing (T1566)","X(T1566.001)"]',
                "AdditionalFields": '{"Recipient":"ann@corp.example","Sender":"eve@evil.example"}',
            },
        },
        (
            "2023-09-26T13:03:18+00:00",
            "Phish delivered",
            21,
            "mailbox:ann@corp.example",
            ["T1566", "T1566.001"],
            ["initial-access"],
        ),
        {("mailbox", "source", "eve@evil.example")},
    ),
}


@pytest.mark.parametrize("family", DOCUMENTS)
def test_vendor_documents(family: str) -> None:
    document, expected, entities = DOCUMENTS[family]
    alert = read(document)
    fact = alert.fact
    assert fact["family"] == family
    assert alert.time_source == "event"
    severity = None if fact["severity"] is None else round(fact["severity"], 3)
    found = (alert.time.isoformat(), fact["rule"], severity, fact["principal"], fact["techniques"], fact["tactics"])
    assert found == expected
    assert entities <= alert.entities


@pytest.mark.parametrize(("value", "expected"), [(4, 73), (70, 70), ("x", None)])
def test_crowdstrike_counts_to_five_or_to_a_hundred(value: object, expected: float | None) -> None:
    alert = read({"metadata": {"eventType": "DetectionSummaryEvent"}, "event": {"Severity": value, "DetectName": "d"}})
    assert alert.fact["severity"] == expected


def test_vectra_zeros_say_nothing() -> None:
    alert = read({"headend_addr": "192.0.2.1", "d_type_vname": "x", "severity": 0, "threat": 0})
    assert alert.fact["severity"] is None


def test_a_saas_device_of_darktrace_is_a_person() -> None:
    alert = read({"pbid": 1, "breachDevices": [{"hostname": "SaaS::Zoom: ann@corp.example", "ip": "10.0.0.#36859"}]})
    assert alert.fact["principal"] == "user:ann"
