"""Deterministic generator of damaged alerts: what a hostile or broken pipeline may put into an index.

Each line is NDJSON input of ``normalise_page``; some lines are not even JSON. The same seed gives the same bytes.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]

SEEDS: tuple[Document, ...] = (
    {
        "@timestamp": "2026-03-01T10:00:00.000Z",
        "message": "AMiner: New event type.",
        "event": {"kind": "alert", "module": "aminer", "severity": 47},
        "rule": {"name": "New event type."},
        "host": {"name": "web01", "ip": ["10.0.0.5"]},
        "user": {"name": "CORP\\alice"},
        "threat": {"technique": {"id": ["T1059.001"]}, "tactic": {"name": "Execution"}},
    },
    {
        "@timestamp": "2026-03-01T10:00:00.000Z",
        "kibana.alert.rule.name": "Encoded PowerShell",
        "kibana.alert.uuid": "u-1",
        "kibana.alert.original_time": "2026-03-01T09:59:00Z",
        "kibana.alert.risk_score": 73,
        "kibana.alert.rule.threat": [{"tactic": {"id": "TA0002"}, "technique": [{"id": "T1059"}]}],
        "process": {"name": "powershell.exe", "entity_id": "p1", "parent": {"entity_id": "p0"}},
        "host": {"name": "PC1.corp.example"},
    },
    {
        "timestamp": "2026-03-01T10:00:00.000+0000",
        "rule": {"level": 10, "description": "sshd: brute force", "id": "5712", "mitre": {"id": ["T1110"]}},
        "agent": {"id": "001", "name": "web01", "ip": "10.0.0.5"},
        "manager": {"name": "m"},
        "data": {"srcip": "203.0.113.9", "srcuser": "root"},
        "id": "1772359200.1",
    },
    {
        "timestamp": "2018-03-23T14:19:51.660586-0600",
        "flow_id": 1,
        "event_type": "alert",
        "src_ip": "10.0.0.1",
        "dest_ip": "203.0.113.9",
        "alert": {"signature": "ET SCAN x", "signature_id": 1, "severity": 2, "category": "Misc"},
    },
    {
        "AnalysisComponent": {"AnalysisComponentName": "AMiner: x", "Message": "New value(s) detected"},
        "LogData": {"RawLogData": ['{"host":{"name":"h"}}'], "Timestamps": [1642510794.32]},
        "AMiner": {"ID": "10.0.0.9"},
    },
    {
        "SystemAlertId": "s-1",
        "AlertName": "Suspicious LDAP query",
        "ProviderName": "MDATP",
        "AlertSeverity": "Medium",
        "StartTime": "2024-06-26 11:57:25.302556+00:00",
        "CompromisedEntity": "pc1.corp.example",
        "Entities": '[{"$id":"1","Type":"host","HostName":"pc1"},{"$ref":"1"},'
        '{"Type":"process","ImageFile":{"$ref":"9"}}]',
        "Techniques": '["T1018"]',
    },
    {
        "title": "Rare thread",
        "id": "r-1",
        "rule_level": "high",
        "tags": ["attack.t1055"],
        "matches": [{"Computer": "IEWIN7", "SystemTime": "2016-09-20T18:45:24.408203Z", "Hashes": "MD5=x,SHA1=y"}],
    },
    {"vendor": "acme", "sev": "High", "title": "odd thing", "client_ip": "192.0.2.7", "when": 1750935017037},
)

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    -0.0,
    "",
    " ",
    "-",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfffy",
    "\u202eevil\u2066",
    "\u200b\ufeff",
    "\x1b]0;owned\x07\x1b[2J",
    "<script>alert(1)</script>",
    "x" * 5_000,
    "9" * 5_000,
    "1601-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2023-07-0202:00:00",
    "::ffff:1.2.3.4",
    "[]",
    "{}",
    '{"a":',
    [],
    {},
    [None],
    [[]],
    [{}],
    ["a", 1, None, {"b": []}],
    {"$ref": "1"},
    {"name": {"name": {"name": []}}},
)


def mutated(seed: int, count: int) -> Iterator[bytes]:
    """Yield ``count`` lines without line breaks: documents and hits, damaged in one to four ways."""
    rng = random.Random(seed)
    for number in range(count):
        document = json.loads(json.dumps(rng.choice(SEEDS)))
        for _ in range(rng.randint(0, 4)):
            rng.choice(_MUTATIONS)(document, rng)
        if rng.random() < 0.5:
            document = {"_index": f"alerts-{rng.randint(0, 3)}", "_id": _id(rng, number), "_source": document}
        yield _damaged(json.dumps(document).encode(), rng)


def _id(rng: random.Random, number: int) -> Any:
    """Return an id: mostly new, at times one that was given before or that no index gives."""
    return rng.choice((f"d{number}", f"d{number}", f"d{number}", f"d{rng.randint(0, number)}", _value(rng)))


def _value(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(VALUES))


def _nodes(document: Document) -> list[Document]:
    nodes = [document]
    for node in nodes:
        if len(nodes) > 200:
            break
        nodes.extend(value for value in node.values() if isinstance(value, dict))
    return nodes


def _swap(document: Document, rng: random.Random) -> None:
    node = rng.choice(_nodes(document))
    if node:
        node[rng.choice(list(node))] = _value(rng)


def _drop(document: Document, rng: random.Random) -> None:
    node = rng.choice(_nodes(document))
    if node:
        del node[rng.choice(list(node))]


def _dot(document: Document, rng: random.Random) -> None:
    """Spell a nested field in dots, beside what is left of its parent."""
    for key, value in list(document.items()):
        if isinstance(value, dict) and value:
            inner = rng.choice(list(value))
            document[f"{key}.{inner}"] = value[inner]
            return


def _bury(document: Document, rng: random.Random) -> None:
    """Nest a value a thousand objects or lists deep."""
    value: Any = "deep"
    for _ in range(rng.choice((40, 240, 300, 900))):
        value = {"a": value} if rng.random() < 0.5 else [value]
    document[rng.choice(["deep", "host", "rule", "process"])] = value


def _add(document: Document, rng: random.Random) -> None:
    rng.choice(_nodes(document))[str(_value(rng))[:50]] = _value(rng)


def _wrap(document: Document, rng: random.Random) -> None:
    node = rng.choice(_nodes(document))
    if node:
        key = rng.choice(list(node))
        node[key] = [node[key]]


def _damaged(line: bytes, rng: random.Random) -> bytes:
    """Damage the text of a line itself, once in ten."""
    if rng.random() > 0.1:
        return line
    cut = rng.randint(0, len(line))
    return rng.choice(
        (
            line[:cut],
            line[:cut] + bytes([rng.randint(128, 255)]) + line[cut:],
            b"\x00" + line,
            b'{"a":' * 2000,
            b"[" * 2000,
            b"[]",
            b"null",
            b'"text"',
            b'{"a":1,"a":2,' + line[1:],
            b'{"n":NaN,' + line[1:],
            b"",
        )
    )


_MUTATIONS: tuple[Callable[[Document, random.Random], None], ...] = (_swap, _swap, _drop, _dot, _bury, _add, _wrap)
