"""What analysts carry away: whole, and harmless for whatever reads it."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.incidents import incident
from triage.cli import takeaway as commands
from triage.desk import queries, stix
from triage.desk.decisions import Note, Status
from triage.desk.indicators import Indicator, indicators
from triage.desk.takeaway import COPIES, EXPORTS, Item, as_csv, as_html, as_jsonl, as_markdown, as_stix, copy
from triage.models import Entity, EntityKind, Incident

NOW = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
SHA256 = "AB" * 32
HOSTILE = "\x1b[2J=cmd|' /C calc'!A0 \u202e</td>[x](javascript:a)\nnext"


def entity(kind: str, value: str, count: int = 1) -> Entity:
    return Entity(kind=EntityKind(kind), value=value, alert_count=count)


def case(*entities: Entity, name: str = "inc-1", **changes: Any) -> Incident:
    values = {"entities": entities, "first_seen": NOW, "last_seen": NOW + timedelta(hours=1)}
    return incident(name).model_copy(update=values | changes)


FULL = case(
    entity("host", "dc01.corp.example", 9),
    entity("user", "CORP\\al'ice", 8),
    entity("address", "8.8.8.8"),
    entity("address", "10.1.2.3", 7),
    entity("address", "2001:4860::1"),
    entity("address", "not an address"),
    entity("domain", "evil.example"),
    entity("domain", "dc01.corp.example"),
    entity("url", "https://evil.example/a?b='c'"),
    entity("hash", SHA256),
    entity("hash", "imphash:xyz"),
    entity("mailbox", "a@evil.example"),
    entity("process", "C:\\Windows\\cmd.exe"),
    entity("logon", "0x3e7"),
    techniques=("T1003.001", "AML.T0054", "T9999"),
)


# --- indicators -----------------------------------------------------------------------------------------------------


def test_indicators_leave_out_what_is_our_own() -> None:
    assert [found.value for found in indicators([FULL, FULL])] == [
        "8.8.8.8",
        "2001:4860::1",
        "evil.example",
        "https://evil.example/a?b='c'",
        SHA256,
        "imphash:xyz",
        "a@evil.example",
    ]
    ours = {found.value for found in indicators([FULL], internal=True)} - {found.value for found in indicators([FULL])}
    assert ours == {"10.1.2.3", "dc01.corp.example"}


def test_defanged_indicators_lead_nowhere() -> None:
    text = copy(Item(FULL, None), "iocs", defanged=True)
    assert "hxxps[:]//evil[.]example" in text
    assert "8[.]8[.]8[.]8" in text
    assert "a[@]evil[.]example" in text
    assert SHA256 in text


@given(st.text(min_size=1))
def test_an_indicator_is_one_line_that_no_terminal_acts_on(value: str) -> None:
    assert Indicator(EntityKind.URL, value).shown(defanged=True).isprintable()


# --- queries --------------------------------------------------------------------------------------------------------


def test_the_three_queries_ask_the_same() -> None:
    kql, dsl, esql = queries.as_kql(FULL), json.loads(queries.as_dsl(FULL)), queries.as_esql(FULL, ["a-*", "b"])
    assert 'host.name : "dc01.corp.example"' in kql
    assert '@timestamp >= "2026-03-01T08:00:00.123456Z"' in kql
    assert {"term": {"host.name": {"value": "dc01.corp.example"}}} in dsl["query"]["bool"]["should"]
    assert {"term": {"user.name": {"value": "CORP\\al'ice"}}} in dsl["query"]["bool"]["should"]
    assert not any("not an address" in str(term) for term in dsl["query"]["bool"]["should"]), "an ip field refuses it"
    assert dsl["query"]["bool"]["minimum_should_match"] == 1
    assert esql.startswith('FROM "a-*", "b"\n| WHERE @timestamp >= "2026-03-01T08:00:00.123456Z"')
    assert 'host.name == "dc01.corp.example" OR user.name == "CORP\\\\al\'ice"' in esql
    assert "0x3e7" not in kql + esql


def test_an_incident_without_entities_is_asked_for_by_time() -> None:
    bare = case()
    assert queries.as_kql(bare).startswith("@timestamp")
    assert "should" not in json.loads(queries.as_dsl(bare))["query"]["bool"]
    assert queries.as_esql(bare, ["*"]).count("WHERE") == 1


@given(st.text(min_size=1))
def test_no_name_ends_the_string_it_stands_in(value: str) -> None:
    esql = queries.as_esql(case(entity("host", value)), ["*"])
    assert all(line.isprintable() for line in esql.split("\n"))
    assert esql.count("\n") == 4
    line = next(one for one in esql.split("\n") if "host.name" in one)
    assert re.fullmatch(r'\| WHERE host\.name (==|LIKE) "(?:[^"\\]|\\["\\])*"', line)
    assert json.loads(queries.as_dsl(case(entity("host", value))))["query"]["bool"]["should"]


# --- tables ---------------------------------------------------------------------------------------------------------


def hostile() -> Item:
    note = Note(text=HOSTILE, author="=ann", at=NOW)
    bad = case(entity("host", HOSTILE), title="=1+1", summary=HOSTILE, verdict_reason="\t@SUM(A1)")
    return Item(bad, Status(incident_id="inc-1", assignee="-bo", notes=(note,)))


def test_csv_has_a_row_per_incident_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([hostile(), Item(case(name="inc-2"), None)]))))
    assert [row["incident_id"] for row in rows] == ["inc-1", "inc-2"]
    first = rows[0]
    assert (first["title"], first["assignee"], first["verdict_reason"]) == ("'=1+1", "'-bo", "' @SUM(A1)")
    assert first["notes"].startswith("'=ann")
    assert first["first_seen"] == "2026-03-01T08:00:00Z"
    assert rows[1]["state"] == "open"


@given(st.text())
def test_no_cell_starts_a_formula_or_acts(text: str) -> None:
    content = as_csv([Item(case(title=text), None)])
    cell = next(csv.DictReader(io.StringIO(content)))["title"]
    assert cell.lstrip()[:1] not in {"=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
    assert all(one.isprintable() for one in content.split("\r\n"))


def test_jsonl_is_one_object_per_line_in_ascii() -> None:
    content = as_jsonl([hostile(), hostile()])
    assert content.isascii()
    assert "\x1b" not in content
    lines = [json.loads(line) for line in content.splitlines()]
    assert lines[0]["status"]["assignee"] == "-bo"
    assert lines[0]["entities"][0]["value"] == HOSTILE


def test_markdown_shows_hostile_text_as_text() -> None:
    content = as_markdown([hostile()])
    assert "\x1b" not in content
    assert "\u202e" not in content
    assert "](javascript" not in content
    assert "</td>" not in content


def test_html_is_a_whole_page_without_anything_active() -> None:
    page = as_html([hostile()])
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;/td&gt;" in page


@pytest.mark.parametrize("form", COPIES)
def test_every_copy_is_safe_to_print(form: str) -> None:
    assert all(line.isprintable() for line in copy(hostile(), form).split("\n"))


def test_the_commands_offer_every_form() -> None:
    assert commands.COPIES == COPIES
    assert set(commands.FORMATS) == set(EXPORTS)


# --- STIX -----------------------------------------------------------------------------------------------------------

_ID = re.compile(r"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_NEEDED = {
    "identity": {"name", "created", "modified"},
    "incident": {"name", "created", "modified"},
    "attack-pattern": {"name", "created", "modified"},
    "indicator": {"pattern", "pattern_type", "valid_from", "created", "modified"},
    "observed-data": {"first_observed", "last_observed", "number_observed", "object_refs", "created", "modified"},
    "relationship": {"relationship_type", "source_ref", "target_ref", "created", "modified"},
    "marking-definition": {"definition_type", "definition", "created"},
    "ipv4-addr": {"value"},
    "ipv6-addr": {"value"},
    "domain-name": {"value"},
    "url": {"value"},
    "email-addr": {"value"},
    "user-account": {"account_login"},
    "file": set[str](),
}
"""The object types that are used, with what the standard requires of each."""


def check(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Check a bundle against the rules of the standard that plain dictionaries can break; return objects by type."""
    assert bundle.keys() == {"type", "id", "objects"}
    ids = [one["id"] for one in bundle["objects"]]
    assert len(ids) == len(set(ids))
    by_type: dict[str, list[dict[str, Any]]] = {}
    for one in bundle["objects"]:
        assert one["spec_version"] == "2.1"
        assert _ID.fullmatch(one["id"])
        assert one["id"].startswith(f"{one['type']}--")
        assert _NEEDED[one["type"]] <= one.keys()
        assert all(value not in ("", [], {}, None) for value in one.values())
        assert all(_TIME.fullmatch(one[key]) for key in ("created", "modified", "valid_from") if key in one)
        assert one.get("created", "") <= one.get("modified", "9")
        assert _references(one) <= set(ids)
        by_type.setdefault(one["type"], []).append(one)
    assert all("name" in one or "hashes" in one for one in by_type.get("file", ()))
    return by_type


def _references(one: dict[str, Any]) -> set[str]:
    single = {value for key, value in one.items() if key.endswith("_ref")}
    return single.union(*(value for key, value in one.items() if key.endswith("_refs")))


def test_a_bundle_holds_what_was_seen_and_concluded() -> None:
    found = check(json.loads(as_stix([Item(FULL, None)])))
    assert {one["pattern"] for one in found["indicator"]} == {
        "[ipv4-addr:value = '8.8.8.8']",
        "[ipv6-addr:value = '2001:4860::1']",
        "[domain-name:value = 'evil.example']",
        "[url:value = 'https://evil.example/a?b=\\'c\\'']",
        f"[file:hashes.'SHA-256' = '{SHA256.lower()}']",
        "[email-addr:value = 'a@evil.example']",
    }
    assert {one["indicator_types"][0] for one in found["indicator"]} == {"anomalous-activity"}
    assert {one["name"] for one in found["file"] if "name" in one} == {"cmd.exe"}
    assert [one["external_references"][0]["external_id"] for one in found["attack-pattern"]] == [
        "T1003.001",
        "AML.T0054",
    ]
    assert {one["source_ref"] for one in found["relationship"]} == {found["incident"][0]["id"]}


def test_observables_have_the_ids_that_the_standard_gives_them() -> None:
    address = check(stix.bundle([(case(entity("address", "198.51.100.3")), None)]))["ipv4-addr"][0]
    assert address["id"] == "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", (
        "computed by the reference implementation"
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"disposition": "benign"}, None),
        ({}, Status(incident_id="inc-1", state="closed", reason="false_positive")),
        ({}, Status(incident_id="inc-1", state="closed", reason="benign_true_positive")),
    ],
)
def test_nobody_blocks_what_was_called_harmless(changes: dict[str, Any], status: Status | None) -> None:
    assert "indicator" not in check(stix.bundle([(FULL.model_copy(update=changes), status)]))


def test_what_a_person_confirmed_is_called_malicious() -> None:
    status = Status(incident_id="inc-1", state="closed", reason="true_positive", changed=NOW + timedelta(days=9))
    found = check(stix.bundle([(FULL, status)]))
    assert {one["indicator_types"][0] for one in found["indicator"]} == {"malicious-activity"}
    assert found["incident"][0]["labels"] == ["disposition:attack", "closed:true_positive"]
    assert found["incident"][0]["modified"] == "2026-03-10T08:00:00.123Z"


@given(st.lists(st.tuples(st.sampled_from(EntityKind), st.text(min_size=1))))
def test_any_entities_give_a_well_formed_bundle_and_twice_the_same(named: list[tuple[EntityKind, str]]) -> None:
    one = case(*(entity(kind, value) for kind, value in named))
    bundle = stix.bundle([(one, None), (one.model_copy(update={"incident_id": "inc-2"}), None)])
    check(bundle)
    assert bundle == stix.bundle([(one, None), (one.model_copy(update={"incident_id": "inc-2"}), None)])
    json.dumps(bundle).encode()
