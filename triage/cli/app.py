"""Entry point: finds the sub-command, and turns every way a command can end into an exit code and one sentence."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import click

from triage.errors import TriageError, UsageError

if TYPE_CHECKING:
    from triage.config import Settings
    from triage.session import Session


class Exit(IntEnum):
    """How a command ended; the README documents these numbers."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


COMMANDS: Final = {
    "run": ("run", "Triage new alerts from files or Elasticsearch."),
    "list": ("queue", "Show the open incidents, or those that a filter fits."),
    "show": ("queue", "Show one incident: evidence, reasons, timeline and plan."),
    "close": ("decide", "Close incidents with a reason."),
    "reopen": ("decide", "Open closed, snoozed or benign ones again."),
    "ack": ("decide", "Acknowledge incidents."),
    "assign": ("decide", "Give incidents to somebody."),
    "escalate": ("decide", "Escalate incidents."),
    "snooze": ("decide", "Put incidents off for some time."),
    "note": ("decide", "Write a note on incidents."),
    "split": ("regroup", "Make a part of an incident one of its own."),
    "merge": ("regroup", "Make several incidents one."),
    "move": ("regroup", "Move an alert or activity to another incident."),
    "exclude": ("regroup", "Take what names an entity out of an incident."),
    "constrain": ("constrain", "Say that an entity or kind of alert joins nothing; list what was said."),
    "whatif": ("regroup", "Show whether an incident holds without something."),
    "diff": ("changes", "Show what changed between two runs, and why."),
    "undo": ("history", "Take the last decision back."),
    "redo": ("history", "Make the decision again that was undone last."),
    "log": ("history", "Show what was decided, when and by whom."),
    "copy": ("takeaway", "Print an incident as indicators, query, Markdown or JSON."),
    "export": ("takeaway", "Write incidents as JSONL, CSV, Markdown, HTML or STIX 2.1."),
    "respond": ("respond", "Propose, look at, approve or reject the steps of a response plan."),
    "suppress": ("suppress", "Draft a rule exception for a harmless incident, with what it would hide."),
    "tui": ("tui", "Work the incidents in a terminal UI, by keyboard."),
    "baseline": ("baseline", "Show what was learned as normal, compare its versions, go back."),
    "quality": ("quality", "Check blind samples of what was judged benign; bound the misses."),
    "campaigns": ("campaigns", "Show incidents of different assets and nights that hang together."),
    "intel": ("intel", "Keep, show and ask the local copy of threat intelligence."),
    "explain": ("account", "Tell where one alert went and why."),
    "ledger": ("account", "Show the sums: every alert read has exactly one outcome."),
    "model": ("model", "Show or test the language model of the configuration."),
    "doctor": ("doctor", "Check sources, state, model and disk, and say what to do."),
    "init": ("configure", "Write a commented triage.toml."),
    "config": ("configure", "Show the effective settings and where each comes from."),
    "demo": ("demo", "Make a week of a fictional company and triage it."),
    "eval": ("evaluate", "Score the program on labelled cases, beside plain methods."),
    "version": ("version", "Show the versions of the program and what it runs on."),
}
"""Sub-command -> (module in this package, one line for ``--help``)."""


class LazyGroup(click.Group):
    """Imports the module of a sub-command only when that sub-command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the names in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one sub-command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"triage.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of sub-commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def cli(debug: bool) -> None:
    """Autonomous SOC analyst: every alert accounted for, a few ranked incidents with evidence.

    Exit codes: 0 done, 1 failed, 2 wrong use, 3 done but incomplete, 130 interrupted.
    """
    del debug  # read from the arguments by main, so that it may also stand after the sub-command


def main(args: Sequence[str] | None = None, session: "Callable[[Settings], Session] | None" = None) -> int:
    """Run one command and return its exit code; errors are one sentence on stderr.

    Args:
        args: the words of the command line; None takes those of the process.
        session: makes the session of a command; None takes ``triage.session.Session``.

    """
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        words = [word for word in words if word != "--debug"]
        code = cli.main(words, prog_name="triage", standalone_mode=False, obj=session)
    except click.UsageError as exc:
        return _usage_error(exc)
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted; the same command goes on where it stopped", Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away, so there is nobody to tell, not even when Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as exc:  # noqa: BLE001 - the one place where anything at all becomes a sentence and an exit code
        if debug:
            traceback.print_exc()
        return _explain(exc)
    return int(code or Exit.DONE)


def _explain(exc: Exception) -> int:
    if isinstance(exc, UsageError):
        return _say(str(exc), Exit.WRONG_USE)
    if isinstance(exc, TriageError):
        return _say(str(exc), Exit.FAILED)
    if isinstance(exc, OSError) and exc.strerror:
        return _say(f"{exc.filename or 'the system'}: {exc.strerror}", Exit.FAILED)
    text = f"internal error, please report it: {type(exc).__name__}: {exc}"
    return _say(f"{text} (with --debug there is a traceback)", Exit.FAILED)


def _usage_error(exc: click.UsageError) -> int:
    hint = f" (try 'triage {exc.ctx.info_name} --help')" if exc.ctx and exc.ctx.parent else " (try 'triage --help')"
    if isinstance(exc, click.exceptions.NoArgsIsHelpError):
        click.echo(exc.format_message(), err=True)
        return Exit.WRONG_USE
    return _say(exc.format_message() + hint, Exit.WRONG_USE)


def _say(sentence: str, code: Exit) -> int:
    # A message may quote a file or an alert, so it is cleaned like any text of theirs.
    from triage.trust.untrusted import for_terminal

    click.echo(f"triage: {for_terminal(sentence, 2000)}", err=True)
    return code
