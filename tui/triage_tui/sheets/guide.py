"""The help page, the log of decisions and the tour."""

from collections.abc import Sequence

from rich.text import Text

from triage.desk.decisions import Step
from triage_tui.keys import Chosen, helped
from triage_tui.look import Look
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import describe_step

TOUR = (
    (
        "A night in one line",
        """The top line tells how many alerts came in, to how many activities they were condensed and which incidents
        are left; and that every alert has exactly one outcome. INCOMPLETE there means: something was not read.

        Below it are the tabs: open, mine, closed, benign groups, dead letters. [ and ] go through them.""",
    ),
    (
        "Move",
        """j and k or the arrows go down and up, g and G to the first and last. o or Enter opens an incident, esc goes
        back.

        The lines below the table tell enough to decide on the easy ones without opening them.""",
    ),
    (
        "Read",
        """In an incident, Enter on a sentence with [E3] jumps to that evidence, and Enter there shows its document.

        Tabs 1 to 9: summary, timeline, entities, alerts, ATT&CK, response plan, notes, raw document, similar ones.

        f counts the values of every field, w asks whether an entity was seen before, F runs the query that would flip
        the verdict.""",
    ),
    (
        "Decide",
        """e closes: then t true positive, b benign true positive, f false positive, d duplicate. A capital letter asks
        for a note as well. The next incident comes by itself.

        a acknowledges, A assigns, s escalates, S snoozes, n writes a note. z undoes whatever it was.

        What the screen says was decided is on disk.""",
    ),
    (
        "Many at once",
        """x selects, v selects a range, * then 1 selects all with this rule: * 1 e f closes a burst as false positive.

        Decisions work on what is selected, else on the cursor's incident; the question says how many.""",
    ),
    (
        "Find and take away",
        """/ filters while you type: host:dc01 urgency:>60 -is:closed tactic:exfiltration "free text".

        y copies ids, indicators, queries or the whole incident, also over ssh. ctrl+s writes files. ? shows all
        keys.""",
    ),
)
"""Title and paragraphs of each page."""


def help_sheet(place: str, chosen: Chosen, look: Look, width: int) -> ListSheet:
    """Return the keys of a place."""
    page = Builder(width, look)
    for key in helped(place, chosen):
        name = f"{key.shown if key.action != 'open' else 'o Enter':>8}  "
        page.item(Text.assemble((name, f"bold {look.styles.accent}"), key.help or key.label, end=""), hang=10)
    page.heading("marks in the queue")
    for mark, meaning in (
        ("+", "new since the run before"),
        (look.glyphs.grown, "grown"),
        (look.glyphs.moved, "urgency changed"),
        (look.glyphs.selected, "selected"),
        (look.glyphs.linked, "part of a campaign; tab 6 shows them"),
        ("!", "waits longer than its urgency allows: 1 h from 70 on, 8 h from 40 on, else 24 h, unless set otherwise"),
    ):
        page.item(Text.assemble((f"{mark:>8}  ", look.styles.accent), meaning, end=""), hang=10)
    page.heading("kill chain")
    names = (
        "reconnaissance, resource development, initial access, execution, persistence, privilege escalation, evasion,"
        " credential access, discovery, lateral movement, collection, command and control, exfiltration, impact"
    )
    page.item(Text.assemble("          the 14 cells are: ", names, end=""), hang=10)
    return page.sheet()


def log_sheet(steps: Sequence[Step], look: Look, width: int) -> ListSheet:
    """Return the decisions, newest first."""
    page = Builder(width, look)
    for step in reversed(steps):
        style = look.styles.muted if step.undone else ""
        head = f"{step.at:%Y-%m-%d %H:%M:%S}  "
        about = ", ".join(step.decision.incident_ids[:3]) + (" ..." if len(step.decision.incident_ids) > 3 else "")
        page.item(
            Text.assemble(
                (head, look.styles.muted),
                look.text(f"{step.author}  ", 40, look.styles.accent),
                look.text(describe_step(step), 300, style),
                look.text(f"  {about}", 120, look.styles.muted),
                look.text(f"  {step.decision.text}", 300, style),
                end="",
            ),
            hang=21,
        )
    if not steps:
        page.plain(Text("nothing was decided yet", end=""))
    return page.sheet()


def tour_sheet(number: int, look: Look, width: int) -> ListSheet:
    """Return one page of the tour, 0-based."""
    page = Builder(min(width, 76), look)
    title, paragraphs = TOUR[number]
    page.heading(f"{title}   ({number + 1} of {len(TOUR)})")
    for paragraph in paragraphs.split("\n\n"):
        page.plain(Text("", end=""))
        page.item(Text(" ".join(paragraph.split()), end=""))
    return page.sheet()
