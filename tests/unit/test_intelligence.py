"""Threat intelligence: one spelling per indicator, exact matches, and feeds that nobody can break the program with."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.intelligence.adversary import Profile
from triage.intelligence.ecs import read_document
from triage.intelligence.harmless import WarningList, of_warning_list
from triage.intelligence.lists import read_list
from triage.intelligence.matching import SOURCED, match, of_activities
from triage.intelligence.misp import events, read_event
from triage.intelligence.profiles import resembles
from triage.intelligence.reading import MOST_PER_VALUE, Gathered, moment_of
from triage.intelligence.stix_objects import StixReader
from triage.intelligence.stix_patterns import keys_of
from triage.intelligence.values import Key, lookups, normal
from triage.times import micros

MD5 = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def gathered(most: int = 1000, *ignored: Key) -> Gathered:
    return Gathered(WarningList(ignored), 50, most)


def values(found: Gathered) -> list[tuple[str, str]]:
    return [(kind, value) for kind, value in found.frame().select("kind", "value").iter_rows()]


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hxxps[:]//Evil[.]Bad-Site[.]com:443/A?x=1#f", "url", "evil.bad-site.com/A?x=1"),
        ("hXXp://evil[dot]com", "url", "evil.com/"),
        ("evil.com/x", "url", "evil.com/x"),
        ("http://[2001:db8:0::1]:8080/x", "url", "[2001:db8::1]:8080/x"),
        ("EVIL[.]co[.]uk.", "domain", "evil.co.uk"),
        ("*.evil.com", "domain", "evil.com"),
        ("bücher.de", "domain", "xn--bcher-kva.de"),
        ("::ffff:1.2.3.4", "address", "1.2.3.4"),
        ("1.2.3.4:8080", "address", "1.2.3.4"),
        ("2001:0DB8::0001", "address", "2001:db8::1"),
        ("1.2.3.4/32", "address", "1.2.3.4"),
        ("1.2.3.7/24", "network", "1.2.3.0/24"),
        ("User[at]Evil[.]com", "mailbox", "user@evil.com"),
        (f"md5:{MD5.upper()}", "hash", MD5),
    ],
)
def test_every_spelling_becomes_one(text: str, kind: str, value: str) -> None:
    assert normal("", text) == Key(kind, value)


@pytest.mark.parametrize(
    "text", ["", " ", "word", "two words.com x", "1.2.3", "http://", "a" * 3000, "...", "\x00", "[::"]
)
def test_what_is_no_indicator_is_none(text: str) -> None:
    assert normal("", text) is None


@given(st.text(max_size=80))
def test_any_text_has_one_spelling_or_none(text: str) -> None:
    found = normal("", text)
    if found is not None:
        assert normal(found.kind, found.value) == found


def test_domains_match_their_parents_but_never_a_public_suffix() -> None:
    found = [key.value for key in lookups("domain", "A.b.Evil.co.uk.")]
    assert found == ["a.b.evil.co.uk", "b.evil.co.uk", "evil.co.uk"]
    assert [key.value for key in lookups("domain", "x.github.io")] == ["x.github.io"]
    assert [key.value for key in lookups("mailbox", "u@mail.evil.com")] == [
        "u@mail.evil.com",
        "mail.evil.com",
        "evil.com",
    ]


def test_urls_match_by_path_and_by_host() -> None:
    found = list(lookups("url", "http://a.evil.com/x/y?q=1"))
    assert found[:2] == [Key("url", "a.evil.com/x/y?q=1"), Key("url", "a.evil.com/x/y")]
    assert found[2:] == [Key("domain", "a.evil.com"), Key("domain", "evil.com")]
    assert Key("network", "9.9.8.0/24") in list(lookups("url", "http://9.9.8.7/x", [(4, 24)]))


def test_users_and_processes_are_never_looked_up() -> None:
    assert not list(lookups("user", "evil.com"))
    assert not list(lookups("process", "evil.com"))


# --- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[domain-name:value = 'evil.com']", ["evil.com"]),
        (f"[file:hashes.'MD5' = '{MD5}' OR url:value = 'http://e.com/it\\'s']", [MD5, "e.com/it's"]),
        (
            "[ipv4-addr:value ISSUBSET '9.2.0.0/16'] OR [domain-name:value IN ('a.com', 'b.com')]",
            ["9.2.0.0/16", "a.com", "b.com"],
        ),
        (f"[file:name = 'x' AND file:hashes.MD5 = '{MD5}']", [MD5]),
        ("[file:name = 'x.exe']", []),
        ("[domain-name:value = 'a.com' AND ipv4-addr:value = '9.9.9.8']", []),
        ("[domain-name:value = 'a.com'] FOLLOWEDBY [domain-name:value = 'b.com']", []),
        ("[domain-name:value = 'a.com'] WITHIN 5 SECONDS", []),
        ("[domain-name:value LIKE '%.com']", []),
        ("[domain-name:value NOT = 'a.com']", []),
        ("[domain-name:value = 'a.com'", []),
        ("", []),
    ],
)
def test_only_what_one_value_fulfils_is_taken_from_a_pattern(pattern: str, expected: list[str]) -> None:
    assert [key.value for key in keys_of(pattern)] == expected


@given(st.text(alphabet="[]()='\\ abORANDIN:.", max_size=200))
def test_no_pattern_breaks_the_reader(pattern: str) -> None:
    assert isinstance(keys_of(pattern), list)


# --- formats --------------------------------------------------------------------------------------------------------


def relation(kind: str, source: str, target: str) -> dict[str, str]:
    return {"type": "relationship", "relationship_type": kind, "source_ref": source, "target_ref": target}


def test_stix_ties_relations_markings_and_profiles_in_any_order() -> None:
    objects: list[Any] = [
        relation("indicates", "indicator--1", "malware--1"),
        relation("uses", "intrusion-set--1", "attack-pattern--1"),
        {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'evil.com']", "confidence": 70,
         "object_marking_refs": ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]},
        {"type": "indicator", "id": "indicator--2", "pattern": "[domain-name:value = 'old.com']", "revoked": True},
        {"type": "indicator", "id": "indicator--3", "pattern": "[domain-name:value = 'ok.com']",
         "indicator_types": ["benign"]},
        {"type": "indicator", "id": "indicator--4", "pattern": "alert tcp any", "pattern_type": "snort"},
        {"type": "malware", "id": "malware--1", "name": "GREY\x1b[31mMOTH"},
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "Owls"},
        {"type": "attack-pattern", "id": "attack-pattern--1",
         "external_references": [{"source_name": "mitre-attack", "external_id": "T1566.001"}]},
        "nonsense", 7, None, {"no": "type"},
    ]  # fmt: skip
    found = gathered()
    reader = StixReader(found)
    reader.read(objects)
    reader.finish()
    rows = found.frame().to_dicts()
    assert [(row["value"], row["confidence"], row["tlp"]) for row in rows] == [("evil.com", 70, "amber")]
    assert rows[0]["threats"] == ["GREY␛(31mMOTH"]
    assert found.profiles == [Profile(name="Owls", kind="intrusion-set", techniques=("T1566.001",))]
    assert found.left_out["no STIX object"] == 4
    assert found.left_out["benign by its source"] == found.left_out["revoked by its source"] == 1


def test_misp_takes_what_is_marked_for_detection() -> None:
    event = {
        "info": "Moth wave",
        "Tag": [{"name": "tlp:green"}, {"name": 'misp-galaxy:threat-actor="Owls"'}],
        "Attribute": [
            {"type": "domain", "value": "evil.com", "to_ids": True, "uuid": "u1"},
            {"type": "filename|md5", "value": f"x.exe|{MD5}", "to_ids": True},
            {"type": "ip-dst|port", "value": "9.8.7.6|443", "to_ids": True},
            {"type": "domain", "value": "context.com", "to_ids": False},
            {"type": "filename", "value": "x.exe", "to_ids": True},
        ],
        "Object": [{"Attribute": [{"type": "url", "value": "hxxp://e.com/a", "to_ids": True}]}],
    }
    found = gathered()
    for one in events({"response": [{"Event": event}]}):
        read_event(one, found)
    assert values(found) == [("address", "9.8.7.6"), ("domain", "evil.com"), ("hash", MD5), ("url", "e.com/a")]
    row = found.frame().filter(pl.col("value") == "evil.com").to_dicts()[0]
    assert (row["threats"], row["tlp"]) == (["Moth wave", "Owls"], "green")


def test_lists_with_and_without_columns() -> None:
    plain = gathered()
    read_list(["# comment\n", "evil[.]com\n", "9.8.7.6 # note\n", "\n", "nonsense\n"], plain)
    assert values(plain) == [("address", "9.8.7.6"), ("domain", "evil.com")]
    assert sum(plain.left_out.values()) == 1
    table = gathered()
    read_list(["value,confidence,valid_until,threat\n", "evil.com,90,2026-05-01,Moth\n", '"a.com",x,,\n'], table)
    rows = table.frame().to_dicts()
    assert [(row["value"], row["confidence"], row["threats"]) for row in rows] == [
        ("a.com", 50, []),
        ("evil.com", 90, ["Moth"]),
    ]
    assert rows[1]["until"] == micros(datetime(2026, 5, 1, tzinfo=UTC))


def test_ecs_indicators_nested_and_flat() -> None:
    found = gathered()
    read_document(
        {"threat": {"indicator": {"ip": "9.8.7.6", "confidence": "High", "marking": {"tlp": "RED"}}}}, "1", found
    )
    read_document({"threat.indicator": {"url": {"full": "http://cdn.com/a", "domain": "cdn.com"}}}, "2", found)
    read_document({"other": 1}, "3", found)
    assert values(found) == [("address", "9.8.7.6"), ("url", "cdn.com/a")]
    assert found.frame()["confidence"].to_list() == [85, 50]


def test_harmless_values_do_not_count_whoever_lists_them() -> None:
    own = of_warning_list({"list": ["mine.com", 7]})
    found = gathered(1000, *own)
    lines = ["8.8.8.8", "10.0.0.1", "127.0.0.1", "0.0.0.0/0", "9.0.0.0/8", "co.uk", "com.ac", "github.io"]
    lines += ["microsoft.com", "d41d8cd98f00b204e9800998ecf8427e", "mine.com", "bad.microsoft.com"]
    read_list(lines, found)
    assert values(found) == [("domain", "bad.microsoft.com")]
    assert sum(found.left_out.values()) == 11


def test_a_flood_is_bounded_and_counted() -> None:
    found = gathered(100)
    read_list((f"h{number}.evil.com" for number in range(5000)), found)
    assert found.frame().height == 100
    assert sum(found.left_out.values()) == 4900
    again = gathered()
    for number in range(50):
        again.value("", "evil.com", confidence=number, ref=str(number))
    assert again.frame()["confidence"].to_list() == sorted(range(50), reverse=True)[:MOST_PER_VALUE]


NAMES = ["Event", "Attribute", "objects", "type", "id", "pattern", "value", "Tag", "to_ids", "definition"]
LEAVES = st.none() | st.integers() | st.text(max_size=20) | st.sampled_from(["indicator", "relationship", "domain"])
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
)


@given(DOCUMENTS)
def test_no_document_breaks_a_reader(document: Any) -> None:
    found = gathered()
    for event in events(document):
        read_event(event, found)
    StixReader(found).read(document if isinstance(document, list) else [document])
    if isinstance(document, dict):
        read_document(document, "1", found)
    found.frame()


@pytest.mark.parametrize("value", [None, "x", "9999-99-99", 1e30, -(10**12), "0001-01-01T00:00:00+23:00", [], {}, True])
def test_no_time_breaks_the_reader(value: Any) -> None:
    moment_of(value)


# --- matching -------------------------------------------------------------------------------------------------------


def indicators(*rows: dict[str, Any]) -> pl.LazyFrame:
    blank: dict[str, Any] = {
        "confidence": 80,
        "since": None,
        "until": None,
        "labels": [],
        "threats": [],
        "tlp": "",
        "ref": "",
        "source": "s",
    }
    return pl.DataFrame([blank | row for row in rows], schema=SOURCED).lazy()


def entities(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"kind": pl.String, "value": pl.String}, orient="row")


def test_matches_name_the_entity_and_the_indicator() -> None:
    known = indicators({"kind": "domain", "value": "evil.com"}, {"kind": "network", "value": "9.8.0.0/16"})
    asked = entities(
        ("domain", "A.Evil.com"), ("address", "::ffff:9.8.7.6"), ("address", "9.9.7.6"), ("domain", "vil.com")
    )
    found = match(asked, known)
    assert found.select("entity", "indicator_value").rows() == [
        ("::ffff:9.8.7.6", "9.8.0.0/16"),
        ("A.Evil.com", "evil.com"),
    ]


def of(hosts: int, **more: Any) -> pl.DataFrame:
    named = [(f"a{number}", "domain", "evil.com") for number in range(hosts)]
    frame = pl.DataFrame(
        {
            "activity": [name for name, _, _ in named],
            "principal": [f"host:h{number}" for number in range(hosts)],
            "first": [micros(NOON)] * hosts,
            "last": [micros(NOON)] * hosts,
        }
    )
    naming = pl.DataFrame(named, schema={"activity": pl.String, "kind": pl.String, "value": pl.String}, orient="row")
    matches = match(entities(("domain", "evil.com")), indicators({"kind": "domain", "value": "evil.com", **more}))
    return of_activities(frame, naming, matches, timedelta(days=30))


def test_expiry_and_a_late_start_are_honoured() -> None:
    assert of(1, until=micros(NOON - timedelta(hours=1))).is_empty()
    assert of(1, until=micros(NOON + timedelta(hours=1))).height == 1
    assert of(1, since=micros(NOON + timedelta(days=20))).height == 1
    assert of(1, since=micros(NOON + timedelta(days=40))).is_empty()


def test_what_much_of_the_network_names_is_not_telling() -> None:
    assert of(8)["telling"].all()
    assert not of(9)["telling"].any()
    assert of(9).height == 9


def test_many_indicators_are_matched_from_disk(tmp_path: Any) -> None:
    count = 1_000_000
    blank: dict[str, list[None]] = {name: [None] for name in SOURCED}
    frame = pl.DataFrame({"value": pl.int_range(count, eager=True)}).select(
        kind=pl.lit("domain"), value=pl.format("h{}.evil.com", "value")
    )
    extra = pl.DataFrame({k: v for k, v in blank.items() if k not in {"kind", "value"}}, schema_overrides=SOURCED)
    path = tmp_path / "many.parquet"
    frame.join(extra.select([c for c in SOURCED if c not in {"kind", "value"}]), how="cross").write_parquet(path)
    found = match(entities(("domain", "x.h999999.evil.com"), ("domain", "evil.com")), pl.scan_parquet(path))
    assert found["indicator_value"].to_list() == ["h999999.evil.com"]


# --- actors ---------------------------------------------------------------------------------------------------------


def test_resemblance_says_how_much_chance_would_give() -> None:
    profiles = [
        Profile(name="Owls", kind="intrusion-set", techniques=("T1001", "T1002", "T1003.001", "T1004")),
        Profile(name="All", kind="intrusion-set", techniques=tuple(f"T{n}" for n in range(1001, 1600))),
    ]
    found = resembles(["T1001", "T1002", "T1003"], profiles, 600)
    assert [one.name for one in found] == ["Owls"]
    assert found[0].shared == ("T1001", "T1002", "T1003")
    assert "3 of 3 techniques are among the 4" in found[0].sentence
    assert "not an attribution" in found[0].sentence
    assert found[0].chance == pytest.approx(2 * 4 / 35_820_200, rel=0.01)
    assert not resembles(["T1001", "T1002"], profiles, 600)


def test_json_of_models_survives() -> None:
    profile = Profile(name="Owls", kind="threat-actor", techniques=("T1001",))
    assert Profile.model_validate(json.loads(profile.model_dump_json())) == profile
