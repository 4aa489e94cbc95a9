"""Requests, roles and answers: default reject, exact names, and nothing without a dry run."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.responding import ISOLATE, SETTINGS, FileConnector, Hand, planned, responses
from support.states import publish
from triage.adapters.database import SqliteState
from triage.desk.decisions import Status, decision
from triage.errors import StateError, UsageError
from triage.models import Entity, EntityKind
from triage.responding.actions import find_step, status_write, step_action
from triage.responding.graph import build_respond, read_answer
from triage.responding.responses import Responses
from triage.responding.roles import role_of
from triage.wording import plain


class Desk:
    """Responses on a fresh state with what they work with."""

    def __init__(self, folder: Path) -> None:
        self.clock = Hand()
        self.state = SqliteState(folder, now=self.clock)
        publish(self.state, [planned()])
        self.connector = FileConnector(folder / "arrived")
        self.responses: Responses = responses(self.state, folder, self.connector)

    def propose(self, step: str = "1") -> str:
        return self.responses.propose("inc-1", step, "ana").request_id

    def acts(self) -> list[str]:
        return [event.act for event in self.state.responses.events()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.state.close()


def test_a_step_is_done_once_after_a_dry_run_and_a_yes(desk: Desk) -> None:
    name = desk.propose()
    assert desk.connector.arrived() == []
    done = desk.responses.approve(name, "dc01", "lena")
    assert (done.state, done.author, done.decided_by) == ("done", "ana", "lena")
    assert desk.connector.arrived() == [done.action.key]
    assert desk.acts() == ["proposed", "previewed", "approved", "started", "done"]
    audited = [(one.actor, one.action) for one in desk.state.audit_entries() if one.action.startswith("response.")]
    assert ("lena", "response.approved") in audited
    with pytest.raises(UsageError, match="done already"):
        desk.responses.approve(name, "dc01", "lena")
    with pytest.raises(UsageError, match="done already"):
        desk.propose()


def test_proposing_twice_is_one_request(desk: Desk) -> None:
    assert desk.propose() == desk.propose("isolate")
    assert desk.acts() == ["proposed", "previewed"]


@pytest.mark.parametrize("typed", ["", "dc0", "DC01", "dc01 ", "yes", "host:dc01"])
def test_only_the_exact_name_is_a_yes(desk: Desk, typed: str) -> None:
    name = desk.propose()
    with pytest.raises(UsageError, match="exact name"):
        desk.responses.approve(name, typed, "lena")
    assert desk.responses.request(name).state == "waiting"
    assert desk.connector.arrived() == []


@pytest.mark.parametrize("who", ["ana", "vera", "nobody", ""])
def test_a_role_that_is_too_low_cannot_approve(desk: Desk, who: str) -> None:
    name = desk.propose()
    with pytest.raises(UsageError, match="needs the role lead"):
        desk.responses.approve(name, "dc01", who)
    assert desk.connector.arrived() == []


def test_a_viewer_can_neither_propose_nor_reject(desk: Desk) -> None:
    name = desk.propose()
    with pytest.raises(UsageError, match="vera is viewer"):
        desk.responses.propose("inc-1", "1", "vera")
    with pytest.raises(UsageError, match="vera is viewer"):
        desk.responses.reject(name, "vera")
    assert role_of("vera", SETTINGS.model_copy(update={"admins": ("vera",)})) == "viewer"


def test_read_only_is_read_only_for_everybody(desk: Desk, tmp_path: Path) -> None:
    name = desk.propose()
    looking = responses(desk.state, tmp_path, desk.connector, readonly=True)
    acts: tuple[Callable[[], object], ...] = (
        lambda: looking.propose("inc-1", "1", "adam"),
        lambda: looking.approve(name, "dc01", "adam"),
        lambda: looking.reject(name, "adam"),
    )
    for act in acts:
        with pytest.raises(UsageError, match="read-only"):
            act()
    assert [one.state for one in looking.requests()] == ["waiting"]


def test_a_rejection_ends_it_and_another_request_can_be_made(desk: Desk) -> None:
    name = desk.propose()
    assert desk.responses.reject(name, "ana", "not now").why == "not now"
    with pytest.raises(UsageError, match="rejected already"):
        desk.responses.approve(name, "dc01", "lena")
    again = desk.propose()
    assert again != name
    assert desk.responses.approve(again, "dc01", "adam").state == "done"


def test_an_old_request_is_rejected(desk: Desk) -> None:
    name = desk.propose()
    desk.clock.forward(timedelta(hours=24))
    with pytest.raises(UsageError, match="waited too long"):
        desk.responses.approve(name, "dc01", "lena")
    assert desk.responses.request(name).why == "nobody approved it in time"
    assert desk.connector.arrived() == []


def test_what_was_found_harmless_is_not_acted_on(desk: Desk) -> None:
    name = desk.propose()
    desk.state.decisions.decide(decision("close", ["inc-1"], reason="false_positive"), "ana")
    with pytest.raises(UsageError, match="closed as false positive"):
        desk.responses.approve(name, "dc01", "lena")
    assert desk.connector.arrived() == []


def test_what_would_be_done_has_to_be_what_was_shown(desk: Desk, tmp_path: Path) -> None:
    name = desk.propose()
    for file in tmp_path.glob("checkpoints.db*"):
        file.unlink()
    desk.connector.would = "write something else"
    done = desk.responses.approve(name, "dc01", "lena")
    assert done.state == "failed"
    assert desk.connector.arrived() == []


def test_what_cannot_be_done_asks_nobody(desk: Desk) -> None:
    desk.connector.would = "refuse"
    request = desk.responses.propose("inc-1", "1", "ana")
    assert (request.state, request.outcome and request.outcome.detail) == ("failed", "it is not there")


def test_without_a_connector_a_step_stays_a_proposal(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no connector takes ask_owner"):
        desk.propose("2")
    with pytest.raises(UsageError, match="no connector 'other'"):
        desk.responses.propose("inc-1", "1", "ana", "other")
    assert desk.acts() == []


def test_a_dry_run_leaves_nothing(desk: Desk) -> None:
    action, preview = desk.responses.dry_run("inc-1", "1")
    assert (action.target, preview.changes) == ("dc01", 1)
    assert desk.acts() == []
    assert desk.connector.arrived() == []


def test_only_one_carries_out_at_a_time(desk: Desk) -> None:
    with desk.state.responses.alone(), pytest.raises(StateError, match="somebody else"):
        desk.propose()


def test_the_status_of_an_incident_is_an_action_too(desk: Desk) -> None:
    desk.state.decisions.decide(decision("close", ["inc-1"], reason="false_positive"), "ana")
    name = desk.propose("status")
    done = desk.responses.approve(name, "inc-1", "ana")
    assert done.state == "done"
    assert done.action.status is not None
    assert done.action.status.tags == ("triage", "triage:inc-1", "triage:attack", "triage:false_positive")


def test_a_status_that_changed_since_is_not_written(desk: Desk) -> None:
    name = desk.propose("status")
    desk.state.decisions.decide(decision("acknowledge", ["inc-1"]), "ana")
    with pytest.raises(UsageError, match="something else was decided"):
        desk.responses.approve(name, "inc-1", "ana")


@pytest.mark.parametrize(
    ("status", "written"),
    [
        (Status(incident_id="inc-1"), "open"),
        (Status(incident_id="inc-1", acknowledged=True), "acknowledged"),
        (Status(incident_id="inc-1", state="closed", reason="duplicate", acknowledged=True), "closed"),
        (Status(incident_id="inc-1", state="snoozed"), "open"),
    ],
)
def test_status_in_the_words_of_elastic_security(status: Status, written: str) -> None:
    assert status_write(planned(), status).workflow_status == written


@pytest.mark.parametrize("name", ["0", "3", "", "isolate_host-2", "\u0661"])
def test_a_step_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError):
        find_step(planned(), name)


def test_a_target_that_cannot_be_typed_is_left_to_people() -> None:
    hostile = Entity(kind=EntityKind.HOST, value="dc\u202e01", alert_count=1)
    incident = planned().model_copy(update={"entities": (hostile,)})
    step = ISOLATE.model_copy(update={"target": f"host:{plain(hostile.value)}"})
    with pytest.raises(UsageError, match="by hand"):
        step_action(incident, step, "file")


@pytest.mark.parametrize("approved", ["true", 1, "yes", None, [True]])
def test_only_true_is_true(approved: object) -> None:
    given = {"approved": approved, "confirm": "dc01", "author": "lena"}
    assert not read_answer(given, step_action(planned(), ISOLATE, "file")).approved


def test_nothing_is_carried_out_but_through_the_question() -> None:
    edges = {(edge.source, edge.target) for edge in build_respond().compile().get_graph().edges}
    assert {source for source, target in edges if target == "carry_out"} == {"await_answer"}
    assert {source for source, target in edges if target == "await_answer"} == {"dry_run"}
    assert ("record", "__end__") in edges


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["approved", "confirm", "author", "x"]), inner),
)


@given(ANSWERS)
def test_whatever_is_no_exact_yes_is_a_no(answer: object) -> None:
    read = read_answer(answer, step_action(planned(), ISOLATE, "file"))
    exact = isinstance(answer, dict) and answer.get("approved") is True and answer.get("confirm") == "dc01"
    assert not read.approved or exact
