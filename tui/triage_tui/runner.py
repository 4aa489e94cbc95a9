"""A run as a process of its own: it takes neither memory nor time from the screen, and neither takes the other down."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress

LINE = 1 << 20
"""Bytes of the longest line that is read."""
NICENESS = 10
"""A run leaves the processor to the screen when both want it."""


class Runner:
    """Starts the command of a run, passes on what it says, and stops it."""

    def __init__(self, command: Sequence[str]) -> None:
        """``command``: the words before the sources."""
        self._command = tuple(command)
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """True while a run goes on."""
        return self._process is not None

    async def run(self, sources: Sequence[str], tell: Callable[[str], None]) -> int:
        """Run to the end and return the exit code; ``tell`` gets every line. Raises OSError when it cannot start."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *sources,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
            env=environment,
            start_new_session=True,
            limit=LINE,
        )
        self._process = process
        with suppress(ProcessLookupError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        try:
            while process.stderr is not None and (line := await process.stderr.readline()):
                tell(line.decode("utf-8", "replace"))
            return await process.wait()
        finally:
            self.stop()
            await process.wait()
            self._process = None

    def stop(self) -> None:
        """Interrupt the run; the same command goes on where it stopped."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the run and all it has started at once; what it had written stays, and the same command goes on there."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.killpg(self._process.pid, signal.SIGKILL)
