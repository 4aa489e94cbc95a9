"""The view state without an event loop: where the cursor goes, what is selected, what is in view."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.desk import NOW, STANDARD, START, incident
from triage.desk.decisions import Decision, Status
from triage.desk.filters import Filter, parse
from triage_tui.view_state import (
    SORTS,
    QueueState,
    Row,
    Snapshot,
    Tab,
    describe,
    main_rule,
    overdue,
    status_word,
    waiting,
)


def queue(statuses: dict[str, Status] | None = None) -> QueueState:
    state = QueueState("ana")
    state.load(Snapshot(STANDARD, statuses or {}, {"inc-0001": "new"}, {}, ()))
    return state


def closed(*names: str) -> dict[str, Status]:
    return {name: Status(incident_id=name, state="closed", reason="false_positive") for name in names}


def ids(state: QueueState) -> list[str]:
    return [row.id for row in state.rows]


def read(text: str) -> Filter:
    return parse(text, me="ana", now=NOW)


def test_benign_groups_have_a_tab_of_their_own() -> None:
    state = queue()
    assert ids(state) == ["inc-0001", "inc-0002", "inc-0003", "inc-0004", "inc-0005"]
    state.show_tab(Tab.BENIGN)
    assert ids(state) == ["inc-0006"]
    assert state.counts() == {Tab.OPEN: 5, Tab.MINE: 0, Tab.CLOSED: 0, Tab.BENIGN: 1, Tab.DEAD: 0, Tab.CAMPAIGNS: 0}


def test_an_escalated_or_reopened_benign_group_is_open() -> None:
    for status in (Status(incident_id="inc-0006", escalated=True), Status(incident_id="inc-0006", reopened=True)):
        assert "inc-0006" in ids(queue({"inc-0006": status}))


def test_mine_holds_what_is_open_and_assigned_to_me() -> None:
    mine = {name: Status(incident_id=name, assignee="ana") for name in ("inc-0002", "inc-0003")}
    state = queue(mine | {"inc-0004": Status(incident_id="inc-0004", assignee="bo")})
    state.show_tab(Tab.MINE)
    assert ids(state) == ["inc-0002", "inc-0003"]


def test_the_cursor_stays_on_its_incident_when_the_queue_changes() -> None:
    state = queue()
    state.move_to(3)
    state.load(state.snapshot._replace(statuses=closed("inc-0001")))
    assert state.cursor == "inc-0004"
    assert state.position == 2
    state.sort_by(-1)
    assert state.cursor == "inc-0004"


def test_after_a_close_the_cursor_is_on_the_next_one() -> None:
    state = queue()
    state.move_to(1)
    state.load(state.snapshot._replace(statuses=closed("inc-0002")))
    assert state.cursor == "inc-0003"


def test_closing_the_last_line_puts_the_cursor_on_the_line_before() -> None:
    state = queue()
    state.move_to(99)
    state.load(state.snapshot._replace(statuses=closed("inc-0005")))
    assert state.cursor == "inc-0004"


def test_an_empty_view_has_no_cursor_and_no_targets() -> None:
    state = queue(closed(*(one.incident_id for one in STANDARD)))
    assert (state.cursor, state.current, state.targets()) == ("", None, ())


def test_actions_work_on_the_selection_else_on_the_cursor() -> None:
    state = queue()
    assert state.targets() == ("inc-0001",)
    state.move_to(2)
    state.toggle()
    state.move_to(0)
    assert state.targets() == ("inc-0003",)
    state.move_to(2)
    state.toggle()
    state.move_to(0)
    assert state.targets() == ("inc-0001",)


def test_a_range_is_selected_in_either_direction() -> None:
    state = queue()
    state.move_to(3)
    assert state.range() == 0
    state.move_to(1)
    assert state.range() == 3
    assert state.targets() == ("inc-0002", "inc-0003", "inc-0004")


def test_all_with_the_same_rule_are_selected() -> None:
    state = queue()
    state.move_to(1)
    assert state.select_same_rule() == "Burst"
    assert set(state.targets()) == {"inc-0002", "inc-0003", "inc-0004"}
    state.clear_selection()
    assert state.targets() == ("inc-0002",)


def test_a_selection_loses_what_the_state_does_not_hold_any_more() -> None:
    state = queue()
    state.select_all()
    state.load(state.snapshot._replace(incidents=STANDARD[:2]))
    assert state.targets() == ("inc-0001", "inc-0002")


def test_a_filter_narrows_the_view_and_a_wrong_one_leaves_it() -> None:
    state = queue()
    assert state.set_filter("host:host3", read)
    assert ids(state) == ["inc-0003"]
    assert not state.set_filter("host:host3 nonsense:", read)
    assert ids(state) == ["inc-0003"]
    assert state.filter_error
    assert state.set_filter("", read)
    assert len(ids(state)) == 5


def test_sorting_goes_round_and_turns() -> None:
    state = queue()
    state.sort_by(1)
    state.turn()
    assert state.sort.name == "urgency"
    assert ids(state) == ["inc-0005", "inc-0004", "inc-0003", "inc-0002", "inc-0001"]
    state.sort_by(len(SORTS) - 1)
    assert ids(state)[0] == "inc-0001"


def test_an_incident_is_found_by_rank_and_by_the_beginning_of_its_id() -> None:
    state = queue()
    found = [state.find(text) for text in ("3", "inc-0003", "0003")]
    assert [row.id for row in found if row] == ["inc-0003"] * 3
    assert state.find("inc-00") is None
    assert state.find("99") is None


@given(st.lists(st.sampled_from(["up", "down", "toggle", "close", "reopen", "sort", "all"]), max_size=30))
def test_whatever_is_done_the_cursor_is_on_a_row_in_view(acts: list[str]) -> None:
    state = queue()
    done: dict[str, Status] = {}
    for act in acts:
        if act in {"up", "down"}:
            state.move_to(state.position + (1 if act == "down" else -1))
        elif act == "close" and state.cursor:
            done |= closed(*state.targets())
        elif act == "reopen":
            done = {}
        elif act == "toggle":
            state.toggle()
        elif act == "sort":
            state.sort_by(1)
        elif act == "all":
            state.select_all()
        state.load(state.snapshot._replace(statuses=done))
        assert (state.cursor in ids(state)) if state.rows else state.cursor == ""


def test_the_main_rule_is_the_one_with_most_alerts() -> None:
    first = STANDARD[0].timeline[0]
    more = first.model_copy(update={"rule": "More", "alert_count": 9})
    assert main_rule(STANDARD[0].model_copy(update={"timeline": (first, more)})) == "More"
    assert main_rule(STANDARD[0].model_copy(update={"timeline": ()})) == STANDARD[0].title


def test_decisions_are_told_in_words() -> None:
    many = ("a", "b", "c")
    assert describe(Decision(kind="close", incident_ids=many, reason="false_positive")) == (
        "closed 3 incidents as false positive"
    )
    assert describe(Decision(kind="note", incident_ids=("a",), text="hm")) == "noted on 1 incident"
    assert describe(Decision(kind="assign", incident_ids=("a",), assignee="bo")) == "assigned 1 incident to bo"
    assert describe(Decision(kind="assign", incident_ids=("a",))) == "gave 1 incident back"
    until = datetime(2026, 3, 2, tzinfo=UTC)
    assert describe(Decision(kind="snooze", incident_ids=("a",), until=until)) == (
        "snoozed 1 incident until 2026-03-02 00:00 UTC"
    )


def test_the_clock_of_an_untouched_urgent_incident_runs_out() -> None:
    urgent = Row(incident(1), Status(incident_id="inc-0001"), "new")
    assert waiting(urgent, NOW, NOW - timedelta(minutes=30)) == timedelta(minutes=30)
    assert not overdue(urgent, timedelta(minutes=30))
    assert overdue(urgent, timedelta(hours=2))
    assert not overdue(urgent._replace(status=Status(incident_id="inc-0001", acknowledged=True)), timedelta(hours=2))


def test_without_a_change_an_incident_waits_since_its_last_alert() -> None:
    old = Row(incident(1), Status(incident_id="inc-0001"), "")
    assert waiting(old, NOW, NOW) == NOW - START - timedelta(minutes=31)


def test_status_words_are_short() -> None:
    row = Row(incident(1), Status(incident_id="x", state="closed", reason="benign_true_positive"), "")
    assert status_word(row) == "BTP"
    own = row._replace(status=Status(incident_id="x", state="closed", reason="known_scanner"))
    assert len(status_word(own)) <= 7
