"""The run that a session may start: started, followed on a line of its own, stopped, and not left behind."""

import shlex
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from triage_tui.run_view import RunView
from triage_tui.runner import Runner
from triage_tui.screens.dialogs import Option, Pick

if TYPE_CHECKING:
    from triage_tui.app import TriageApp

RUN_SECONDS = 0.2
"""Least time between two drawings of a run's progress."""
LEAVING = (Option("s", "stop it and leave; the same run goes on later where it stopped", "stop"),)


class Running:
    """One run at a time. No run outlives the program unseen."""

    def __init__(self, app: "TriageApp", command: Sequence[str]) -> None:
        """``command``: the words before the sources; none where no run can be started."""
        self._app = app
        self._runner = Runner(command) if command else None
        self._leaving = False
        """The program ends once the run has stopped."""

    @property
    def going(self) -> bool:
        """True while a run goes on."""
        return self._runner is not None and self._runner.running

    def start(self, sources: str) -> None:
        """Start a run over what was typed, words as a shell divides them; '' = as configured."""
        app = self._app
        if app.desk.readonly or self._runner is None:
            app.say("no run can be started here" + (": read-only" if app.desk.readonly else ""))
            return
        if self.going:
            app.say("a run goes on already; X cancels it")
            return
        try:
            words = shlex.split(sources)
        except ValueError as error:
            app.say(f"cannot be read: {error}")
            return
        app.run_worker(self._follow(self._runner, words), exclusive=True, exit_on_error=False, group="run")

    async def _follow(self, runner: Runner, sources: Sequence[str]) -> None:
        app, view, drawn = self._app, RunView(time.monotonic), 0.0

        def tell(line: str) -> None:
            nonlocal drawn
            view.take(line)
            if time.monotonic() - drawn >= RUN_SECONDS:
                drawn = time.monotonic()
                app.queue_screen().show_run(view.text(app.look, app.size.width))

        app.queue_screen().show_run(view.text(app.look, app.size.width))
        try:
            code = await runner.run(sources, tell)
        except OSError as error:
            app.queue_screen().show_run(None)
            app.say(f"a run cannot be started: {error}")
            return
        if self._leaving:
            app.exit()
            return
        app.queue_screen().show_run(None)
        ended = f"the run is {view.status}" if view.status else f"the run ended early ({code}): {view.said}"
        app.queue_screen().tell(ended, app.look.styles.good if view.status == "done" else app.look.styles.warn)
        app.look_for_news()

    def cancel(self) -> None:
        """Interrupt the run; the same one goes on later where it stopped."""
        if self.going:
            self.stop()
        else:
            self._app.say("no run goes on")

    def stop(self) -> None:
        """Interrupt the run where there is one."""
        if self._runner is not None:
            self._runner.stop()

    def leave(self) -> None:
        """End the program; while a run goes on ask first. Asked for again while that run stops, end both at once."""
        if self._runner is not None and self.going and not self._leaving:
            self._app.push_screen(Pick("A run goes on", LEAVING, self._app.look), self._answered)
            return
        if self._runner is not None and self.going:
            self._runner.kill()
        self._app.exit()

    def _answered(self, word: str | None) -> None:
        if word is None:
            return
        if not self.going:
            self._app.exit()
            return
        self._leaving = True
        self.stop()
        self._app.say("the run is being stopped, then the program ends; leaving again ends both at once")
