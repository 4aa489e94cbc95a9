"""A model's words on every front end: what holds and what was struck, with its citation, and nothing of it active."""

import io

from rich.console import Console

from support.incidents import incident
from triage.cli.incident import print_incident
from triage.models import Evidence, Incident, ModelUse, Narrative, Sentence
from triage.report import html, markdown
from triage.report.content import report
from triage.report.narrative import TITLE, passages

HOSTILE = "\x1b]0;owned\x07 <script>alert(1)</script> [click](http://evil.example) \u202egnp.exe"
NARRATIVE = Narrative(
    model="a:b",
    sentences=(
        Sentence(text="Rule 'x' fired 3 times.", cites=("E1",)),
        Sentence(text=f"Invented {HOSTILE}", cites=("E9",), struck=True, why=f"no such evidence {HOSTILE}"),
    ),
    missing=(Sentence(text="Who did it?"),),
    evidence=(Evidence(evidence_id="E9", statement=f"It saw {HOSTILE}.", tool="t"),),
    swayed=True,
    notes=("narrate: no answer",),
    use=ModelUse(calls=3, input_tokens=1000, output_tokens=200, cost=0.0123, seconds=1.5),
)


def told() -> Incident:
    return incident("one").model_copy(update={"narrative": NARRATIVE})


def terminal(one: Incident) -> str:
    out = io.StringIO()
    print_incident(Console(file=out, width=400, markup=False, highlight=False, emoji=False), one)
    return out.getvalue()


def pages(one: Incident) -> list[str]:
    summary = {"run_id": "r", "started": "2026-03-01T00:00:00+00:00", "counts": {}, "sums": "", "explain_zero": ""}
    return [markdown.render_incident(one), html.render(report([one], summary | {"incomplete": []})), terminal(one)]


def test_headings_without_lines_are_left_out() -> None:
    names = [passage.heading for passage in passages(NARRATIVE)]
    assert "Harmless causes to be checked" not in names
    assert names[0] == "What happened"
    assert NARRATIVE.struck == 1


def test_every_front_end_shows_citation_strike_reason_and_cost() -> None:
    for page in pages(told()):
        plain = page.replace("\\", "").replace("&#39;", "'")
        assert "Rule 'x' fired 3 times. [E1]" in plain
        assert "struck: no such evidence" in plain
        assert "3 questions answered, 1 struck, 1,200 tokens, cost 0.0123, 1.5 s" in plain
        assert "its answer changed with the instruction-like text" in plain


def test_nothing_of_it_is_active() -> None:
    for page in pages(told()):
        assert "\x1b]" not in page
        assert "\u202e" not in page
    assert "<script>" not in pages(told())[0]
    assert "<script>" not in pages(told())[1]
    assert "](http" not in pages(told())[0]


def test_without_a_model_nothing_is_said() -> None:
    for page in pages(incident("one")):
        assert TITLE not in page
