"""Each family on hand-made documents: time, rule, severity, principal, entities, techniques."""

import json
from typing import Any

import pytest

from support.normalised import read

ELASTIC: dict[str, Any] = {
    "@timestamp": "2026-03-01T10:05:00.000Z",
    "event.kind": "signal",
    "event": {"code": "1", "module": "windows"},
    "kibana.alert.uuid": "uuid-1",
    "kibana.alert.original_time": "2026-03-01T10:00:00.500Z",
    "kibana.alert.reason": "process event with process whoami.exe on pc1 created high alert Whoami.\nmore",
    "kibana.alert.rule.name": "Whoami as System",
    "kibana.alert.rule.rule_id": "rule-7",
    "kibana.alert.rule.uuid": "install-7",
    "kibana.alert.risk_score": 73,
    "kibana.alert.severity": "high",
    "kibana.alert.workflow_status": "closed",
    "kibana.alert.rule.tags": ["attack.credential_access, attack.t1558", "Domain: Endpoint"],
    "kibana.alert.rule.threat": [
        {
            "framework": "MITRE ATT&CK",
            "tactic": {"id": "TA0007", "name": "Discovery"},
            "technique": [{"id": "T1033", "subtechnique": [{"id": "T1033.001"}]}],
        }
    ],
    "host": {"name": "PC1.Corp.Example", "hostname": "PC1", "ip": ["10.0.0.7", "::1"]},
    "user": {"name": "CORP\\Alice", "domain": "CORP"},
    "process": {
        "name": "Whoami.exe",
        "executable": "C:\\Windows\\System32\\whoami.exe",
        "entity_id": "{AA-1}",
        "parent": {"entity_id": "{AA-0}", "name": "powershell.exe"},
        "hash": {"md5": "3F090AA1CAE8B179F93B2064B8609AE2", "sha1": "0000000000000000000000000000000000000000"},
    },
    "winlog": {
        "event_data": {"TargetUserName": "-", "IpAddress": "::ffff:192.168.1.218", "SubjectLogonId": "0x1d8f8c"}
    },
}


def test_elastic_security_alert() -> None:
    alert = read({"_index": ".alerts", "_id": "x", "_source": ELASTIC})
    assert (alert.time.isoformat(), alert.time_source) == ("2026-03-01T10:00:00.500000+00:00", "event")
    assert alert.fact["detector"] == "elastic"
    assert alert.fact["family"] == "elastic_security"
    assert (alert.fact["rule"], alert.fact["rule_id"]) == ("Whoami as System", "rule-7")
    assert alert.fact["message"] == "process event with process whoami.exe on pc1 created high alert Whoami."
    assert alert.fact["severity"] == 73
    assert alert.fact["techniques"] == ["T1033", "T1033.001", "T1558"]
    assert alert.fact["tactics"] == ["credential-access", "discovery"]
    assert alert.fact["principal"] == "host:pc1.corp.example"
    assert alert.fact["flags"] == ["resolved"]
    assert alert.entities == {
        ("host", "", "pc1.corp.example"),
        ("host", "", "pc1"),
        ("address", "host", "10.0.0.7"),
        ("address", "source", "192.168.1.218"),
        ("user", "", "alice"),
        ("process", "", "whoami.exe"),
        ("process", "parent", "powershell.exe"),
        ("file", "process", "c:\\windows\\system32\\whoami.exe"),
        ("lineage", "", "aa-1"),
        ("lineage", "parent", "aa-0"),
        ("logon", "", "pc1.corp.example/0x1d8f8c"),
        ("hash", "", "3f090aa1cae8b179f93b2064b8609ae2"),
    }


def test_elastic_alert_without_original_time_is_placed_when_the_rule_ran() -> None:
    source = {key: value for key, value in ELASTIC.items() if key != "kibana.alert.original_time"}
    alert = read(source)
    assert (alert.time.isoformat(), alert.time_source) == ("2026-03-01T10:05:00+00:00", "detected")
    assert (alert.place, alert.id) == ("elastic_security", "uuid-1")


def test_elastic_nested_spelling_says_the_same() -> None:
    nested = {"kibana": {"alert": {"rule": {"name": "r"}, "uuid": "u", "risk_score": 21}}, "host": {"name": ["H"]}}
    alert = read(nested)
    assert (alert.fact["family"], alert.fact["rule"], alert.fact["severity"]) == ("elastic_security", "r", 21)
    assert alert.fact["principal"] == "host:h"


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"kibana.alert.building_block_type": "default", "kibana.alert.group.id": "g"}, ["building_block"]),
        ({"kibana.alert.group.id": "g"}, ["sequence"]),
    ],
)
def test_sequence_alerts_and_their_building_blocks_share_the_group(fields: dict[str, str], flags: list[str]) -> None:
    alert = read({"@timestamp": "2026-01-01T00:00:00Z", "kibana.alert.rule.name": "r", **fields})
    assert alert.fact["flags"] == flags
    assert ("lineage", "sequence", "g") in alert.entities


def test_ecs_alert() -> None:
    alert = read(
        {
            "@timestamp": "2026-03-01T10:00:00Z",
            "ecs": {"version": "8.11.0"},
            "event": {"kind": "alert", "dataset": "acme.alerts", "severity": 60},
            "rule": {"name": ["Odd login"], "id": 17},
            "message": "Odd login of bob\nfrom afar",
            "source": {"ip": ["203.0.113.9"]},
            "user": {"name": "bob@corp.example", "target": {"name": "root"}},
            "dns": {"question": {"name": "Evil.Example."}},
            "url": {"full": "HTTPS://Evil.Example/Path"},
            "email": {"to": {"address": ["Ann@Corp.example"]}},
            "gen_ai": {"request": {"model": "Support-Bot"}},
            "threat": {"technique": {"id": "T1078"}, "tactic": {"name": ["Initial Access"]}},
        }
    )
    assert (alert.fact["detector"], alert.fact["rule"], alert.fact["rule_id"]) == ("acme", "Odd login", "17")
    assert (alert.fact["severity"], alert.fact["message"]) == (60, "Odd login of bob")
    assert (alert.fact["techniques"], alert.fact["tactics"]) == (["T1078"], ["initial-access"])
    assert alert.fact["principal"] == "model:support-bot"
    assert alert.entities == {
        ("address", "source", "203.0.113.9"),
        ("user", "", "bob"),
        ("mailbox", "", "bob@corp.example"),
        ("user", "target", "root"),
        ("domain", "", "evil.example"),
        ("url", "", "https://evil.example/Path"),
        ("mailbox", "target", "ann@corp.example"),
        ("model", "", "support-bot"),
    }


@pytest.mark.parametrize(
    ("module", "value", "expected"),
    [
        ("suricata", 1, 73),
        ("snort", 3, 21),
        ("m365_defender", 1, 5),
        ("m365_defender", 4, 73),
        ("endpoint", 99, 99),
        ("acme", 1, None),
    ],
)
def test_ecs_severity_is_read_in_the_scale_of_its_source(module: str, value: int, expected: float | None) -> None:
    alert = read({"event": {"kind": "alert", "module": module, "severity": value}, "rule.name": "r"})
    assert alert.fact["severity"] == expected


WAZUH: dict[str, Any] = {
    "timestamp": "2025-09-22T18:58:46.592+0000",
    "rule": {
        "level": 12,
        "description": "First time user executed sudo.",
        "id": "5403",
        "mitre": {"id": ["T1548.003"], "tactic": ["Privilege Escalation", "Defense Evasion"]},
    },
    "agent": {"id": "002", "name": "videoserver", "ip": "172.17.100.121"},
    "manager": {"name": "wazuh"},
    "id": "1758567526.11597388",
    "full_log": "Sep 22 18:58:45 videoserver sudo: webadmin : COMMAND=/usr/bin/cat",
    "predecoder": {"hostname": "videoserver"},
    "data": {"srcuser": "webadmin", "dstuser": "root(uid=0)", "srcip": "192.0.2.1:4444"},
}


def test_wazuh_alert() -> None:
    alert = read(WAZUH)
    assert (alert.time.isoformat(), alert.time_source) == ("2025-09-22T18:58:46.592000+00:00", "event")
    assert (alert.place, alert.id) == ("wazuh", "1758567526.11597388")
    assert (alert.fact["detector"], alert.fact["rule_id"]) == ("wazuh", "5403")
    assert alert.fact["rule"] == alert.fact["message"] == "First time user executed sudo."
    assert alert.fact["severity"] == 68
    assert alert.fact["techniques"] == ["T1548.003"]
    assert alert.fact["tactics"] == ["defense-evasion", "privilege-escalation"]
    assert alert.fact["principal"] == "host:videoserver"
    assert alert.entities == {
        ("host", "", "videoserver"),
        ("address", "host", "172.17.100.121"),
        ("address", "source", "192.0.2.1"),
        ("user", "", "webadmin"),
        ("user", "target", "root"),
    }


def test_wazuh_agents_with_the_placeholder_name_are_told_apart_by_address() -> None:
    log = "01/18/2022-12:17:27.242838  [**] [1:2220000:1] SURICATA SMTP invalid reply [**] [Classification: x]"
    agent = {"id": "29", "name": "wazuh-client", "ip": "10.35.32.1"}
    document = {**WAZUH, "agent": agent, "predecoder": {"timestamp": "01/18/2022-12:17:27.242838"}, "full_log": log}
    del document["timestamp"]
    alert = read(document)
    assert alert.fact["principal"] == "address:10.35.32.1"
    assert alert.fact["message"] == "SURICATA SMTP invalid reply"
    assert alert.time.isoformat() == "2022-01-18T12:17:27.242838+00:00"


def test_wazuh_windows_event() -> None:
    win = {
        "system": {"computer": "DC1.corp.example"},
        "eventdata": {
            "image": "C:\\x\\Evil.exe",
            "processGuid": "{G1}",
            "hashes": "MD5=" + "a" * 32,
            "user": "CORP\\eve",
        },
    }
    alert = read({"rule": {"level": 5, "description": "d"}, "agent": {"name": "dc1"}, "data": {"win": win}})
    assert alert.fact["principal"] == "host:dc1.corp.example"
    assert {
        ("process", "", "evil.exe"),
        ("file", "process", "c:\\x\\evil.exe"),
        ("lineage", "", "g1"),
        ("hash", "", "a" * 32),
        ("user", "", "eve"),
        ("host", "", "dc1"),
    } <= alert.entities


EVE: dict[str, Any] = {
    "timestamp": "2018-03-23T14:19:51.660586-0600",
    "flow_id": 1383219474142309,
    "event_type": "alert",
    "src_ip": "203.0.113.5",
    "dest_ip": "10.47.1.20",
    "alert": {
        "signature_id": 2001580,
        "signature": "ET SCAN Unusual Port 137",
        "category": "Misc activity",
        "severity": 3,
        "metadata": {"mitre_technique_id": ["T1046"], "mitre_tactic_name": ["Command_And_Control"]},
    },
    "http": {"hostname": "www.evil.example", "url": "/x"},
    "tls": {"sni": "tls.evil.example"},
}


@pytest.mark.parametrize("shape", ["bare", "filebeat", "wazuh", "message"])
def test_suricata_in_all_its_envelopes(shape: str) -> None:
    documents: dict[str, dict[str, Any]] = {
        "bare": EVE,
        "filebeat": {"suricata": {"eve": EVE}, "@timestamp": "2018-03-23T20:19:51.660586Z", "event": {"kind": "alert"}},
        "wazuh": {
            "data": {**EVE, "flow_id": "1383219474142309.000000", "alert": {**EVE["alert"], "severity": "3"}},
            "rule": {"level": 3, "description": "Suricata: Alert", "id": "86601"},
        },
        "message": {"message": "eve: " + json.dumps(EVE), "agent": {"type": "filebeat"}, "event": {"kind": "event"}},
    }
    alert = read(documents[shape])
    assert alert.time.isoformat() == "2018-03-23T20:19:51.660586+00:00"
    assert (alert.fact["detector"], alert.fact["family"]) == ("suricata", "suricata")
    assert (alert.fact["rule"], alert.fact["rule_id"]) == ("ET SCAN Unusual Port 137", "2001580")
    assert (alert.fact["severity"], alert.fact["message"]) == (21, "Misc activity")
    assert (alert.fact["techniques"], alert.fact["tactics"]) == (["T1046"], ["command-and-control"])
    assert alert.fact["principal"] == "address:10.47.1.20"
    assert alert.entities == {
        ("address", "source", "203.0.113.5"),
        ("address", "destination", "10.47.1.20"),
        ("domain", "", "www.evil.example"),
        ("domain", "", "tls.evil.example"),
    }


def test_suricata_events_that_are_no_alerts_have_a_name_too() -> None:
    alert = read({"timestamp": "2024-01-01T00:00:00+0000", "event_type": "dns", "flow_id": 1, "src_ip": "10.0.0.1"})
    assert (alert.fact["rule"], alert.fact["severity"]) == ("suricata dns event", None)


def test_aminer_anomaly() -> None:
    line = json.dumps({"host": {"name": "intranet-server"}, "service": {"type": "system"}})
    document = {
        "AnalysisComponent": {
            "AnalysisComponentIdentifier": 36,
            "AnalysisComponentName": "AMiner: CPU value deviates.",
            "Message": "Statistical data report",
        },
        "LogData": {"RawLogData": [line], "Timestamps": [1642510794.32]},
        "AMiner": {"ID": "10.35.35.204"},
    }
    alert = read(document)
    assert alert.time.isoformat() == "2022-01-18T12:59:54.320000+00:00"
    assert (alert.fact["rule"], alert.fact["message"]) == ("CPU value deviates.", "Statistical data report")
    assert (alert.fact["severity"], alert.fact["rule_id"]) == (None, "36")
    assert alert.fact["principal"] == "host:intranet-server"
    assert alert.entities == {("host", "", "intranet-server"), ("address", "host", "10.35.35.204")}


def test_aminer_finds_the_client_of_an_access_log() -> None:
    log = '172.17.130.196 - - [18/Jan/2022:12:17:58 +0000] "HEAD / HTTP/1.1" 404'
    component = {"AnalysisComponentName": "AMiner: New request method."}
    alert = read({"AnalysisComponent": component, "LogData": {"RawLogData": [log]}, "AMiner": {"ID": "10.0.0.1"}})
    assert ("address", "source", "172.17.130.196") in alert.entities
    assert alert.fact["principal"] == "address:10.0.0.1"


def test_sentinel_alert_follows_the_graph_of_entities() -> None:
    graph = [
        {"$id": "1", "Type": "host", "HostName": "pc1", "DnsDomain": "corp.example", "LastIpAddress": "10.0.0.8"},
        {
            "$id": "2",
            "Type": "account",
            "Name": "Emma Clark",
            "AccountName": "fk8mq",
            "UserPrincipalName": "fk8mq@corp.example",
        },
        {
            "$id": "3",
            "Type": "process",
            "ProcessId": "7",
            "CreationTimeUtc": "2024-06-27T14:33:27.79Z",
            "ImageFile": {"$ref": "5"},
            "ParentProcess": {
                "$id": "4",
                "Type": "process",
                "ProcessId": "6",
                "CreationTimeUtc": "2024-06-27T14:33:20Z",
            },
        },
        {
            "$id": "5",
            "Type": "file",
            "Directory": "C:\\Temp",
            "Name": "Rubeus.exe",
            "FileHashes": [{"$id": "6", "Type": "filehash", "Algorithm": "MD5", "Value": "b" * 32}],
        },
        {"$ref": "6"},
        {"$id": "7", "Type": "ip", "Address": "203.0.113.4"},
        {"$id": "8", "Type": "url", "Url": "https://Evil.example/A"},
        {"$id": "9", "Type": "mailMessage", "Recipient": "ann@corp.example", "Sender": "eve@evil.example"},
        {"$id": "10", "Type": "azure-resource", "ResourceId": "/subscriptions/1/vm/2"},
    ]
    alert = read(
        {
            "@timestamp": "2024-06-27T15:00:00Z",
            "SystemAlertId": "s-1",
            "AlertName": "Rubeus was seen",
            "ProviderName": "MDATP",
            "AlertSeverity": "Medium",
            "Description": "A tool.\nMore text.",
            "StartTime": "2024-06-27 14:32:53.148888+00:00",
            "Status": "Resolved",
            "CompromisedEntity": "pc1.corp.example",
            "Entities": json.dumps(graph),
            "ExtendedProperties": json.dumps({"DetectorId": "d-1", "MitreTechniques": "T1018;T1558.003"}),
            "Tactics": "InitialAccess, Persistence",
            "Techniques": '["T1021"]',
            "SubTechniques": '["T1021.002"]',
        }
    )
    assert alert.time.isoformat() == "2024-06-27T14:32:53.148888+00:00"
    assert (alert.place, alert.id) == ("sentinel", "s-1")
    assert (alert.fact["detector"], alert.fact["rule"], alert.fact["rule_id"]) == ("defender", "Rubeus was seen", "d-1")
    assert (alert.fact["severity"], alert.fact["message"], alert.fact["flags"]) == (47, "A tool.", ["resolved"])
    assert alert.fact["techniques"] == ["T1018", "T1021", "T1021.002", "T1558.003"]
    assert alert.fact["tactics"] == ["initial-access", "persistence"]
    assert alert.fact["principal"] == "host:pc1.corp.example"
    assert alert.entities == {
        ("host", "", "pc1.corp.example"),
        ("host", "", "pc1"),
        ("address", "host", "10.0.0.8"),
        ("user", "", "fk8mq"),
        ("mailbox", "", "fk8mq@corp.example"),
        ("process", "", "rubeus.exe"),
        ("file", "process", "c:\\temp\\rubeus.exe"),
        ("file", "", "c:\\temp\\rubeus.exe"),
        ("hash", "", "b" * 32),
        ("lineage", "", "pc1.corp.example/7/2024-06-27t14:33:27.79z"),
        ("lineage", "", "pc1.corp.example/6/2024-06-27t14:33:20z"),
        ("lineage", "parent", "pc1.corp.example/6/2024-06-27t14:33:20z"),
        ("address", "", "203.0.113.4"),
        ("url", "", "https://evil.example/A"),
        ("mailbox", "target", "ann@corp.example"),
        ("mailbox", "source", "eve@evil.example"),
        ("cloud", "", "/subscriptions/1/vm/2"),
    }


def test_sentinel_graph_that_points_in_circles_ends() -> None:
    graph = [{"$id": "1", "Type": "process", "ImageFile": {"$ref": "1"}, "ParentProcess": {"$ref": "1"}}, {"$ref": "9"}]
    alert = read({"SystemAlertId": "s", "AlertName": "a", "Entities": json.dumps(graph)})
    assert alert.fact["rule"] == "a"


def test_zircolite_rule_with_several_matches() -> None:
    match = {"Computer": "IE10Win7", "SubjectUserName": "IEUser", "SubjectLogonId": "0x6793c", "Image": "C:\\a\\b.exe"}
    document = {
        "title": "Rare thread",
        "id": "rule-1",
        "description": "Detects it.",
        "rule_level": "high",
        "tags": ["attack.privilege-escalation", "attack.t1055"],
        "count": 2,
        "matches": [
            {**match, "SystemTime": "2016-09-20T18:45:25Z"},
            {**match, "SystemTime": "2016-09-20T18:45:24.408203Z", "TargetUserName": "Bob"},
        ],
    }
    alert = read(document)
    assert (alert.time.isoformat(), alert.time_source) == ("2016-09-20T18:45:24.408203+00:00", "event")
    assert (alert.fact["detector"], alert.fact["rule"], alert.fact["severity"]) == ("sigma", "Rare thread", 73)
    assert alert.fact["techniques"] == ["T1055"]
    assert alert.fact["tactics"] == ["privilege-escalation"]
    assert alert.fact["principal"] == "host:ie10win7"
    assert alert.fact["flags"] == ["matches:2"]
    assert {("user", "target", "bob"), ("logon", "", "ie10win7/0x6793c"), ("process", "", "b.exe")} <= alert.entities
    assert alert.id != "rule-1"


def test_an_unknown_document_still_tells_something() -> None:
    alert = read(
        {
            "vendor": "Acme",
            "detection": {"title": "Odd thing", "severity": "High", "created_at": "2026-02-01T00:00:00Z"},
            "src": {"ip": "10.0.0.9"},
            "dest_ip": "203.0.113.9",
            "computerName": "PC9",
            "userName": "ACME\\zoe",
            "file_sha256": "c" * 64,
            "contact": "zoe@acme.example",
            "query": "evil.example",
            "resource": "arn:aws:s3:::bucket",
            "note2": "seen as T1059.003",
        }
    )
    assert (alert.time.isoformat(), alert.time_source) == ("2026-02-01T00:00:00+00:00", "event")
    assert (alert.fact["detector"], alert.fact["family"]) == ("acme", "fallback")
    assert (alert.fact["rule"], alert.fact["severity"]) == ("Odd thing", 73)
    assert alert.fact["techniques"] == ["T1059.003"]
    assert alert.fact["principal"] == "host:pc9"
    assert {
        ("address", "source", "10.0.0.9"),
        ("address", "destination", "203.0.113.9"),
        ("host", "", "pc9"),
        ("user", "", "zoe"),
        ("hash", "", "c" * 64),
        ("mailbox", "", "zoe@acme.example"),
        ("domain", "", "evil.example"),
        ("cloud", "", "arn:aws:s3:::bucket"),
    } <= alert.entities


def test_a_document_of_nothing_is_an_alert_of_nothing() -> None:
    alert = read({"a": 1})
    assert (alert.fact["rule"], alert.fact["severity"], alert.fact["principal"]) == ("unknown alert", None, "")
    assert (alert.time_source, alert.fact["flags"]) == ("run", ["time_missing"])
