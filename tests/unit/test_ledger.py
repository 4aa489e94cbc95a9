"""Exactly one outcome per alert, sums that add up, and a file that gives every id back."""

import csv
import gzip
import io
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.columns import ALERTS, FACTS
from triage.models import DeadLetter, Incompleteness, RunCounts
from triage.record import ledger

LETTER = DeadLetter(alert_id="f.ndjson:3", index="", origin="f.ndjson:3", reason="broken JSON")


def facts(*flag_lists: list[str], groups: tuple[str, ...] = ()) -> pl.DataFrame:
    """Facts with these flags; ``groups`` names the sequences of each, e.g. "g h"."""
    rows: list[dict[str, Any]] = [
        {"fact": number, "detector": "elastic", "rule": "r", "flags": flags, "entities": entities}
        for number, flags in enumerate(flag_lists)
        for entities in [
            [{"kind": "lineage", "role": "sequence", "value": name} for name in groups[number].split()]
            if groups
            else []
        ]
    ]
    return pl.DataFrame([{name: row.get(name) for name in FACTS} for row in rows], schema=FACTS)


def alerts(*rows: tuple[str, int, int], source: str = "event") -> pl.DataFrame:
    """Rows of id, time, fact."""
    return pl.DataFrame([(time, source, "i", key, fact, 0, 0) for key, time, fact in rows], schema=ALERTS, orient="row")


def placements(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["activity", "incident_id", "outcome"], orient="row")


PLACED = placements(("act-1", "inc-1", "incident"), ("act-2", "inc-2", "benign"))


def test_every_alert_and_dead_letter_has_one_outcome_in_order() -> None:
    given_alerts = alerts(("b", 5, 0), ("a", 5, 0), ("c", 1, 0))
    rows = ledger.outcomes(given_alerts, pl.Series(["act-1", "act-2", "act-1"]), facts([]), PLACED, [LETTER])
    assert rows.schema == ledger.LEDGER
    assert rows.rows() == [
        ("i", "c", 1, "act-1", "incident", "inc-1"),
        ("i", "a", 5, "act-2", "benign", "inc-2"),
        ("i", "b", 5, "act-1", "incident", "inc-1"),
        ("", "f.ndjson:3", None, "", "dead_letter", ""),
    ]
    assert ledger.count(rows, 6, 1, 1) == RunCounts(
        read=6, already_judged=1, repeated=1, incident=2, benign=1, dead_letter=1
    )


def test_a_document_placed_at_the_time_of_the_run_has_no_time_of_its_own() -> None:
    assert ledger.refs(alerts(("a", 5, 0), source="run"))["time"].to_list() == [None]
    assert ledger.refs(alerts(("a", 5, 0), source="ingested"))["time"].to_list() == [5]


def test_building_blocks_are_duplicates_of_a_sequence_that_is_present() -> None:
    said = facts(["building_block"], ["sequence"], ["building_block"], groups=("g", "g", "other"))
    given_alerts = alerts(("block", 1, 0), ("head", 2, 1), ("lonely", 3, 2), ("elsewhere", 4, 0))
    membership = pl.Series(["act-1", "act-1", "act-1", "act-2"])
    rows = ledger.outcomes(given_alerts, membership, said, PLACED, [])
    outcome = dict(rows.select("id", "outcome").iter_rows())
    assert outcome == {"block": "duplicate", "head": "incident", "lonely": "incident", "elsewhere": "benign"}
    assert rows.filter(pl.col("id") == "block")["incident_id"].item() == "inc-1"


def test_two_sequences_over_shared_building_blocks_count_once_each() -> None:
    said = facts(["building_block"], ["building_block"], ["sequence"], ["sequence"], groups=("g h", "h", "g", "h"))
    given_alerts = alerts(("both", 1, 0), ("own", 2, 1), ("first", 3, 2), ("second", 4, 3))
    rows = ledger.outcomes(given_alerts, pl.Series(["act-1"] * 4), said, PLACED, [])
    assert dict(rows.select("id", "outcome").iter_rows()) == {
        "both": "duplicate",
        "own": "duplicate",
        "first": "incident",
        "second": "incident",
    }
    assert ledger.count(rows, 4, 0, 0).incident == 2


def test_building_blocks_without_their_sequence_count() -> None:
    rows = ledger.outcomes(alerts(("b", 1, 0)), pl.Series(["act-1"]), facts(["building_block"]), PLACED, [])
    assert rows["outcome"].to_list() == ["incident"]


@pytest.mark.parametrize("placed", [placements(("other", "i", "benign")), pl.concat([PLACED, PLACED])])
def test_an_alert_without_exactly_one_placement_is_an_error(placed: pl.DataFrame) -> None:
    with pytest.raises(ledger.ConservationError):
        ledger.outcomes(alerts(("a", 1, 0)), pl.Series(["act-1"]), facts([]), placed, [])


def test_nothing_gives_an_empty_ledger() -> None:
    rows = ledger.outcomes(alerts(), pl.Series([], dtype=pl.String), facts(), PLACED, [])
    assert rows.is_empty()
    assert ledger.count(rows, 0, 0, 0).accounted


def test_sums_that_do_not_add_up_are_an_error() -> None:
    with pytest.raises(ledger.ConservationError, match="10 read = 2 in incidents"):
        ledger.check(RunCounts(read=10, incident=2))


def test_an_alert_twice_is_an_error_but_two_broken_copies_are_not() -> None:
    twice = pl.DataFrame([("i", "a", 1, "x", "benign", "n")] * 2, schema=ledger.LEDGER, orient="row")
    with pytest.raises(ledger.ConservationError, match="more than once"):
        ledger.check(RunCounts(read=2, benign=2), twice)
    ledger.check(RunCounts(read=2, dead_letter=2), twice.with_columns(outcome=pl.lit("dead_letter")))


@pytest.mark.parametrize(
    ("counts", "problems", "said"),
    [
        (RunCounts(read=1, incident=1), (), ""),
        (RunCounts(read=1, benign=1), (Incompleteness(source="es", reason="2 shards failed"),), "2 shards failed"),
        (RunCounts(), (), "No document was read"),
        (RunCounts(read=1200, already_judged=1200), (), "all 1,200 documents were judged before"),
        (RunCounts(read=3, dead_letter=3), (), "None of the 3 new documents could be parsed"),
        (RunCounts(read=4, benign=3, dead_letter=1), (), "1 could not be parsed"),
    ],
)
def test_zero_incidents_are_explained(counts: RunCounts, problems: tuple[Incompleteness, ...], said: str) -> None:
    explained = ledger.explain_zero(counts, problems)
    assert said in explained
    assert bool(said) == bool(explained)


IDS = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8", exclude_characters="\x00"), st.sampled_from(',"\n\r =+-@;'))
)


@given(st.lists(IDS.filter(bool), max_size=20))
def test_ids_round_trip_and_the_bytes_are_the_same(ids: list[str]) -> None:
    rows = pl.DataFrame(
        {"alert_id": ids, "outcome": "benign", "incident_id": "n"}, schema_overrides={"alert_id": pl.String}
    )
    packed = ledger.csv_gz(rows)
    assert packed == ledger.csv_gz(rows)
    read = list(csv.reader(io.StringIO(gzip.decompress(packed).decode(), newline="")))
    assert read[0] == ["alert_id", "outcome", "incident_id"]
    assert [row[0] for row in read[1:]] == ids


def test_the_gzip_header_carries_neither_time_nor_name() -> None:
    rows = pl.DataFrame([("i", "a", 1, "x", "benign", "n")], schema=ledger.LEDGER, orient="row")
    packed = ledger.csv_gz(rows)
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00" + packed[8:10]
    assert gzip.decompress(packed) == b"alert_id,outcome,incident_id\na,benign,n\n"
