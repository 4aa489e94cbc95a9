"""Victims from labelled cases: one attack of each, among the benign alerts that stand nearest to it."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import orjson

from triage_evals.adversarial.fields import Hit
from triage_evals.adversarial.victim import Victim
from triage_evals.cases import ALERTS_FILE, TRUTH_FILE

MOST_ALERTS = 100_000
"""Alerts of a case, beyond which its file takes too long to read for one attack."""
AROUND = 300
"""Benign alerts that are kept, half before the attack and half after its beginning."""
MOST_OF_ATTACK = 60
"""Alerts of one attack, at most: larger ones are left to the other evals."""


def labelled_victims(cases: Sequence[Path]) -> list[Victim]:
    """Return one victim per case folder that has a fitting attack, in order of the folders."""
    found = (_victim(case) for case in cases if (case / TRUTH_FILE).is_file())
    return [victim for victim in found if victim is not None]


def _victim(case: Path) -> Victim | None:
    """Return the largest attack that is small enough, and its neighbourhood; None where there is none."""
    members = _members(case / TRUTH_FILE)
    fitting = [name for name, ids in members.items() if len(ids) <= MOST_OF_ATTACK]
    hits = _hits(case / ALERTS_FILE) if fitting else []
    if not hits:
        return None
    name = max(fitting, key=lambda name: (len(members[name]), name))
    attacks = frozenset().union(*members.values())
    return Victim(f"{case.name}, {name}", tuple(_neighbourhood(hits, members[name], attacks)), members[name])


def _members(truth: Path) -> dict[str, frozenset[str]]:
    """Return the ids of the alerts of each attack that is certain."""
    members: dict[str, set[str]] = {}
    with gzip.open(truth, "rt", newline="") as text:
        for row in csv.DictReader(text):
            if row["certain"] == "1":
                members.setdefault(row["attack"], set()).add(row["id"])
    return {name: frozenset(ids) for name, ids in members.items()}


def _hits(alerts: Path) -> list[Hit]:
    """Return the alerts of a case by ``@timestamp``; none where they are too many."""
    hits: list[Hit] = []
    with gzip.open(alerts, "rb") as lines:
        for line in lines:
            if len(hits) == MOST_ALERTS:
                return []
            hits.append(orjson.loads(line))
    return sorted(hits, key=lambda hit: (str(hit["_source"].get("@timestamp", "")), hit["_id"]))


def _neighbourhood(hits: Sequence[Hit], attack: frozenset[str], attacks: frozenset[str]) -> list[Hit]:
    own = [place for place, hit in enumerate(hits) if hit["_id"] in attack]
    benign = [place for place, hit in enumerate(hits) if hit["_id"] not in attacks]
    before = [place for place in benign if place < own[0]][-AROUND // 2 :]
    after = [place for place in benign if place > own[0]][: AROUND // 2]
    return [hits[place] for place in sorted({*own, *before, *after})]
