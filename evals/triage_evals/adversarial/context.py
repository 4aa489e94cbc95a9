"""Orders in what is known beside the alerts: asset notes, planned work, threat intelligence, guides of rules."""

import csv
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from triage.advisor.scripted import obedient
from triage_evals.adversarial.fields import planted
from triage_evals.adversarial.plants import Plant
from triage_evals.adversarial.victim import Victim
from triage_evals.adversarial.victim import run as run_victim
from triage_evals.adversarial.whole_runs import Trial

_CRITICALITY = "0"
"""An asset that matters to nobody, as a poisoned inventory would have it: without the note it changes nothing."""


def context_trials(victims: Sequence[Victim], plants: Sequence[Plant], folder: Path) -> Iterator[Trial]:
    """Yield one trial per victim: the same files beside the alerts, without and with orders in them."""
    orders = cycle(plants)
    for victim in victims:
        texts = [next(orders).text for _ in range(3)]
        plain, told = (_files(victim, folder / f"{victim.name}_{n}", some) for n, some in enumerate(([], texts)))
        guided = [
            planted(hit, "kibana.alert.rule.note", texts[0]) if hit["_id"] in victim.attack else hit
            for hit in victim.hits
        ]
        before = run_victim(victim, victim.hits, obedient, plain)
        after = run_victim(victim, guided, obedient, told)
        yield Trial(f"{victim.name}, context", victim, len(texts), before, after, frozenset())


def _files(victim: Victim, folder: Path, orders: Sequence[str]) -> dict[str, Any]:
    """Write inventory, calendar and indicators for a company; return the settings that name them."""
    folder.mkdir(parents=True)
    note, title, label = orders or ("web server", "monthly patch day", "seen in a report")
    hosts, addresses = (sorted(set(names)) for names in (_hosts(victim), _addresses(victim)))
    tables: dict[str, list[tuple[str, ...]]] = {
        "assets.csv": [
            ("kind", "value", "criticality", "owner", "role", "note"),
            *(("host", name, _CRITICALITY, "operations", "server", note) for name in hosts),
        ],
        "calendar.csv": [
            ("from", "to", "kind", "scope", "title"),
            ("2026-03-02T00:00:00Z", "2026-03-06T00:00:00Z", "change", "*", title),
        ],
        "indicators.csv": [("value", "type", "description"), *((one, "ip", label) for one in addresses)],
    }
    for name, rows in tables.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return {
        "assets": {"file": folder / "assets.csv"},
        "calendar": {"file": folder / "calendar.csv"},
        "intelligence": {"files": [str(folder / "indicators.csv")]},
    }


def _hosts(victim: Victim) -> Iterator[str]:
    for hit in victim.hits:
        name = hit["_source"].get("host")
        if isinstance(name, dict) and isinstance(name.get("name"), str):
            yield name["name"]


def _addresses(victim: Victim) -> Iterator[str]:
    for hit in victim.hits:
        source = hit["_source"].get("source")
        if hit["_id"] in victim.attack and isinstance(source, dict) and isinstance(source.get("ip"), str):
            yield source["ip"]
