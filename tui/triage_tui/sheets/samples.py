"""Blind samples of what was judged benign: what happened, and not a word of why it was judged so."""

from collections.abc import Sequence

from rich.text import Text

from triage.judgement.quality import Quality, Sample
from triage_tui.look import Look, ago
from triage_tui.messages import SampleTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import number

ENTITIES_SHOWN = 12


def samples_sheet(samples: Sequence[Sample], found: Quality, look: Look, width: int) -> ListSheet:
    """Return the samples that wait for an answer, then those that have one."""
    page = Builder(width, look)
    page.heading("What the answers say")
    page.plain(look.text(bound(found), 300))
    waiting = [one for one in samples if one.answer is None]
    answered = [one for one in samples if one.answer is not None]
    page.heading(f"Waiting for an answer ({len(waiting):,})")
    for one in waiting:
        _sample(page, one)
    if not waiting:
        page.plain(Text("none; each run draws a few", style=look.styles.muted, end=""))
    if answered:
        page.heading(f"Answered ({len(answered):,}); a new answer replaces the old one")
    for one in answered:
        _sample(page, one)
    return page.sheet()


def bound(found: Quality) -> str:
    """Return the bound on misses in words."""
    if found.bound is None:
        drawn = f"{found.drawn:,} drawn from {found.drawn_from:,} activities judged benign"
        return f"{drawn}, none checked: nothing is claimed"
    return (
        f"{found.missed:,} of {found.checked:,} checked were attacks: at most {found.bound:.1%} of what was judged"
        " benign is an attack, at 95 % confidence"
    )


def _sample(page: Builder, one: Sample) -> None:
    look = page.look
    lasted = f" for {ago(one.last - one.first)}" if one.last > one.first else ""
    severity = "not rated" if one.severity is None else f"rated {one.severity:.0f} by its vendor"
    answer = f"{one.answer} by {one.author}" if one.answer else ""
    text = Text.assemble(
        look.cell(f"#{one.sample}", 6, look.styles.muted),
        look.text(f"{one.rule} ", 250, look.styles.strong),
        look.text(answer, 60, look.styles.bad if one.answer == "attack" else look.styles.good),
        end="",
    )
    page.item(text, SampleTarget(one.sample), hang=6)
    when = f"{one.first:%Y-%m-%d %H:%M:%S} UTC{lasted}, {number(one.count, 'alert')} of {one.detector}, {severity}"
    names = list(dict.fromkeys((one.principal, *one.entities)))[:ENTITIES_SHOWN]
    for words in (when, one.message, ", ".join(names)):
        page.more(look.cell(f"      {words}", page.width, look.styles.muted))
