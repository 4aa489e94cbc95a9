"""A match with threat intelligence raises and surfaces; it never lowers, and what everybody names raises nothing."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from triage.judgement.correlate import JOINS, Correlated
from triage.judgement.known_bad import KnownBad, raised, surfaced
from triage.judgement.urgency import Rating, total
from triage.models import UrgencyPart

BAD = KnownBad("domain:evil.com", "feed", 80, telling=True)
NOTHING = Correlated(
    pl.DataFrame(schema={"candidate": pl.String, "activity": pl.String, "core": pl.Boolean}), pl.DataFrame(schema=JOINS)
)


def rating(disposition: str, *points: float) -> Rating:
    parts = tuple(UrgencyPart(name=f"p{number}", points=one, why="") for number, one in enumerate(points))
    return Rating(disposition, "because", 1.0, parts)  # type: ignore[arg-type]


def test_a_match_is_a_named_part_and_lifts_what_was_benign() -> None:
    found = raised(rating("benign", 3.0), [BAD], 50)
    assert found.disposition == "suspicious"
    assert found.parts[-1].name == "known bad"
    assert found.parts[-1].points == 16.0
    assert found.parts[-1].why == "known bad indicator domain:evil.com from source feed, confidence 80"
    assert "without it benign, because" in found.reason


def test_a_suspicious_candidate_becomes_an_attack_where_its_urgency_reaches_that() -> None:
    assert raised(rating("suspicious", 40.0), [BAD], 50).disposition == "attack"
    assert raised(rating("suspicious", 20.0), [BAD], 50).disposition == "suspicious"


def test_what_is_unsure_or_common_changes_nothing() -> None:
    before = rating("benign", 3.0)
    assert raised(before, [BAD._replace(confidence=49)], 50) == before
    assert raised(before, [BAD._replace(telling=False)], 50) == before
    assert raised(before, [], 50) == before


MATCHES = st.builds(KnownBad, st.text(max_size=5), st.text(max_size=5), st.integers(0, 100), st.booleans())


@given(
    st.sampled_from(["benign", "suspicious", "attack"]),
    st.lists(st.floats(0, 25).map(lambda x: round(x, 1)), max_size=4),
    st.lists(MATCHES, max_size=5),
    MATCHES,
)
def test_more_matches_never_lower_and_parts_stay_within_a_hundred(
    disposition: str, points: list[float], matches: list[KnownBad], more: KnownBad
) -> None:
    order = ("benign", "suspicious", "attack")
    before = rating(disposition, *points)
    less, found = raised(before, matches, 50), raised(before, [*matches, more], 50)
    assert order.index(before.disposition) <= order.index(less.disposition) <= order.index(found.disposition)
    assert total(before.parts) <= total(less.parts) <= total(found.parts) <= 100
    assert sum(part.points for part in found.parts) <= 100.01


def test_everyday_activities_that_name_an_indicator_become_candidates_of_their_own() -> None:
    names = ["a1", "a2", "a3", "a4"]
    compared = pl.DataFrame({"activity": names, "principal": ["h1", "h1", "h2", "h3"], "first": [1, 2, 3, 4]})
    known = {"a1": [BAD], "a2": [BAD], "a3": [BAD._replace(confidence=10)]}
    found = surfaced(compared, NOTHING, known, 50)
    assert found.membership["activity"].to_list() == ["a1", "a2"]
    assert found.membership["core"].all()
    assert found.joins["reason"].to_list() == ["both name known bad domain:evil.com on the same asset"]
    assert surfaced(compared, NOTHING, {}, 50) == NOTHING
