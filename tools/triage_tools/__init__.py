"""Read-only tools of the investigator, one per file; ``policy`` decides who may call what.

Every answer is JSON-able and carries ``total`` (the true count), ``truncated`` and ``query`` (to be run again).
"""

from langchain_core.tools import StructuredTool

from triage.attack import TechniqueTable, load_techniques
from triage.ports import AssetInventory, EventSearch
from triage_tools.alerts_around_entity import alerts_around_entity
from triage_tools.asset_lookup import asset_lookup
from triage_tools.attack_lookup import attack_lookup
from triage_tools.background import Background
from triage_tools.beacon_test import beacon_test
from triage_tools.documents import process_tree, rule_guide
from triage_tools.entity_history import entity_history
from triage_tools.events_around import events_around
from triage_tools.first_last_seen import first_last_seen
from triage_tools.limits import ToolLimits
from triage_tools.logon_events import logon_events
from triage_tools.logon_history import logon_history
from triage_tools.peers import peers
from triage_tools.planned_changes import planned_changes
from triage_tools.process_events import process_events
from triage_tools.rule_prevalence import rule_prevalence
from triage_tools.similar_incidents import similar_incidents
from triage_tools.threat_intelligence import threat_intelligence
from triage_tools.usual_times import usual_times

__all__ = ["Background", "ToolLimits", "build_tools"]


def build_tools(
    search: EventSearch,
    assets: AssetInventory,
    limits: ToolLimits,
    techniques: TechniqueTable | None = None,
    background: Background | None = None,
) -> list[StructuredTool]:
    """Make all tools over their handles; ``techniques`` defaults to the shipped table, ``background`` to nothing."""
    known = background or Background()
    return [
        alerts_around_entity(search, limits),
        asset_lookup(assets, limits),
        attack_lookup(techniques or load_techniques(), limits),
        beacon_test(search, limits),
        entity_history(search, limits),
        events_around(known.events, limits),
        first_last_seen(search),
        logon_events(known.events, limits),
        logon_history(search, limits),
        peers(known, limits),
        planned_changes(known, limits),
        process_events(known.events, limits),
        process_tree(known, limits),
        rule_guide(known, limits),
        rule_prevalence(search, limits),
        similar_incidents(known, limits),
        threat_intelligence(known, limits),
        usual_times(known, limits),
    ]
