"""One campaign, from which its incidents are opened."""

from textual import on

from triage.intelligence.adversary import Campaign
from triage_tui.look import Look
from triage_tui.messages import IncidentTarget, Opened
from triage_tui.screens.paper import Paper
from triage_tui.sheets.base import ListSheet
from triage_tui.sheets.campaigns import campaign_sheet


class CampaignPaper(Paper):
    """Shows a campaign; Enter on an incident opens it."""

    def __init__(self, campaign: Campaign, look: Look) -> None:
        super().__init__(f"Campaign: {campaign.title}", "o open an incident", look)
        self._campaign = campaign

    def sheet(self, width: int) -> ListSheet:
        """Return the campaign."""
        queue = self.triage.desk.queue
        rows = {name: row for name in self._campaign.incident_ids if (row := queue.row(name))}
        return campaign_sheet(self._campaign, rows, self.look, width)

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        match event.target:
            case IncidentTarget(name) if self.triage.desk.queue.row(name):
                self.triage.open_incident(name)
            case IncidentTarget():
                self.tell("this incident is of an earlier run and not in the queue", self.look.styles.warn)
