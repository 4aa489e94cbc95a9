"""Shows the events of a run on stderr: live with bars on a terminal, one line per stage elsewhere."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from triage.cli.common import console, safe
from triage.events import Event, Notice, Progress, RunEnded, StageEnded, StageStarted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, Task, TaskID
    from rich.text import Text


@contextmanager
def display(wanted: bool | None, *, lines: bool = False) -> Iterator[Callable[[Event], None]]:
    """Yield what shows an event. ``wanted``: None = live on a terminal only; ``lines``: for another program."""
    if lines:
        yield LineDisplay()
        return
    screen = console(err=True)
    live = screen.is_terminal if wanted is None else wanted
    if not live:
        yield PlainDisplay(screen)
        return
    bars = _bars(screen)
    with bars:
        yield LiveDisplay(bars)


class LineDisplay:
    """Every event as a JSON line on stderr, for the program that started this one."""

    def __call__(self, event: Event) -> None:
        """Print the event under its name."""
        told = {"status": event.status} if isinstance(event, RunEnded) else event._asdict()
        click.echo(json.dumps({"event": type(event).__name__, **told}), err=True)


class PlainDisplay:
    """One line per finished stage and per notice."""

    def __init__(self, screen: "Console") -> None:
        self._screen = screen

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        if isinstance(event, StageEnded):
            self._screen.print(f"{event.stage:<12} {event.seconds:8.1f} s  {_counts(event.counts)}")
        elif isinstance(event, Notice):
            self._screen.print(_notice(event))


class LiveDisplay:
    """A bar per stage with count, rate and time left."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        """Update the bar of the event's stage, or print a notice above the bars."""
        if isinstance(event, StageStarted):
            self._task(event.stage)
        elif isinstance(event, Progress):
            self._bars.update(self._task(event.stage), completed=event.done, total=event.total)
        elif isinstance(event, StageEnded):
            task = self._task(event.stage)
            done = self._bars.tasks[self._bars.task_ids.index(task)].completed or 1
            self._bars.update(task, completed=done, total=done, note=_counts(event.counts))
            self._bars.stop_task(task)
        elif isinstance(event, Notice):
            self._bars.console.print(_notice(event))

    def _task(self, stage: str) -> "TaskID":
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None, note="")
        return self._tasks[stage]


def _bars(screen: "Console") -> "Bars":
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    name, note = TextColumn("{task.description:<12}", markup=False), TextColumn("{task.fields[note]}", markup=False)
    return Bars(name, BarColumn(24), _rate_column(), TimeElapsedColumn(), TimeRemainingColumn(), note, console=screen)


def _rate_column() -> "ProgressColumn":
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Count, and count per second while the stage goes on."""

        def render(self, task: "Task") -> "Text":
            speed = f" {task.speed:,.0f}/s" if task.speed and not task.finished else ""
            return Text(f"{task.completed:>10,.0f}{speed:<12}")

    return Rate()


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def _notice(notice: Notice) -> "Text":
    style = {"error": "bold red", "warning": "yellow"}.get(notice.level, "")
    return safe(f"{notice.level}: {notice.text}", 1000, style)
