"""Campaigns: incidents that hang together, with every reason, and known actors they resemble."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from triage.intelligence.adversary import Campaign, CampaignLink
from triage_tui.look import Look
from triage_tui.messages import CampaignTarget, IncidentTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import Row, number, status_word

ASSETS_SHOWN = 5


def campaigns_sheet(campaigns: Sequence[Campaign], look: Look, width: int) -> ListSheet:
    """Return one item per campaign, the one active last first."""
    page = Builder(width, look)
    for one in campaigns:
        page.item(_head(one, look), CampaignTarget(one.campaign_id))
        page.more(look.cell(f"   {_scope(one)}", page.width, look.styles.muted))
    return page.sheet()


def campaign_sheet(one: Campaign, rows: Mapping[str, Row], look: Look, width: int) -> ListSheet:
    """Return a campaign's incidents by time, why they were linked, and whom it resembles."""
    page = Builder(width, look)
    page.heading(f"{number(len(one.incident_ids))}, by time")
    for name in one.incident_ids:
        page.item(_incident(name, rows.get(name), look), IncidentTarget(name), hang=6)
    more = f" of {one.link_count:,}" if one.link_count > len(one.links) else ""
    page.heading(f"Why they hang together ({len(one.links):,}{more} links)")
    for link in one.links:
        page.item(_link(link, look), hang=6)
    page.heading("Techniques and assets")
    page.item(look.text(", ".join(one.techniques) or "no technique is known", 600), hang=2)
    page.item(look.text(", ".join(one.assets), 600), hang=2)
    page.heading("Known actors with techniques in common: never an attribution")
    for found in one.resembles:
        page.item(look.text(found.sentence, 600), hang=2)
    if not one.resembles:
        page.item(Text("none that chance would not bring about as well", style=look.styles.muted, end=""))
    return page.sheet()


def _head(one: Campaign, look: Look) -> Text:
    return Text.assemble(
        (f"{look.glyphs.linked} ", look.styles.accent),
        look.text(one.title, 300, look.styles.strong),
        look.text(f"  {one.campaign_id}", 60, look.styles.muted),
        end="",
    )


def _scope(one: Campaign) -> str:
    assets = ", ".join(one.assets[:ASSETS_SHOWN]) + (", ..." if len(one.assets) > ASSETS_SHOWN else "")
    when = f"{one.first_seen:%Y-%m-%d %H:%M} to {one.last_seen:%Y-%m-%d %H:%M} UTC"
    return f"{number(len(one.incident_ids))}, {number(one.link_count, 'link')}, {when}  {assets}"


def _incident(name: str, row: Row | None, look: Look) -> Text:
    if row is None:
        return Text.assemble("      ", look.text(name, 60), ("  of an earlier run", look.styles.muted), end="")
    told = row.incident
    return Text.assemble(
        (f"#{told.rank:<4} ", look.styles.muted),
        look.bar(told.urgency, 6),
        " ",
        look.cell(told.disposition, 10, look.styles.of(told.disposition)),
        " ",
        look.text(told.title, 300),
        look.text(f"  {status_word(row)}", 20, look.styles.accent),
        end="",
    )


def _link(link: CampaignLink, look: Look) -> Text:
    return Text.assemble(
        f"{link.strength:.2f}  ",
        look.text(f"{link.left} + {link.right} ", 130, look.styles.accent),
        look.text(f"{link.ground}: ", 30, look.styles.strong),
        look.text(link.reason, 600),
        end="",
    )
