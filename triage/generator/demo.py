"""The demo: a week of a fictional company with three intrusions in it, always the same."""

from pathlib import Path

from triage.generator.scenario import ScenarioSpec, generate, write

DEMO_WEEK = ScenarioSpec(
    name="demo_week",
    seed=20,
    days=7,
    entities=120,
    attacks=("phishing-to-cloud", "plant-manipulation", "model-theft"),
)


def demo_case(folder: Path) -> Path:
    """Write the demo week (alerts, truth, inventory) into ``folder`` and return the path of the alerts."""
    return write(generate(DEMO_WEEK), folder)
