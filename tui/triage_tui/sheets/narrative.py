"""A language model's words: what holds, what was struck and why; each points at what it cites."""

from rich.text import Text

from triage.models import Narrative
from triage.report.narrative import TITLE, passages
from triage_tui.look import Look
from triage_tui.messages import Cite
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.preview import cited, with_citations


def narrative_items(page: Builder, narrative: Narrative) -> None:
    """Add the narrative under its own heading, so that nobody takes it for what code found."""
    page.heading(TITLE)
    for passage in passages(narrative):
        page.plain(Text(passage.heading, style=page.look.styles.accent, end=""))
        for line in passage.lines:
            names = cited(line.text.replace(", ", "] ["))
            shown = _struck(line.text, line.why, page.look) if line.struck else with_citations(line.text, page.look)
            page.item(Text.assemble("  ", shown, end=""), Cite(names[0]) if names else None, hang=4)


def _struck(text: str, why: str, look: Look) -> Text:
    """Return a sentence that does not hold, marked by a word as well as by its style."""
    return Text.assemble(
        ("[struck] ", look.styles.bad),
        look.text(text, 600, f"{look.styles.muted} strike"),
        look.text(f"  it {why}" if why else "", 300, look.styles.muted),
        end="",
    )


def answer_sheet(question: str, narrative: Narrative, look: Look, width: int) -> ListSheet:
    """Return a question with the model's answer, struck sentences marked."""
    page = Builder(width, look)
    page.heading("You asked")
    page.item(look.text(question, 600, look.styles.strong), hang=2)
    narrative_items(page, narrative)
    if not any(not one.struck for one in narrative.sentences):
        page.heading("Nothing of the answer holds")
        page.item(Text("no sentence of it can be checked against the evidence; read that instead", end=""), hang=2)
    return page.sheet()
