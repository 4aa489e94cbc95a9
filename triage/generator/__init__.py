"""Makes companies and their alerts: detectors write real document shapes, scenarios decide what happens.

Knows nothing of how alerts are triaged, and the rest of the program must not import it but from an entry point.
"""

from triage.generator.company import Company
from triage.generator.demo import DEMO_WEEK, demo_case
from triage.generator.events import Alert
from triage.generator.scenario import Scenario, ScenarioSpec, TruthRow, generate, write
from triage.generator.scenarios import ATTACKS, BENIGN, ROUTINE, TWINS

__all__ = [
    "ATTACKS",
    "BENIGN",
    "DEMO_WEEK",
    "ROUTINE",
    "TWINS",
    "Alert",
    "Company",
    "Scenario",
    "ScenarioSpec",
    "TruthRow",
    "demo_case",
    "generate",
    "write",
]
