"""Times, severities, techniques, entity spellings, text and fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.config import Limits
from triage.normalise import attack, severity
from triage.normalise.entities import Entities, canonical
from triage.normalise.fields import Document, flatten, objects
from triage.normalise.text import clean
from triage.normalise.timestamps import parse_time

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600 * SECOND),
        ("2026-01-01T00:00:00.1234567Z", 1_767_225_600 * SECOND + 123_456),
        ("2024-05-07T18:54:19.341081180Z", 1_715_108_059 * SECOND + 341_081),
        ("2026-01-01T01:00:00+0100", 1_767_225_600 * SECOND),
        ("2018-03-23T14:19:51.660586-0600", 1_521_836_391 * SECOND + 660_586),
        ("2023-04-28 18:49:37.731", 1_682_707_777 * SECOND + 731_000),
        ("2024-06-26 11:57:25.302556+00:00", 1_719_403_045 * SECOND + 302_556),
        ("2026-01-01T00:00:00", 1_767_225_600 * SECOND),
        ("01/18/2022-12:17:27.242838", 1_642_508_247 * SECOND + 242_838),
        ("03/12/2021 10:48:14 PM", 1_615_589_294 * SECOND),
        (1_750_935_017, 1_750_935_017 * SECOND),
        (1_750_935_017_037, 1_750_935_017_037_000),
        (1_715_108_059_341_081_180, 1_715_108_059_341_081),
        (1_642_510_794.32, 1_642_510_794_320_000),
        ("1320435875.879278", 1_320_435_875_879_278),
        ("133500000000000000", 1_705_526_400 * SECOND),
        ("1601-01-01T00:00:00Z", -11_644_473_600 * SECOND),
        ("9999-12-31T23:59:59Z", 253_402_300_799 * SECOND),
        (10**30, 2**63 - 1),
    ],
)
def test_times_in_all_their_formats(value: object, expected: int) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "soon", "2023-07-0202:00:00", "2026-13-01T00:00:00Z", True, 0, -1, 3, float("nan"), float("inf")),
        *([], {}, "99/99/2022-12:17:27", "Jan 17 09:44:35", "2026-01-01", "x" * 100),
        "9999-12-31T23:59:59.9999999999999999999x",
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert parse_time(value) is None


@given(st.text() | st.floats() | st.integers() | st.binary() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*"))
def test_times_fit_in_64_bits_whatever_comes(value: object) -> None:
    time = parse_time(value)
    assert time is None or -(2**63) <= time < 2**63


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (severity.from_word("Informational "), 5),
        (severity.from_word("CRITICAL"), 99),
        (severity.from_word(3), None),
        (severity.on_scale("3", severity.WAZUH), 10),
        (severity.on_scale(15, severity.WAZUH), 95),
        (severity.on_scale(99, severity.WAZUH), 99),
        (severity.on_scale(-5, severity.WAZUH), 0),
        (severity.on_scale(8, severity.GUARDDUTY), 73),
        (severity.on_scale("x", severity.WAZUH), None),
        (severity.in_steps("1", severity.SURICATA), 73),
        (severity.in_steps(9, severity.SURICATA), None),
        (severity.percent(120), 100),
        (severity.percent(float("nan")), None),
        (severity.first(None, 0.0, 5.0), 0),
    ],
)
def test_severities_share_one_scale(found: float | None, expected: float | None) -> None:
    assert found == expected


@given(st.floats() | st.integers() | st.text())
def test_severities_stay_between_0_and_100(value: object) -> None:
    for points in (severity.WAZUH, severity.GUARDDUTY, severity.TEN):
        found = severity.on_scale(value, points)
        assert found is None or 0 <= found <= 100


def test_techniques_and_tactics() -> None:
    texts = [
        "T1059.001",
        "attack.t1078",
        "Phishing (T1566)",
        "Foo(t0855)",
        "AML.T0051.000",
        "T10591",
        "XT1059",
        "CST0023",
    ]
    assert attack.techniques(texts) == ("AML.T0051.000", "T0855", "T1059.001", "T1078", "T1566")
    names = ["LateralMovement", "Lateral Movement", "TA0006", "command-and-control", "Stealth", "mitre", "Falcon Intel"]
    assert attack.tactics(names) == ("command-and-control", "credential-access", "defense-evasion", "lateral-movement")
    assert attack.from_tags(["attack.credential_access, attack.t1558", "Tactic: Execution"]) == (
        ("T1558",),
        ("credential-access",),
    )


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("address", "::ffff:1.2.3.4", "1.2.3.4"),
        ("address", "2001:DB8::0:1", "2001:db8::1"),
        ("address", "fe80::1%eth0", "fe80::1"),
        ("address", "192.0.2.1:443", "192.0.2.1"),
        ("address", "175.16.199.1/24", "175.16.199.1"),
        ("address", "127.0.0.1", ""),
        ("address", "::1", ""),
        ("address", "0.0.0.0", ""),  # noqa: S104
        ("address", "::", ""),
        ("address", "10.0.0.#36859", ""),
        ("host", "PC1.Corp.Example.", "pc1.corp.example"),
        ("host", "localhost", ""),
        ("host", "N/A", ""),
        ("user", "CORP\\Alice", "alice"),
        ("user", "alice@corp.example", "alice"),
        ("user", "-", ""),
        ("user", "Unknown", ""),
        ("hash", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
        ("hash", "0" * 64, ""),
        ("hash", "xyz", ""),
        ("domain", "Evil.Example.", "evil.example"),
        ("domain", "10.0.0.1", ""),
        ("url", "HTTP://Evil.Example/A", "http://evil.example/A"),
        ("url", "/etc/passwd", ""),
        ("mailbox", "Ann <Ann@Corp.Example>", "ann@corp.example"),
        ("mailbox", "ann", ""),
        ("file", "C:\\Temp\\A.exe", "c:\\temp\\a.exe"),
        ("file", "/opt/A", "/opt/A"),
        ("process", "C:\\Temp\\A.exe", "a.exe"),
        ("logon", "pc1/0x3e7", ""),
        ("lineage", "{00000000-0000-0000-0000-000000000000}", ""),
    ],
)
def test_entities_have_one_spelling(kind: str, text: str, expected: str) -> None:
    assert canonical(kind, text, 1000) == expected


@pytest.mark.parametrize(
    ("entities", "principal"),
    [
        ([("user", "", "bob"), ("host", "", "pc1"), ("address", "source", "10.0.0.1")], "host:pc1"),
        ([("user", "", "ann"), ("mailbox", "", "bob@corp.example")], "mailbox:bob@corp.example"),
        ([("user", "", "bob@corp.example")], "user:bob"),
        ([("user", "", "bob"), ("address", "host", "10.0.0.1")], "address:10.0.0.1"),
        ([("user", "", "SYSTEM"), ("cloud", "", "i-1")], "cloud:i-1"),
        ([("address", "source", "203.0.113.9"), ("address", "destination", "10.0.0.1")], "address:10.0.0.1"),
        ([("address", "destination", "10.0.0.2"), ("address", "source", "10.0.0.1")], "address:10.0.0.1"),
        ([("address", "destination", "8.8.8.8"), ("address", "source", "9.9.9.9")], "address:9.9.9.9"),
        ([("domain", "", "evil.example")], ""),
    ],
)
def test_the_principal_is_the_asset_an_alert_is_about(entities: list[tuple[str, str, str]], principal: str) -> None:
    found = Entities(limit=64, chars=1000)
    for kind, role, value in entities:
        found.add(kind, role, value)
    assert found.principal() == principal


@given(st.text(max_size=300), st.integers(50, 100))
def test_clean_text_is_printable_and_bounded(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert cleaned.isprintable()


def test_clean_makes_the_invisible_visible() -> None:
    assert clean("a\tb\n c", 50) == "a b c"
    assert clean("\x1b[2J\u202e\u200b", 50) == "\\x1b[2J\\u202e\\u200b"
    assert clean("x" * 60, 50) == "x" * 49 + "…"


def test_fields_are_found_dotted_nested_and_as_value_and_parent() -> None:
    source: dict[str, Any] = {
        "container.image": "nginx",
        "container.image.tag": "1",
        "event": {"action": "a"},
        "event.kind": "alert",
        "list": [{"one": 1}],
        "empty": "",
    }
    assert flatten(source, 32) == {
        "container.image": "nginx",
        "container.image.tag": "1",
        "event.action": "a",
        "event.kind": "alert",
        "list": [{"one": 1}],
        "list.one": 1,
    }
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}, 2) == {"d": 2}


def test_document_texts() -> None:
    document = Document({"a": ["-", "x"], "b": "N/A", "c": [True, 1.5], "d": "one\ntwo", "e": {"f": []}}, Limits())
    assert document.text("missing", "b", "c") == "True"
    assert document.line("d") == "one"
    assert list(document.texts("a", "c")) == ["-", "x", "True", "1.5"]
    assert document.scalar("e.f") is None
    assert objects('[{"a":1},2]') == [{"a": 1}]
    assert objects("[broken") == []
