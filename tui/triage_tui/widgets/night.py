"""The line that tells the night: what came in, what it was condensed to, and whether all of it is accounted for."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from triage_tui.look import Look
from triage_tui.view_state import Snapshot

OUTCOMES = ("incident", "benign", "duplicate", "dead_letter")
"""What may become of an alert."""


def night_text(snapshot: Snapshot, look: Look, width: int) -> Text:
    """Return the night in one line, the more the wider: the sums, and complete or not, are never left out."""
    if not snapshot.summary:
        return Text(" no run yet: start one with 'triage run SOURCE --output DIR'", end="")
    counts = snapshot.summary.get("counts", {})
    for parts in (_long, _medium, _short):
        text = Text.assemble(*parts(counts, snapshot, look), *_verdict(counts, snapshot, look), end="")
        if text.cell_len <= width:
            return text
    return text


def _incidents(snapshot: Snapshot) -> tuple[int, int]:
    told = snapshot.summary.get("incidents", {})
    return int(told.get("shown", 0)), int(told.get("benign_groups", 0))


def _outcomes(counts: Mapping[str, Any]) -> int:
    return sum(int(counts.get(name, 0)) for name in OUTCOMES)


def _long(counts: Mapping[str, Any], snapshot: Snapshot, look: Look) -> list[tuple[str, str]]:
    incident, benign, duplicate, dead = (int(counts.get(name, 0)) for name in OUTCOMES)
    sums = f"  =  {incident:,} in incidents + {benign:,} benign + {duplicate:,} duplicates + {dead:,} dead letters"
    return [*_medium(counts, snapshot, look), (sums, look.styles.muted)]


def _medium(counts: Mapping[str, Any], snapshot: Snapshot, look: Look) -> list[tuple[str, str]]:
    shown, groups = _incidents(snapshot)
    arrow = f" {look.glyphs.arrow} "
    return [
        (f" {_outcomes(counts):,}", "bold"),
        (" alerts", ""),
        (arrow, look.styles.muted),
        (f"{int(counts.get('activities', 0)):,}", "bold"),
        (" activities", ""),
        (arrow, look.styles.muted),
        (f"{shown:,}", f"{look.styles.strong} {look.styles.accent}"),
        (" incident" + "s" * (shown != 1), ""),
        (f" + {groups:,} benign group{'s' * (groups != 1)}", look.styles.muted),
    ]


def _short(counts: Mapping[str, Any], snapshot: Snapshot, look: Look) -> list[tuple[str, str]]:
    shown, groups = _incidents(snapshot)
    arrow = look.glyphs.arrow
    activities = f"{int(counts.get('activities', 0)):,}"
    text = f" {_outcomes(counts):,} alerts {arrow} {activities} act. {arrow} {shown:,} inc. + {groups:,} benign"
    return [(text, "")]


def _verdict(counts: Mapping[str, Any], snapshot: Snapshot, look: Look) -> list[tuple[str, str]]:
    problems = len(snapshot.summary.get("incomplete", ()))
    if problems:
        return [("  ", ""), (f" INCOMPLETE: {problems} not read ", look.styles.bad)]
    named = ("already_judged", "repeated", "outside")
    whole = int(counts.get("read", 0)) == _outcomes(counts) + sum(int(counts.get(name, 0)) for name in named)
    if not whole:
        return [("  ", ""), (" SUMS DO NOT ADD UP ", look.styles.bad)]
    return [("  complete, all accounted for", look.styles.good)]
