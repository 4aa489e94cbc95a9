"""How many keys a shift takes: counted from the first screen to what is on disk."""

from pathlib import Path

from support.desk import incident, opened
from support.pilot import app_on, press, settled
from triage.config import Settings
from triage.session import Session

REASONS = "tbfd"
NIGHT = tuple(incident(rank, "suspicious", rule="Burst" if rank > 10 else "") for rank in range(1, 18))


def closed(folder: Path) -> dict[str, tuple[str, int]]:
    """Return reason and number of notes of what is closed, as another process reads it."""
    with Session(Settings(state=folder / "state")) as other:
        return {
            name: (status.reason, len(status.notes))
            for name, status in other.statuses().items()
            if status.state == "closed"
        }


async def test_ten_incidents_are_closed_with_reason_and_note_in_eighty_keys(tmp_path: Path) -> None:
    with opened(tmp_path, NIGHT) as session:
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            keys = [key for at in range(10) for key in ("e", REASONS[at % 4].upper(), *"scan", "enter")]
            assert len(keys) <= 80
            await press(pilot, *keys)
    found = closed(tmp_path)
    assert list(found) == [one.incident_id for one in NIGHT[:10]]
    assert all(notes == 1 for _, notes in found.values())
    assert len({reason for reason, _ in found.values()}) == 4


async def test_a_burst_is_closed_in_four_keys_once_the_cursor_is_on_it(tmp_path: Path) -> None:
    with opened(tmp_path, NIGHT) as session:
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            app.desk.queue.move_to(12)
            keys = ("asterisk", "1", "e", "f")
            await press(pilot, *keys)
    assert closed(tmp_path) == {one.incident_id: ("false_positive", 0) for one in NIGHT[10:]}
