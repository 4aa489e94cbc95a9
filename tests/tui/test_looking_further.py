"""Frequency tables, "seen before?", flip queries, similar incidents, runs, views: driven by keys on a real state."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from support.desk import STANDARD, incident
from support.stored import store_segments
from triage.cli.tui import THEME_NAMES
from triage.errors import UsageError
from triage_tui.app import TriageApp
from triage_tui.preferences import Preferences, View, read_preferences
from triage_tui.run_view import RunView
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.pivot import PivotScreen
from triage_tui.screens.queue import QueueScreen
from triage_tui.sheets.queue import layout, names
from triage_tui.sheets.timeline import WHOLE, Zoom, zoomed
from triage_tui.themes import THEMES, look
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Rows

Open = Callable[..., TriageApp]
SIZE = (120, 40)


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(*(list(key[1:]) if key.startswith("=") else [key]))
        await pilot.pause()
        await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    """Wait for what is read in the background; a run goes on by itself."""
    for worker in [one for one in pilot.app.workers if one.group != "run"]:
        await worker.wait()
    await pilot.pause()


def text(app: TriageApp) -> str:
    sheet = app.screen.query_one("#rows", Rows).sheet
    return "\n".join(sheet.line(y).text.plain for y in range(len(sheet)))


def message(app: TriageApp) -> str:
    return app.screen.query_one("#message", TextLine).told.plain.strip()


def title(app: TriageApp) -> str:
    return app.screen.query_one("#title", TextLine).told.plain.strip()


async def test_fields_then_values_then_the_alerts_that_are_left(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "f")
        assert isinstance(app.screen, PivotScreen)
        assert title(app) == "this night  18 alerts"
        assert text(app).splitlines()[1].split()[:4] == ["rule", "4", "50%", "Burst"]
        await press(pilot, "enter")
        assert text(app).splitlines()[0].split()[:2] == ["9", "50%"]
        await press(pilot, "enter", "a")
        assert title(app).endswith("rule:Burst → alerts  9 alerts")
        assert len(text(app).splitlines()) == 9
        await press(pilot, "escape", "escape", "escape", "escape")
        assert isinstance(app.screen, QueueScreen)


async def test_an_incident_is_pivoted_by_itself(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "o", "f")
        assert title(app) == "#2  3 alerts"
        await press(pilot, "q")
        assert isinstance(app.screen, IncidentScreen)


async def test_seen_before_names_the_incidents_and_opens_one(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "e", "f", "colon", "=seen 203.0.113.7", "enter")
        assert "18 alerts on 1 day" in text(app)
        assert "In 6 incidents" in text(app)
        assert any("#1 " in line and "FP" in line for line in text(app).splitlines())
        rows = app.screen.query_one("#rows", Rows)
        while "Incident number 3" not in rows.sheet.line(rows.cursor).text.plain:
            await press(pilot, "j")
        await press(pilot, "enter")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.incident_id == "inc-0003"


async def test_what_was_never_seen_is_said(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon", "=seen 198.51.100.1", "enter")
        assert text(app) == "no such alert in any run that is stored"


async def test_the_flip_query_runs_with_one_key(open_app: Open, tmp_path: Path) -> None:
    sentence = 'To benign: rule \'Burst\' fires just as much elsewhere. KQL: (rule.name : "Burst" or x : "Burst")'
    asked = incident(1).model_copy(update={"would_flip": (sentence,)})
    app = open_app((asked, *STANDARD[1:]))
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "o", "F")
        assert title(app) == "rule:Burst  9 alerts"
        assert "fires just as much elsewhere" in text(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, IncidentScreen)


async def test_similar_incidents_are_ranked_and_opened(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "o", "9")
        assert "Similar incidents (5" in text(app)
        assert "number 3" in text(app).splitlines()[1]
        await press(pilot, "enter")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.incident_id == "inc-0003"


async def test_entities_have_neighbours_prevalence_and_history(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    store_segments(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "o", "3")
        assert "18 alerts on 6 hosts, 1 day" in text(app)
        assert "Neighbourhood" in text(app)


async def test_the_timeline_zooms_and_moves(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "o", "2", "plus")
        assert "50.0% of its time" in text(app)
        await press(pilot, "l", "minus", "minus")
        assert "+ - zoom" in text(app)


def test_a_zoom_never_leaves_the_incident() -> None:
    zoom = WHOLE
    for act in [2, 2, 2, -2, 2, 2]:
        zoom = zoom.zoomed(act).panned(-3).panned(5)
        assert 0 <= zoom.start < zoom.end <= 1
    part = zoomed(STANDARD[0], Zoom(0.5, 1.0))
    assert STANDARD[0].first_seen < part.first_seen < part.last_seen == STANDARD[0].last_seen


# --- views ----------------------------------------------------------------------------------------------------------


async def test_groups_have_headings_and_the_cursor_stays(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "j", "t")
        assert message(app).startswith("grouped by verdict")
        shown = text(app).splitlines()
        assert shown[0].startswith("attack  2 incidents, 6 alerts")
        assert app.desk.queue.cursor == "inc-0003"
        await press(pilot, "j")
        assert app.desk.queue.cursor == "inc-0004"
        await press(pilot, "k", "k")
        assert app.desk.queue.cursor == "inc-0002"


async def test_a_view_is_saved_and_shown_again(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", "=host:host3", "enter", "colon", "=save three", "enter")
    saved = json.loads((tmp_path / "memory/tui.json").read_text())
    assert saved["views"]["three"]["filter"] == "host:host3"
    again = open_app()
    async with again.run_test(size=SIZE) as pilot:
        await press(pilot, "V", "1")
        assert [row.id for row in again.desk.queue.rows] == ["inc-0003"]


async def test_columns_are_chosen_by_name(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon", "=columns # incident status", "enter")
        assert app.screen.query_one("#header", TextLine).told.plain.split() == ["#^", "incident", "status"]
        await press(pilot, "colon", "=columns nonsense", "enter")
        assert message(app).startswith("no column 'nonsense'")


@pytest.mark.parametrize("width", [20, 40, 78, 118, 198])
def test_chosen_columns_fit_any_width(width: int) -> None:
    plan = layout(width, names())
    assert 2 + sum(cells + 1 for _, cells in plan.columns) <= width


# --- preferences ----------------------------------------------------------------------------------------------------


async def test_keys_and_close_reasons_of_ones_own(open_app: Open) -> None:
    chosen = Preferences(keys={"close": "c"}, reasons={"p": "penetration_test"})
    app = open_app(preferences=chosen)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "c", "p")
        assert app.desk.port.statuses()["inc-0001"].reason == "penetration_test"
        assert "c close" in app.screen.query_one("#footer", TextLine).told.plain


def test_an_unknown_action_is_refused(open_app: Open) -> None:
    with pytest.raises(UsageError, match="'fly' is no action"):
        open_app(preferences=Preferences(keys={"fly": "c"}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("theme = 3", "theme"),
        ("nonsense = 1", "nonsense"),
        ('[reasons]\nt = "mine"', "reasons"),
        ('[service_levels]\n70 = "1h"', "urgency 0"),
        ("[", "tui.toml"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "tui.toml").write_text(content)
    with pytest.raises(UsageError, match=said):
        read_preferences(tmp_path / "tui.toml")


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    lines = ['group = "verdict"', "[views.night]", 'filter = "is:new"', "[service_levels]", '70 = "30m"', '0 = "1d"']
    (tmp_path / "tui.toml").write_text("\n".join(lines))
    found = read_preferences(tmp_path / "tui.toml")
    assert found.views == {"night": View(filter="is:new")}
    assert [urgency for urgency, _ in found.levels()] == [70, 0]
    assert read_preferences(tmp_path / "none.toml") == Preferences()


# --- runs -----------------------------------------------------------------------------------------------------------

FAKE_RUN = """
import json, sys, time
for done in range(1, 6):
    print(json.dumps({"event": "Progress", "stage": "pull", "done": done, "total": 5}), file=sys.stderr, flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
    time.sleep(60)
if "fail" in sys.argv:
    print("triage: no source", file=sys.stderr)
    sys.exit(2)
print(json.dumps({"event": "RunEnded", "status": "done"}), file=sys.stderr)
"""


async def test_a_run_is_started_followed_and_told_of(open_app: Open) -> None:
    app = open_app(run_command=(sys.executable, "-c", FAKE_RUN))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "r", "enter")
        await app.workers.wait_for_complete()
        assert message(app) == "the run is done"
        assert not app.screen.query_one("#run", TextLine).display


async def test_a_run_that_fails_says_why(open_app: Open) -> None:
    app = open_app(run_command=(sys.executable, "-c", FAKE_RUN))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon", "=run fail", "enter")
        await app.workers.wait_for_complete()
        assert message(app) == "the run ended early (2): triage: no source"


async def test_a_run_is_cancelled(open_app: Open) -> None:
    app = open_app(run_command=(sys.executable, "-c", FAKE_RUN))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon", "=run wait", "enter")
        while "5 of 5" not in app.screen.query_one("#run", TextLine).told.plain:
            await asyncio.sleep(0.02)
            if "pull" in app.screen.query_one("#run", TextLine).told.plain:
                break
        await press(pilot, "X")
        await app.workers.wait_for_complete()
        assert message(app).startswith("the run ended early")


async def test_readonly_starts_no_run(open_app: Open) -> None:
    app = open_app(readonly=True, run_command=(sys.executable, "-c", FAKE_RUN))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "r")
        assert message(app).startswith("read-only")


def test_a_run_tells_stage_share_and_rate() -> None:
    now = [0.0]
    view = RunView(lambda: now[0])
    shown = look("no-colour", ascii_only=True)
    view.take(json.dumps({"event": "StageStarted", "stage": "normalise"}))
    now[0] = 2.0
    view.take(json.dumps({"event": "Progress", "stage": "normalise", "done": 500, "total": 1000}))
    assert "normalise ######...... 500 of 1,000  250/s" in view.text(shown, 120).plain
    for hostile in ("\x1b]0;owned\x07", "[]", "3", '{"event": "Progress", "done": "x"}', '{"event": "Notice"}'):
        view.take(hostile)
        line = view.text(shown, 60)
        assert "\x1b" not in line.plain
        assert line.cell_len <= 60


def test_every_theme_can_be_chosen_on_the_command_line() -> None:
    assert set(THEME_NAMES) == set(THEMES)
