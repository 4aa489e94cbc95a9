"""Campaigns in the queue, on their own sheet and in the incident; with every reason, never as an attribution."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desk import NOW, STANDARD, START, opened
from support.pilot import HOSTILE, app_on, flowing, message, press, settled, text
from triage.intelligence.adversary import Campaign, CampaignLink, Resemblance
from triage.session import Session
from triage_tui.screens.campaign import CampaignPaper
from triage_tui.screens.incident import IncidentScreen
from triage_tui.view_state import Tab

LINK = CampaignLink(
    left="inc-0001",
    right="inc-0003",
    ground="indicator",
    what=("domain:c2.example",),
    reason=f"both ask for domain:c2.example, seen on 2 of 40 assets {HOSTILE}",
    strength=0.8,
    since=START,
)
CAMPAIGN = Campaign(
    campaign_id="cmp-1",
    title=f"c2.example over two nights {HOSTILE}",
    first_seen=START,
    last_seen=NOW,
    incident_ids=("inc-0001", "inc-0003", "inc-gone"),
    assets=("host:host1", f"host:{HOSTILE}"),
    techniques=("T1490",),
    links=(LINK,),
    link_count=2,
    resembles=(Resemblance(name=HOSTILE, kind="intrusion-set", shared=("T1490",), own=1, profile=9, chance=0.2),),
)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(Session, "campaigns", lambda _: [CAMPAIGN])
    with opened(tmp_path, STANDARD) as found:
        yield found


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_from_the_tab_to_a_campaign_to_its_incident(
    session: Session, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "6")
        assert app.desk.queue.tab is Tab.CAMPAIGNS
        assert "c2.example over two nights" in text(app)
        await press(pilot, "e")
        assert "no incident here" in message(app)
        await press(pilot, "o")
        assert isinstance(app.screen, CampaignPaper)
        shown = flowing(app)
        assert "seen on 2 of 40 assets" in shown
        assert "never an attribution" in shown
        assert "(1 of 2 links)" in shown
        await press(pilot, "j", "j", "o")
        assert "of an earlier run" in message(app)
        await press(pilot, "k", "o")
        assert isinstance(app.screen, IncidentScreen)
        assert app.screen.incident_id == "inc-0003"


async def test_the_queue_and_the_incident_say_what_is_of_a_campaign(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        marked = [line for line in text(app).splitlines() if "⊕" in line]
        assert [line.split()[2 if line.split()[0] == "+" else 1] for line in marked] == ["1", "3"]
        await press(pilot, "o")
        assert "Part of a campaign" in text(app)


async def test_the_command_shows_the_tab(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "colon", "=campaigns", "enter")
        assert app.desk.queue.tab is Tab.CAMPAIGNS
