"""A language model's words beside an incident, the same for every front end: what holds, what was struck and why."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triage.models import Narrative, Sentence

TITLE = "In the words of a language model (checked; nothing depends on it)"


class Line(NamedTuple):
    """One line, not yet escaped for any front end."""

    text: str
    struck: bool = False
    why: str = ""
    """Why it is struck."""


class Passage(NamedTuple):
    """Lines under a heading."""

    heading: str
    lines: Sequence[Line]


def passages(narrative: Narrative) -> Iterator[Passage]:
    """Yield what a model added, in the order in which it is read; headings without lines are left out."""
    found = [Line(f"[{one.evidence_id}] {one.statement} ({one.tool})") for one in narrative.evidence]
    notes = [Line(note) for note in narrative.notes]
    if narrative.swayed:
        notes.insert(0, Line("its answer changed with the instruction-like text in the alerts"))
    parts = (
        ("What happened", [_line(one) for one in narrative.sentences]),
        ("Harmless causes to be checked", [_line(one) for one in narrative.harmless]),
        ("What it would still want to know", [_line(one) for one in narrative.missing]),
        ("What its look-ups found, read by code", found),
        ("What went wrong with the model", notes),
        ("What it cost", [Line(cost(narrative))]),
    )
    yield from (Passage(heading, lines) for heading, lines in parts if lines)


def cost(narrative: Narrative) -> str:
    """Return model, calls, tokens, price and seconds in one line."""
    use = narrative.use
    about = "about " if use.estimated else ""
    price = f", cost {use.cost:.4f}" if use.cost is not None else ""
    struck = f", {narrative.struck} struck" if narrative.struck else ""
    calls = f"{use.calls} {'question' if use.calls == 1 else 'questions'} answered"
    return f"{narrative.model}: {calls}{struck}, {about}{use.tokens:,} tokens{price}, {use.seconds:.1f} s"


def _line(sentence: Sentence) -> Line:
    cited = f" [{', '.join(sentence.cites)}]" if sentence.cites else ""
    return Line(f"{sentence.text}{cited}", sentence.struck, sentence.why)
