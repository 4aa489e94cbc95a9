"""Reports say everything that matters, bound the rest with true counts, and let nothing of an alert act."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from triage.errors import TriageError
from triage.models import (
    AlertRef,
    Entity,
    EntityKind,
    Evidence,
    Incident,
    Join,
    ResponseStep,
    TimelineEntry,
    UrgencyPart,
)
from triage.record.ledger import LEDGER
from triage.report import content, html, markdown
from triage.report.outputs import write_outputs

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SUMMARY: dict[str, Any] = {
    "run_id": "run-000001",
    "started": START.isoformat(),
    "counts": {"read": 5, "incident": 3, "benign": 2, "activities": 2},
    "incomplete": [],
}
INCOMPLETE = [{"source": "es:alerts", "reason": "2 of 5 shards failed", "advice": "check the cluster's health"}]
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def incident(text: str = "x", **changes: Any) -> Incident:
    """Return an incident that carries a text in every field that comes from outside."""
    entry = TimelineEntry(
        activity="act-1",
        first_seen=START,
        last_seen=START + timedelta(minutes=3),
        alert_count=400_000,
        detector=text,
        rule=text,
        entities=(f"host:{text}",),
        severity=80,
        techniques=(text,),
        tactics=("execution", text),
        novelty=0.9,
    )
    values: dict[str, Any] = {
        "incident_id": "inc-1",
        "rank": 1,
        "urgency": 71.0,
        "urgency_parts": (UrgencyPart(name=text, points=81, why=text), UrgencyPart(name="known", points=-10, why=text)),
        "disposition": "attack",
        "verdict_reason": text,
        "title": text,
        "summary": f"{text}\n{text}",
        "first_seen": START,
        "last_seen": START + timedelta(hours=2, minutes=1),
        "alert_count": 3,
        "activity_count": 1,
        "entities": (Entity(kind=EntityKind.HOST, value=text, alert_count=3, criticality=90),),
        "techniques": (text,),
        "tactics": ("execution", text),
        "detectors": (text,),
        "evidence": (
            Evidence(evidence_id="E1", statement=text, tool=text, alerts=(AlertRef(text, text),), alert_count=9),
        ),
        "joins": (Join(left="a", right="b", reason=text, strength=0.4, weakest=True),),
        "timeline": (entry,),
        "benign_reading": text,
        "missing_evidence": (text,),
        "would_flip": (text,),
        "response_plan": (ResponseStep(phase="containment", action=text, target=text, reason=text, reversal=text),),
    }
    return Incident(**values | changes)


def page(*incidents: Incident, **changes: Any) -> str:
    return html.render(content.report(incidents, SUMMARY | changes))


def text_page(*incidents: Incident, **changes: Any) -> str:
    return markdown.render(content.report(incidents, SUMMARY | changes))


class _Elements(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></svg></style><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "{0.__class__}",
    "[x](javascript:alert(1)) ![y](http://evil.example/p.png)",
    "a | b\n| c | d |\n# head\n```\n> q",
    "`code` **bold** <b>html</b> ~~no~~",
    "\x1b[2J\x1b]0;owned\x07",
    "invoice\u202efdp.exe pass\u200bword \U000e0041",
    "&lt;b&gt; &#x202e;",
    "javascript:alert(1)",
]
LIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_lives_in_html(text: str) -> None:
    plain, hostile = (
        _Elements(page(incident(), incomplete=INCOMPLETE)),
        page(incident(text), incomplete=INCOMPLETE),
    )
    found = _Elements(hostile)
    assert found.tags == plain.tags
    assert {name for name, _ in found.attributes} == {name for name, _ in plain.attributes}
    assert all(value.startswith("#incident-") for name, value in found.attributes if name == "href")
    assert not LIVE.search(hostile)
    assert "49" not in re.findall(r">([^<]*)</h2>", hostile)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_lives_in_markdown(text: str) -> None:
    written = text_page(incident(text), incident(text, rank=2, disposition="benign"), incomplete=INCOMPLETE)
    plain = text_page(incident(), incident(rank=2, disposition="benign"), incomplete=INCOMPLETE)
    allowed = set(re.findall(r"<(\w+)", MARKDOWN.render(plain)))
    rendered = MARKDOWN.render(written)
    assert set(re.findall(r"<(\w+)", rendered)) <= allowed
    assert rendered.count("<td>") == MARKDOWN.render(plain).count("<td>")
    assert not LIVE.search(written)


@settings(max_examples=25, deadline=None)
@given(
    st.text(
        alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("<>\"'&{}%|`*[]()\x1b\u202e")), max_size=40
    )
)
def test_any_text_stays_text(text: str) -> None:
    assert _Elements(page(incident(text))).tags == _Elements(page(incident())).tags
    assert not LIVE.search(page(incident(text)))


def test_huge_texts_and_many_incidents_are_bounded_with_true_counts() -> None:
    many = [incident("word " * 2000, rank=rank) for rank in range(1, 61)]
    many += [incident("b", rank=rank, disposition="benign", alert_count=2) for rank in range(61, 261)]
    written, marked = page(*many), text_page(*many)
    for text in (written, marked):
        assert "40 of 60 incidents in full are shown" in text
        assert "100 of 200 benign groups are shown" in text
        assert "200 groups, 400 alerts" in text
    assert len(written) < 4_000_000


def test_the_page_forbids_itself_to_load_or_run_anything() -> None:
    written = page(incident())
    assert "default-src 'none'" in written
    assert not {"script", "link", "img", "iframe", "object", "form"} & _Elements(written).tags
    assert "http://" not in written
    assert "https://" not in written


def test_an_incident_says_what_an_analyst_needs() -> None:
    said = _Elements(page(incident("Lateral movement"))).text
    for wanted in ("Lateral movement", "urgency", "71", "weakest link", "E1", "+81.0", "-10.0", "400,000", "2 h 1 min"):
        assert wanted in said
    for section in ("What to do", "The benign reading", "Would change the verdict", "Evidence that is missing"):
        assert section in said
    marked = text_page(incident("Lateral movement"))
    for wanted in ("Lateral movement", "urgency **71**", "(weakest link)", "E1", "Containment", "400,000"):
        assert wanted in marked


def test_an_incomplete_run_is_loud() -> None:
    assert "INCOMPLETE" not in page(incident())
    for text in (page(incomplete=INCOMPLETE), text_page(incomplete=INCOMPLETE)):
        assert "INCOMPLETE" in text
        assert "2 of 5 shards failed" in text
        assert "no incident does not mean no attack" in text or "are open" in text or "No incident" in text


def test_no_incident_is_explained() -> None:
    nothing = {"counts": {"read": 4, "already_judged": 4}}
    for text in (page(**nothing), text_page(**nothing)):
        assert "all 4 documents were judged before" in text


def test_sums_that_do_not_add_up_are_loud() -> None:
    assert "DO NOT ADD UP" in page(counts={"read": 9})
    assert "DO NOT ADD UP" in text_page(counts={"read": 9})


def test_indicators_are_defanged() -> None:
    url = Entity(kind=EntityKind.URL, value="https://evil.example/x", alert_count=1)
    assert "hxxps[:]//evil[.]example" in page(incident(entities=(url,)))
    assert "https://" not in text_page(incident(entities=(url,)))


def test_an_incident_of_one_moment_without_entities_or_tactics_can_be_drawn() -> None:
    bare: dict[str, Any] = {
        "entities": (),
        "tactics": (),
        "timeline": (),
        "joins": (),
        "evidence": (),
        "response_plan": (),
    }
    assert "<svg" in page(incident(last_seen=START, urgency_parts=(), **bare))


def test_the_files_of_a_run(tmp_path: Path) -> None:
    rows = pl.DataFrame([("i", "a", 1, "x", "incident", "inc-1")], schema=LEDGER, orient="row")
    folder = tmp_path / "new" / "out"
    write_outputs(folder, [incident()], rows, SUMMARY)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(first) == ["incidents.json", "ledger.csv.gz", "report.html", "report.md", "summary.json"]
    assert [Incident.model_validate(value) for value in orjson.loads(first["incidents.json"])] == [incident()]
    assert first["incidents.json"].endswith(b"]\n")
    assert list(orjson.loads(first["incidents.json"])[0]) == list(Incident.model_fields)
    assert orjson.loads(first["summary.json"]) == SUMMARY
    assert gzip.decompress(first["ledger.csv.gz"]) == b"alert_id,outcome,incident_id\na,incident,inc-1\n"
    write_outputs(folder, [incident()], rows, SUMMARY)
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_output_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TriageError, match="cannot write the results"):
        write_outputs(tmp_path / "file", [], pl.DataFrame(schema=LEDGER), SUMMARY)
