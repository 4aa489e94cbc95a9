"""Cards say of an incident what the incident says itself, and read no body before somebody looks."""

from pathlib import Path

import pytest

from support.desk import STANDARD, opened
from support.stored import store_segments
from triage.desk.filter_fields import FIELDS
from triage.desk.filters import parse
from triage.desk.pivots import Question
from triage.models import Cause, Hypothesis

RANSOMWARE = Cause(
    name="ransomware",
    side="attack",
    attack=Hypothesis(name="ransomware", title="ransomware", points=9),
    benign=Hypothesis(name="backup", title="a backup", points=3),
    flip="its owner confirms a backup",
)


def test_a_card_has_what_its_incident_has(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        cards = session.cards.cards()
        assert not any(card.loaded for card in cards)
        for card, one in zip(cards, STANDARD, strict=True):
            for name in (
                "incident_id",
                "rank",
                "urgency",
                "title",
                "first_seen",
                "last_seen",
                "alert_count",
                "summary",
            ):
                assert getattr(card, name) == getattr(one, name)
            assert [(str(entity.kind), entity.value) for entity in one.entities] == list(card.entities)
            assert (card.tactics, card.techniques, card.detectors) == (one.tactics, one.techniques, one.detectors)
            assert card.loaded
        assert tuple(session.cards.incidents(cards)) == STANDARD


@pytest.mark.parametrize("text", ["host:host3", "rule:Burst", "tactic:impact", "urgency:>70", '"number 5"', "age:<2d"])
def test_a_filter_finds_the_same_cards_as_incidents(tmp_path: Path, text: str) -> None:
    wanted = parse(text)
    with opened(tmp_path) as session:
        cards = session.cards.cards()
        assert [wanted.matches(card) for card in cards] == [wanted.matches(one) for one in STANDARD]


def test_every_field_suggests_the_same_values(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        for card, one in zip(session.cards.cards(), STANDARD, strict=True):
            for field in FIELDS.values():
                if field.values is not None:
                    assert list(field.values(card)) == list(field.values(one))


def test_a_filter_knows_of_a_card_what_it_most_likely_is(tmp_path: Path) -> None:
    first = STANDARD[0].model_copy(update={"cause": RANSOMWARE})
    with opened(tmp_path, (first, *STANDARD[1:])) as session:
        found = [card.rank for card in session.cards.cards() if parse("cause:ransomware").matches(card)]
        assert found == [first.rank]


def test_the_archive_answers_from_stored_segments(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        store_segments(tmp_path)
        archive = session.archive
        assert archive.night().alerts.height == 18
        assert archive.incident("inc-0002").alerts["id"].to_list() == ["2-0", "2-1", "2-2"]
        assert archive.table("inc-0002")["id"].to_list() == ["2-0", "2-1", "2-2"]
        assert archive.ask(Question("rule", "Burst")).alerts.height == 9
        assert archive.ask(Question("rule", "Burst", until=STANDARD[2].first_seen)).alerts.height == 3
        assert archive.naming(["host1", "host2"]).alerts.height == 6
        assert archive.placed(["act-1", "act-9"]) == {"act-1": "inc-0001"}


def test_a_state_without_segments_has_no_alerts_to_pivot(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        assert session.archive.night().alerts.is_empty()
        assert session.archive.ask(Question("entity", "203.0.113.7")).alerts.is_empty()
