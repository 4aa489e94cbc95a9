"""The real app, driven by keys, on a real state: what a key shows and what is on disk afterwards."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from support.desk import NOW, STANDARD, incident, publish
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.desk.decisions import Decision, Status
from triage.session import Session, user
from triage_tui.app import TriageApp
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.incident_view import ALERTS, DOCUMENT, NOTES, SUMMARY
from triage_tui.screens.pager import Pager, Tour
from triage_tui.screens.queue import QueueScreen
from triage_tui.sheets.base import Line
from triage_tui.view_state import Tab
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Rows

Open = Callable[..., TriageApp]
SIZE = (120, 40)
STATUS_OF_FOUR = Decision(kind="close", incident_ids=("inc-0004",), reason="false_positive")


def on_disk(folder: Path) -> Mapping[str, Status]:
    """Return the statuses as another process reads them."""
    with Session(Settings(state=folder / "state")) as session:
        return session.statuses()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(*(list(key[1:]) if key.startswith("=") else [key]))
        await pilot.pause()


def message(app: TriageApp) -> str:
    return app.screen.query_one("#message", TextLine).told.plain.strip()


def lines(app: TriageApp) -> list[Line]:
    sheet = app.screen.query_one("#rows", Rows).sheet
    return [sheet.line(y) for y in range(len(sheet))]


def text(app: TriageApp) -> str:
    return "\n".join(line.text.plain for line in lines(app))


def in_view(app: TriageApp) -> list[str]:
    return [row.id for row in app.desk.queue.rows]


async def test_the_queue_tells_the_night_and_its_incidents(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        night = app.screen.query_one("#night", TextLine).told.plain
        assert "19 alerts → 6 activities → 5 incidents + 1 benign group " in night
        assert "complete, all accounted for" in night
        assert [line.text.plain.split()[1] for line in lines(app)] == ["1", "2", "3", "4", "5"]


async def test_a_run_that_is_incomplete_says_so(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        queue = app.desk.queue
        queue.snapshot = queue.snapshot._replace(summary={**queue.snapshot.summary, "incomplete": [{"source": "x"}]})
        assert isinstance(app.screen, QueueScreen)
        app.screen.show()
        assert "INCOMPLETE: 1 not read" in app.screen.query_one("#night", TextLine).told.plain


async def test_closing_as_false_positive_takes_two_keys_and_goes_on(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "e", "f")
        assert on_disk(tmp_path)["inc-0001"].reason == "false_positive"
        assert message(app).startswith("closed #1 'Incident number 1 on host1' as false positive")
        assert app.desk.queue.cursor == "inc-0002"


async def test_a_burst_is_closed_in_four_keys(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "j")
        await press(pilot, "asterisk", "1", "e", "f")
        assert {name for name, status in on_disk(tmp_path).items() if status.state == "closed"} == {
            "inc-0002",
            "inc-0003",
            "inc-0004",
        }
        assert in_view(app) == ["inc-0001", "inc-0005"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [("t", "true_positive"), ("b", "benign_true_positive"), ("f", "false_positive"), ("d", "duplicate")],
)
async def test_every_reason_has_a_key(open_app: Open, tmp_path: Path, key: str, reason: str) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "e", key)
        assert on_disk(tmp_path)["inc-0001"].reason == reason


async def test_any_other_key_closes_nothing(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "e", "escape", "e", "q")
        assert not on_disk(tmp_path)
        assert isinstance(app.screen, QueueScreen)


async def test_a_capital_letter_closes_with_a_note_in_one_decision(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "e", "T", "=seen", "enter")
        status = on_disk(tmp_path)["inc-0001"]
        assert (status.reason, [note.text for note in status.notes]) == ("true_positive", ["seen"])
        assert len(app.desk.port.log()) == 1


async def test_open_read_decide_note_next(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "n", "=odd", "enter", "e", "t")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.incident_id == "inc-0002"
        status = on_disk(tmp_path)["inc-0001"]
        assert (status.state, status.notes[0].text, status.notes[0].author) == ("closed", "odd", user())
        await press(pilot, "escape")
        assert isinstance(app.screen, QueueScreen)
        assert app.desk.queue.cursor == "inc-0002"


async def test_closing_the_last_one_from_inside_leads_back_to_the_queue(open_app: Open) -> None:
    app = open_app(STANDARD[:1])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "e", "f")
        assert isinstance(app.screen, QueueScreen)
        assert in_view(app) == []


async def test_one_note_on_many(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "x", "x", "n", "=both", "enter")
        assert {name: status.notes[0].text for name, status in on_disk(tmp_path).items()} == {
            "inc-0001": "both",
            "inc-0002": "both",
        }


async def test_acknowledge_assign_escalate_snooze_reopen(open_app: Open, tmp_path: Path) -> None:
    app = open_app(now=lambda: datetime.now(UTC))  # the state refuses to snooze until a time that is past
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "a", "A", "enter", "s")
        status = on_disk(tmp_path)["inc-0001"]
        assert (status.acknowledged, status.assignee, status.escalated) == (True, "ana", True)
        await press(pilot, "2")
        assert in_view(app) == ["inc-0001"]
        await press(pilot, "1", "j", "S", "4")
        assert on_disk(tmp_path)["inc-0002"].state == "snoozed"
        await press(pilot, "e", "f", "3", "R")
        assert on_disk(tmp_path)["inc-0003"].state == "open"


async def test_undo_and_redo_of_everything(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "asterisk", "a", "e", "f")
        assert in_view(app) == []
        await press(pilot, "z")
        assert message(app) == "undone: closed 5 incidents as false positive"
        assert all(status.state == "open" for status in on_disk(tmp_path).values())
        assert app.desk.queue.cursor == "inc-0001"
        await press(pilot, "ctrl+z")
        assert in_view(app) == []
        await press(pilot, "z", "z")
        assert message(app) == "nothing to undo"


async def test_readonly_refuses_every_decision(open_app: Open, tmp_path: Path) -> None:
    app = open_app(readonly=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        for key in ("e", "a", "A", "s", "S", "n", "R", "z", "ctrl+z"):
            await press(pilot, key)
            assert message(app).startswith("read-only"), key
            assert isinstance(app.screen, QueueScreen)
        assert not on_disk(tmp_path)


async def test_a_filter_is_live_and_says_when_it_is_none(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "slash", "=host:host3")
        assert in_view(app) == ["inc-0003"]
        await press(pilot, "= (")
        assert message(app).startswith("not a filter yet")
        assert in_view(app) == ["inc-0003"]
        await press(pilot, "escape")
        assert len(in_view(app)) == 5


async def test_the_right_arrow_completes_fields_and_values(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "slash", "=ho", "right", "=host4", "right", "enter")
        assert app.desk.queue.filter_text == "host:host4"
        assert in_view(app) == ["inc-0004"]


async def test_tabs_sorting_and_commands(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert in_view(app) == ["inc-0006"]
        await press(pilot, "5")
        assert "not JSON" in text(app)
        await press(pilot, "1", "greater_than_sign", "equals_sign")
        assert in_view(app)[0] == "inc-0005"
        await press(pilot, "colon", "=incident 4", "enter")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.incident_id == "inc-0004"
        await press(pilot, "colon", "=closed", "enter")
        assert isinstance(app.screen, QueueScreen)
        assert app.desk.queue.tab is Tab.CLOSED
        await press(pilot, "colon", "=rubbish", "enter")
        assert message(app).startswith("no command 'rubbish'")


async def test_a_citation_leads_to_its_evidence_and_that_to_its_document(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "j", "enter")
        assert message(app).startswith("E2")
        rows = app.screen.query_one("#rows", Rows)
        assert rows.sheet.line(rows.cursor).text.plain.split()[0] == "E2"
        await press(pilot, "enter")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.tab == DOCUMENT
        assert "GET alerts-1/_doc/1-1" in text(app)
        await press(pilot, "escape")
        assert app.screen.tab == SUMMARY
        assert rows.sheet.line(rows.cursor).text.plain.split()[0] == "E2"


async def test_the_summary_gives_parts_joins_and_the_other_reading(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o")
        shown = text(app)
        for words in (
            "Why it ranks here: 88.0 of 100",
            "+87.0",
            "+1.0",
            "weakest link",
            "a backup job was being tested",
            "no process tree",
            "a change ticket",
        ):
            assert words in shown, words


async def test_every_tab_of_an_incident_shows_its_matter(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "n", "=odd", "enter")
        for key, words in {
            "2": "Rule 1",
            "3": "203.0.113.7",
            "4": "host:host1",
            "5": "T1490",
            "6": "isolate",
            "7": "odd",
            "8": "GET alerts-1/_doc/1-0",
        }.items():
            await press(pilot, key)
            assert words in text(app), key


async def test_an_activity_opens_its_alerts_and_an_entity_filters_the_queue(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "2", "enter")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.tab == ALERTS
        assert len(lines(app)) == 3
        await press(pilot, "3", "enter")
        assert isinstance(app.screen, QueueScreen)
        assert in_view(app) == ["inc-0001"]


async def test_the_wide_incident_shows_the_summary_beside_the_timeline(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        await press(pilot, "o")
        side = app.screen.query_one("#side", Rows)
        assert side.display
        assert len(side.sheet) > 10
        assert "Activities" in text(app)


async def test_what_is_copied_is_on_the_clipboard_and_in_a_file(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "y", "i")
        assert app.clipboard == "inc-0001"
        await press(pilot, "y", "d")
        assert "203[.]0[.]113[.]7" in app.clipboard or app.clipboard == ""
        await press(pilot, "asterisk", "a", "y", "i")
        assert app.clipboard.split() == [one.incident_id for one in STANDARD[:5]]
        assert (tmp_path / "memory/copied.txt").read_text().split() == app.clipboard.split()


async def test_an_export_writes_every_format(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "ctrl+s")
    folder = tmp_path / f"export-{NOW:%Y%m%dT%H%M%SZ}"
    names = ("incidents.csv", "incidents.html", "incidents.jsonl", "incidents.md", "incidents.stix.json")
    assert all((folder / name).stat().st_size for name in names)
    assert len((folder / "incidents.jsonl").read_text().splitlines()) == 5


async def test_help_and_log_open_and_close(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "question_mark")
        assert isinstance(app.screen, Pager)
        await press(pilot, "escape", "e", "f", "at")
        sheet = app.screen.query_one(Rows).sheet
        assert "closed 1 incident as false positive" in sheet.line(0).text.plain
        await press(pilot, "q")
        assert isinstance(app.screen, QueueScreen)


async def test_the_tour_is_shown_once(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, Tour)
        await press(pilot, *["enter"] * 6)
        assert isinstance(app.screen, QueueScreen)
        assert app.memory.tour_seen()
        await press(pilot, "e", "f")
        assert on_disk(tmp_path)["inc-0001"].state == "closed"


async def test_a_new_run_is_told_and_the_cursor_stays(open_app: Open, tmp_path: Path) -> None:
    app = open_app(poll=0.01)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "j", "j")
        urgent = incident(7).model_copy(update={"rank": 1})
        later = (urgent, *(one.model_copy(update={"rank": one.rank + 1}) for one in STANDARD))
        with SqliteState(tmp_path / "state") as store:
            publish(store, later, "b")
        while "published" not in message(app):
            await pilot.pause(0.01)
        assert message(app) == "a run was published: 1 new incident"
        assert app.desk.queue.cursor == "inc-0003"
        assert app.desk.queue.position == 3


async def test_somebody_elses_decision_is_seen(open_app: Open, tmp_path: Path) -> None:
    app = open_app(poll=0.01)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        with Session(Settings(state=tmp_path / "state")) as other:
            other.decide(STATUS_OF_FOUR)
        while "inc-0004" in in_view(app):
            await pilot.pause(0.01)
        assert message(app) == "somebody else made a decision"


async def test_notes_are_shown_in_the_incident(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "n", "=first", "enter", "n", "=second", "enter", "7")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.tab == NOTES
        assert text(app).index("first") < text(app).index("second")


async def test_words_are_found_on_a_page(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await press(pilot, "o", "slash", "=WEAKEST", "enter")
        rows = app.screen.query_one("#rows", Rows)
        assert "weakest link" in rows.sheet.line(rows.cursor).text.plain
        await press(pilot, "slash", "= nowhere", "enter")
        assert message(app) == "'WEAKEST nowhere' is not on this page"
