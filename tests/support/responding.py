"""A state with one incident that has a plan, a connector that writes into a file, and responses over both."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from support.incidents import incident
from support.states import Hand, publish
from triage.adapters.database import SqliteState
from triage.config import RespondSettings, Settings
from triage.desk.decisions import Status
from triage.models import Incident, Model, ResponseStep
from triage.responding.models import WRITE_STATUS, Act, Action, Connector, Event, Outcome, Preview
from triage.responding.responses import Handles, Responses
from triage.wiring import checkpointer

ISOLATE = ResponseStep(
    phase="containment",
    action="Isolate host dc01",
    target="host:dc01",
    reason="it carries the activity",
    evidence=("E1",),
    reversal="Release dc01",
    role="lead",
    step_id="isolate_host-1",
    measure="isolate_host",
)
ASK = ISOLATE.model_copy(update={"step_id": "ask_owner-1", "measure": "ask_owner", "role": "analyst"})
SETTINGS = RespondSettings(viewers=("vera",), leads=("lena",), admins=("adam",))


def planned(name: str = "inc-1") -> Incident:
    return incident(name).model_copy(update={"response_plan": (ISOLATE, ASK)})


class FileConnector:
    """Appends the key of each action to a file: what arrived survives the death of the sender."""

    def __init__(self, file: Path, *, idempotent: bool = True, die: str = "") -> None:
        self.name = "file"
        self.idempotent = idempotent
        self._file = file
        self._die = die
        self.would = "write a line"

    def takes(self, measure: str) -> bool:
        return measure in {"isolate_host", WRITE_STATUS}

    def preview(self, action: Action) -> Preview:
        refused = "it is not there" if self.would == "refuse" else ""
        return Preview(would=(self.would,), changes=1, digest=f"{action.key} {self.would}", refused=refused)

    def carry_out(self, action: Action, preview: Preview) -> Outcome:  # noqa: ARG002 - the protocol's names
        with self._file.open("a") as file:
            file.write(f"{action.key}\n")
        if self._die == "effect":
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome(state="done", detail="written", changed=1)

    def arrived(self) -> Sequence[str]:
        return self._file.read_text().split() if self._file.exists() else []


class DyingLog:
    """Kills its process before or after an event is recorded."""

    def __init__(self, state: SqliteState, die: str) -> None:
        self._log = state.responses
        self.now, self.alone = self._log.now, self._log.alone
        self._die = die

    def events(self) -> Sequence[Event]:
        return self._log.events()

    def record(self, request_id: str, act: Act, author: str, body: Model) -> bool:
        if self._die == f"before {act}":
            os.kill(os.getpid(), signal.SIGKILL)
        new = self._log.record(request_id, act, author, body)
        if self._die == f"after {act}":
            os.kill(os.getpid(), signal.SIGKILL)
        return new


def prepared(folder: Path) -> None:
    """Make the state."""
    with SqliteState(folder) as state:
        publish(state, [planned()])


def responses(
    state: SqliteState, folder: Path, connector: Connector, die: str = "", *, readonly: bool = False
) -> Responses:
    """Return responses on a state, which may die at a given moment."""

    def found(name: str) -> Incident:
        one = state.incident(name)
        assert one is not None
        return one

    return Responses(
        Handles(
            log=DyingLog(state, die),
            connectors=(connector,),
            settings=SETTINGS,
            incident=found,
            status=lambda name: state.decisions.statuses().get(name) or Status(incident_id=name),
            saver=lambda: checkpointer(Settings(), folder),
        ),
        readonly=readonly,
    )


def work(folder: Path, arrived: Path, die: str, *, idempotent: bool = True) -> str:
    """Propose and approve as two commands would, and return the state of the request."""
    with SqliteState(folder) as state:
        connector = FileConnector(arrived, idempotent=idempotent, die=die)
        all_of_it = responses(state, folder, connector, die)
        request = all_of_it.propose("inc-1", "1", "ana")
        return all_of_it.approve(request.request_id, "dc01", "lena").state


__all__ = ["ISOLATE", "SETTINGS", "FileConnector", "Hand", "planned", "prepared", "responses", "work"]
