"""What is shown of a run that was started here: its stage, how far it is, how fast. No event loop, no terminal."""

import json
from collections.abc import Callable
from typing import NamedTuple

from rich.text import Text

from triage_tui.look import Look

BAR = 12


class Stage(NamedTuple):
    """How far a stage is."""

    name: str
    begun: float
    """Seconds on the clock."""
    done: int = 0
    total: int | None = None


class RunView:
    """Follows a run by its event lines. ``clock`` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stage = Stage("starting", clock())
        self.said = ""
        """What the run said last that is no progress: a notice, or why it failed."""
        self.status = ""
        """done or incomplete, once it has ended well."""

    def take(self, line: str) -> None:
        """Take in one line of the run's output; what is no event is something it says."""
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            self.said = line.strip() or self.said
            return
        match told.get("event"):
            case "StageStarted" | "StageEnded":
                self._stage = Stage(str(told.get("stage", "")), self._clock())
            case "Progress":
                self._progress(str(told.get("stage", "")), told.get("done"), told.get("total"))
            case "Notice":
                self.said = str(told.get("text", ""))
            case "RunEnded":
                self.status = str(told.get("status", ""))

    def _progress(self, stage: str, done: object, total: object) -> None:
        if stage != self._stage.name:
            self._stage = Stage(stage, self._clock())
        counted = done if isinstance(done, int) else 0
        self._stage = self._stage._replace(done=counted, total=total if isinstance(total, int) else None)

    def text(self, look: Look, width: int) -> Text:
        """Return the line to show while the run goes on."""
        stage, styles = self._stage, look.styles
        text = Text.assemble(
            (" run ", f"reverse {styles.accent}"), " ", look.text(stage.name, 20, styles.strong), end=""
        )
        if stage.done:
            of = f" of {stage.total:,}" if stage.total else ""
            seconds = max(self._clock() - stage.begun, 0.001)
            rate = f"  {stage.done / seconds:,.0f}/s" if seconds >= 1 else ""
            text.append_text(_bar(stage, look))
            text.append(f" {stage.done:,}{of}{rate}")
        tail = Text.assemble(look.text(f"  {self.said}" if self.said else "", 200, styles.muted), end="")
        text.append_text(tail)
        keys = ("  X cancels", styles.muted)
        if text.cell_len + len(keys[0]) > width:
            text.truncate(max(width - len(keys[0]), 0))
        return Text.assemble(text, keys, end="")


def _bar(stage: Stage, look: Look) -> Text:
    if not stage.total:
        return Text(end="")
    filled = min(round(stage.done / stage.total * BAR), BAR)
    return Text.assemble(
        " ",
        (look.glyphs.full * filled, look.styles.accent),
        (look.glyphs.empty * (BAR - filled), look.styles.muted),
        end="",
    )
