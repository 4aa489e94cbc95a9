"""What an incident most likely is, on its sheet and in the filter line."""

from collections.abc import Callable

import pytest

from support.desk import STANDARD
from support.pilot import HOSTILE, flowing, press, settled
from triage.models import Cause, Hypothesis, Incident
from triage_tui.app import TriageApp

Open = Callable[..., TriageApp]
SEEN = "copies of volumes are deleted"
CAUSE = Cause(
    name="ransomware",
    side="attack",
    attack=Hypothesis(name="ransomware", title="ransomware", points=9, seen=(SEEN, HOSTILE), evidence=("E1",)),
    benign=Hypothesis(name="backup", title="a backup", points=3, seen=("many files",), lacking=("a usual hour",)),
    flip="its owner confirms a backup of all these hosts",
)


def told() -> tuple[Incident, ...]:
    return (STANDARD[0].model_copy(update={"cause": CAUSE}), *STANDARD[1:])


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (44, 16)])
async def test_the_summary_begins_with_it_and_says_what_would_flip_it(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(told())
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "o")
        words = flowing(app)
        parts = (
            "What happened",
            "Most likely ransomware.",
            f"Best case for an attack: ransomware, 9 points: {SEEN}",
            "Best harmless case: a backup, 3 points: many files; not seen: a usual hour.",
            f"something else if this held: {CAUSE.flip}.",
        )
        places = [words.index(part) for part in parts]
        assert places == sorted(places)


async def test_an_incident_without_one_says_nothing_of_it(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o")
        assert "ost likely" not in flowing(app)


async def test_the_queue_is_filtered_by_it(open_app: Open) -> None:
    app = open_app(told())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", "=cause:ransomware", "enter")
        assert [row.id for row in app.desk.queue.rows] == [STANDARD[0].incident_id]
        assert list(app.desk.vocabulary["cause"]) == ["ransomware"]
