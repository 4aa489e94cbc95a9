"""The first page of an incident: what happened, why it ranks here, why it belongs together, and what speaks against."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.text import Text

from triage.casework.cause_wording import told
from triage.intelligence.adversary import Campaign
from triage.judgement.confidence import Confidence
from triage.models import Evidence, Incident, Join
from triage_tui.look import Look, count
from triage_tui.messages import CampaignTarget, Cite, EvidenceTarget, FlipTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.narrative import narrative_items
from triage_tui.sheets.preview import cited, sentences, with_citations
from triage_tui.view_state import number

JOINS_SHOWN = 12
"""Joins listed, the weakest first; how many there are is said."""


class Beside(NamedTuple):
    """What is known of an incident besides itself."""

    confidence: Confidence = Confidence(None, "")
    campaigns: Sequence[Campaign] = ()


def summary_sheet(incident: Incident, beside: Beside, look: Look, width: int) -> ListSheet:
    """Return the page; sentences point at the evidence they cite, evidence at its documents."""
    page = Builder(width, look)
    page.heading("What happened")
    likely = told(incident.cause) if incident.cause else []
    if likely:
        page.item(Text.assemble(with_citations(likely[0], look), style=look.styles.strong, end=""), hang=2)
    for sentence in sentences(incident.summary):
        names = cited(sentence)
        page.item(with_citations(sentence, look), Cite(names[0]) if names else None, hang=2)
    _rank(page, incident, beside.confidence)
    _campaigns(page, beside.campaigns)
    if incident.narrative:
        narrative_items(page, incident.narrative)
    _bullets(page, "What it most likely is", tuple(likely[1:]))
    if incident.benign_reading:
        page.heading("The harmless reading")
        page.item(with_citations(incident.benign_reading, look), hang=2)
    _bullets(page, "What is missing", incident.missing_evidence)
    _flips(page, incident.would_flip)
    page.heading(f"Evidence ({len(incident.evidence)})")
    for item in incident.evidence:
        page.item(_evidence(item, look), EvidenceTarget(item.evidence_id), hang=6)
    _joins(page, incident)
    return page.sheet()


def _rank(page: Builder, incident: Incident, confidence: Confidence) -> None:
    look = page.look
    page.heading(f"Why it ranks here: {incident.urgency:.1f} of 100")
    for part in incident.urgency_parts:
        size = max(round(abs(part.points) / 100 * 20), 1)
        bar = Text((look.glyphs.full * size).ljust(20), style=look.styles.urgency(incident.urgency), end="")
        words = Text.assemble(
            f"{part.points:+6.1f} ",
            bar,
            " ",
            look.cell(part.name, 14, look.styles.strong),
            " ",
            look.text(part.why, 300),
            end="",
        )
        page.item(words, hang=43 if page.width >= 90 else 8)
    page.item(
        Text.assemble(
            (f"{incident.urgency:6.1f} ", look.styles.strong),
            "= the sum   ",
            look.text(f"{incident.disposition}: {incident.verdict_reason}", 400, look.styles.of(incident.disposition)),
            end="",
        ),
        hang=8,
    )
    _confidence(page, confidence)


def _confidence(page: Builder, confidence: Confidence) -> None:
    if confidence.basis:
        said = (
            "no probability" if confidence.probability is None else f"{confidence.probability:.0%} likely a real attack"
        )
        tail = page.look.text(f"  {confidence.basis}", 300, page.look.styles.muted)
        page.item(Text.assemble("       ", (said, page.look.styles.strong), tail, end=""), hang=7)


def _campaigns(page: Builder, campaigns: Sequence[Campaign]) -> None:
    if campaigns:
        page.heading("Part of a campaign; Enter shows it")
    for one in campaigns:
        words = (
            f"{page.look.glyphs.linked} {one.title}  {number(len(one.incident_ids))}, {number(one.link_count, 'link')}"
        )
        page.item(page.look.text(words, 300, page.look.styles.accent), CampaignTarget(one.campaign_id), hang=2)


def _bullets(page: Builder, title: str, texts: tuple[str, ...]) -> None:
    if not texts:
        return
    page.heading(title)
    for text in texts:
        names = cited(text)
        bullet = Text.assemble(f"{page.look.glyphs.bullet} ", with_citations(text, page.look), end="")
        page.item(bullet, Cite(names[0]) if names else None, hang=2)


def _flips(page: Builder, texts: tuple[str, ...]) -> None:
    if not texts:
        return
    page.heading("What would flip the verdict; Enter or F runs its query over all that is stored")
    for text in texts:
        bullet = Text.assemble(f"{page.look.glyphs.bullet} ", with_citations(text, page.look), end="")
        page.item(bullet, FlipTarget(text), hang=2)


def _evidence(item: Evidence, look: Look) -> Text:
    style = look.styles.of(item.supports if item.supports != "context" else "")
    side = {"attack": "+", "benign": "-"}.get(item.supports, " ")
    many = f"{count(item.alert_count)} alert{'s' * (item.alert_count != 1)}"
    tail = f"  ({item.tool}, {many}{', sample kept' if item.truncated else ''})"
    return Text.assemble(
        (f"{side} ", style),
        (f"{look.clean(item.evidence_id, 8):<4}", f"{style} {look.styles.strong}"),
        look.text(item.statement, 1000),
        look.text(tail, 100, look.styles.muted),
        end="",
    )


def _joins(page: Builder, incident: Incident) -> None:
    if not incident.joins:
        return
    look = page.look
    page.heading(f"Why these belong together ({len(incident.joins)} joins)")
    rules = {entry.activity: entry.rule for entry in incident.timeline}
    ranked = sorted(incident.joins, key=lambda join: (not join.weakest, -join.strength, join.left, join.right))
    for join in ranked[:JOINS_SHOWN]:
        page.item(_join(join, rules, look), hang=6)
    if len(ranked) > JOINS_SHOWN:
        page.plain(Text(f"      and {len(ranked) - JOINS_SHOWN:,} more", style=look.styles.muted, end=""))


def _join(join: Join, rules: Mapping[str, str], look: Look) -> Text:
    weakest = (" weakest link ", look.styles.bad) if join.weakest else ("", "")
    return Text.assemble(
        f"{join.strength:.2f}  ",
        weakest,
        " " if join.weakest else "",
        look.text(f"{rules.get(join.left, join.left)} + {rules.get(join.right, join.right)}", 250, look.styles.strong),
        ": ",
        look.text(join.reason, 400),
        end="",
    )
