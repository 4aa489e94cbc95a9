"""``triage quality``: blind samples of what was judged benign, people's answers, and the bound on misses they give."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from rich.console import Console

    from triage.judgement.quality import Quality, Sample


@click.group("quality", invoke_without_command=True)
@with_settings
@with_json
@click.pass_context
def quality_command(
    ctx: click.Context, config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> None:
    """Show what waits for a check, and the upper bound on missed attacks that the answers so far give.

    Each run draws activities at random of those it judged benign (quality.sample). Why they were is not shown.
    """
    if ctx.invoked_subcommand:
        return
    with open_session(config, state, output) as session:
        samples, found = session.quality.samples(), session.quality.quality()
    waiting = [one for one in samples if one.answer is None]
    if as_json:
        print_json({"quality": found._asdict(), "waiting": [_blind(one) for one in waiting]})
        return
    _print_waiting(console(), waiting)
    console().print(told(found))


@quality_command.command("answer")
@click.argument("sample", type=click.IntRange(1), metavar="ID")
@click.argument("answer", type=click.Choice(["benign", "attack"]))
@with_settings
@with_json
def answer_sample(
    sample: int,
    answer: Literal["benign", "attack"],
    config: Path | None,
    state: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Say what a sample was. A later answer replaces an earlier one; what was an attack is not learned as normal."""
    from triage.session import user

    with open_session(config, state, output) as session:
        session.quality.answer(sample, answer, user())
        found = session.quality.quality()
    if as_json:
        print_json({"sample": sample, "answer": answer, "quality": found._asdict()})
    else:
        console().print(f"sample {sample}: {answer}. {told(found)}")


def told(found: "Quality") -> str:
    """Return what the answers say in a sentence."""
    drawn = f"{found.drawn:,} drawn at random of {found.drawn_from:,} activities that were judged benign"
    if found.bound is None:
        return f"{drawn}, none checked yet: nothing is known about misses"
    said = f"at most {found.bound:.1%} of what was judged benign are attacks (95 % confidence)"
    return f"{drawn}, {found.checked:,} checked, {found.missed:,} missed: {said}"


def _blind(one: "Sample") -> dict[str, Any]:
    return {name: value for name, value in one._asdict().items() if name not in {"answer", "author"}}


def _print_waiting(screen: "Console", waiting: Sequence["Sample"]) -> None:
    for one in waiting:
        rated = "not rated" if one.severity is None else f"severity {one.severity:.0f}"
        screen.print(safe(f"{one.sample:>5}  {one.rule}", 200, "bold"))
        screen.print(safe(f"       {one.detector}, {rated}: {one.message}", 400))
        span = f"{one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M} UTC"
        screen.print(safe(f"       {one.count:,} alerts about {one.principal or 'no entity'}, {span}", 300))
        screen.print(safe(f"       {', '.join(one.entities[:12])}", 500, "dim"))
    screen.print("'triage quality answer ID benign|attack'" if waiting else "nothing waits for a check")
