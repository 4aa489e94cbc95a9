"""What stands below the queue about the cursor's incident: enough to decide on the easy ones without opening them."""

import re

from rich.text import Text

from triage.desk.filter_fields import Told
from triage_tui.look import Look, count
from triage_tui.sheets.base import wrap
from triage_tui.sheets.queue import about
from triage_tui.view_state import Row

_CITED = re.compile(r"\[(E\d+)\]")
_SENTENCE = re.compile(r"(?<=[.!?\]]) (?=[A-Z'\"])")


def sentences(text: str) -> list[str]:
    """Return the sentences of a narrative, each with its citation."""
    joined: list[str] = []
    for part in _SENTENCE.split(text):
        if joined and not _CITED.search(joined[-1]) and _CITED.search(part):
            joined[-1] += " " + part
        else:
            joined.append(part)
    return joined


def cited(text: str) -> list[str]:
    """Return the evidence ids a sentence cites."""
    return _CITED.findall(text)


def with_citations(text: str, look: Look, limit: int = 2000) -> Text:
    """Return a sentence with its citations marked."""
    shown = look.text(text, limit)
    for found in _CITED.finditer(shown.plain):
        shown.stylize(look.styles.accent, found.start(), found.end())
    return shown


def facts(incident: Told, look: Look, width: int) -> Text:
    """Return kill chain, alerts, time and tactics in one line; where there is no room, the furthest tactic."""
    same_day = incident.first_seen.date() == incident.last_seen.date()
    end = f"{incident.last_seen:%H:%M}" if same_day else f"{incident.last_seen:%m-%d %H:%M}"
    noun = "activity" if incident.activity_count == 1 else "activities"
    head = Text.assemble(
        look.strip(incident.tactics, look.styles.of(incident.disposition)),
        f"  {count(incident.alert_count)} alert{'s' * (incident.alert_count != 1)}",
        (f" from {count(incident.activity_count)} {noun}  ", look.styles.muted),
        (f"{incident.first_seen:%m-%d %H:%M} {look.glyphs.arrow} {end} UTC  ", look.styles.muted),
        end="",
    )
    arrow = f" {look.glyphs.arrow} "
    for tactics in (arrow.join(incident.tactics) or "no tactic known", "to " + "".join(incident.tactics[-1:])):
        text = Text.assemble(head, look.text(tactics, 300), end="")
        if text.cell_len <= width:
            return text
    return cut(head, width, look)


def preview(row: Row | None, look: Look, width: int, height: int) -> Text:
    """Return at most ``height`` lines about an incident."""
    if row is None:
        return Text("")
    incident = row.incident
    names = Text.assemble(
        look.text(incident.title, 300, look.styles.strong), ("  " + incident.incident_id, look.styles.muted), end=""
    )
    lines = [cut(names, width, look), facts(incident, look, width)]
    if height >= 5:
        who = Text.assemble(("about ", look.styles.muted), look.text(about(incident, 8), 500), end="")
        lines.append(cut(who, width, look))
    lines.append(
        cut(Text.assemble(("why   ", look.styles.muted), look.text(incident.verdict_reason, 500), end=""), width, look)
    )
    if row.status.notes:
        note = row.status.notes[-1]
        told = Text.assemble(
            ("note  ", look.styles.muted),
            look.text(note.text, 300),
            (f"  {look.clean(note.author, 40)}", look.styles.muted),
            end="",
        )
        lines.append(cut(told, width, look))
    for sentence in sentences(incident.summary):
        lines += wrap(with_citations(sentence, look), width, 2)
    return Text("\n").join(lines[:height])


def cut(text: Text, width: int, look: Look) -> Text:
    """Return the text in one line of at most ``width`` cells, marked where it was cut."""
    if text.cell_len <= width:
        return text
    short = text.copy()
    short.truncate(max(width - 1, 0))
    short.append(look.glyphs.ellipsis)
    return short
