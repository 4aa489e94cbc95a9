"""``triage campaigns``: incidents of different assets and nights that hang together, each link with what is shared."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.app import Exit
from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from triage.intelligence.adversary import Campaign


@click.command("campaigns")
@click.argument("campaign", default="")
@with_settings
@with_json
def campaigns_command(
    campaign: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> int:
    """Show the campaigns, or one of them by its id or the beginning of it."""
    with open_session(config, state, output) as session:
        found = [one for one in session.campaigns() if one.campaign_id.startswith(campaign)]
    if campaign and not found:
        raise click.UsageError(f"no campaign {campaign!r}; 'triage campaigns' shows them")
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return Exit.DONE
    for one in found:
        _show(one, whole=bool(campaign))
    if not found:
        console().print("no campaign: no incidents of different assets or nights share anything rare or known bad")
    return Exit.DONE


def _show(one: "Campaign", *, whole: bool) -> None:
    screen = console()
    when = f"{one.first_seen:%Y-%m-%d %H:%M} to {one.last_seen:%Y-%m-%d %H:%M} UTC"
    screen.print(safe(f"{one.campaign_id}  {one.title}  ({when})", 400, "bold"))
    screen.print(safe(f"  incidents: {', '.join(one.incident_ids)}", 2000))
    screen.print(safe(f"  assets: {', '.join(one.assets[:20])}", 2000))
    shown = one.links if whole else one.links[:3]
    for link in shown:
        screen.print(safe(f"  {link.left} - {link.right} ({link.strength:.2f}): {link.reason}", 1500))
    if one.link_count > len(shown):
        screen.print(f"  and {one.link_count - len(shown)} more links")
    for like in one.resembles:
        screen.print(safe(f"  {like.sentence}", 600))
