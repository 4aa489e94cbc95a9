"""What an attacker gains who plants no text: other names, patience, many small pieces, and lessons for the memory.

Each of them costs us something, which is told and held to no bound.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from triage_evals.adversarial.fields import Hit, texts
from triage_evals.adversarial.measuring import probed
from triage_evals.adversarial.victim import Victim
from triage_evals.adversarial.victim import run as run_victim
from triage_evals.results import Probed

SLOWER = 12
"""Factor by which a slow intruder stretches the time between steps."""
SPLIT_INTO = 3
"""Accounts that share the steps of an intruder who divides the work."""
LESSONS = 5
"""Days on which an intruder shows the memory the whole attack before it counts."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*(?:Z|[+-]\d\d:\d\d)?$")


def renamed(victim: Victim) -> list[Hit]:
    """Return the hits with another name for each account, file and process in every alert of the attack."""
    return _changed(victim, lambda number, source: _suffixed(source, f"{number}x"))


def slowed(victim: Victim) -> list[Hit]:
    """Return the hits with ``SLOWER`` times the time between the steps of the attack, in every time they tell."""
    attack = [hit for hit in victim.hits if hit["_id"] in victim.attack]
    start = min(stamp for hit in attack for text in texts(hit) if (stamp := _stamp(text)))
    return [
        hit | {"_source": _retimed(hit["_source"], lambda at: start + (at - start) * SLOWER)}
        if hit["_id"] in victim.attack
        else hit
        for hit in victim.hits
    ]


def taught(victim: Victim) -> list[Hit]:
    """Return the hits with the whole attack on each of ``LESSONS`` days before as well."""
    return [*(hit for day in range(1, LESSONS + 1) for hit in rehearsed(victim, day)), *victim.hits]


def rehearsed(victim: Victim, days: int) -> list[Hit]:
    """Return the alerts of the attack as they would be so many days before, with ids of their own."""
    ago = partial(_earlier, timedelta(days=days))
    return [
        hit | {"_id": f"{hit['_id']}-{days}", "_source": _retimed(hit["_source"], ago)}
        for hit in victim.hits
        if hit["_id"] in victim.attack
    ]


def _earlier(by: timedelta, at: datetime) -> datetime:
    return at - by


def _stamp(text: str) -> datetime | None:
    """Return the time that a text is, as detectors write it; None where it is none."""
    if not _STAMP.match(text):
        return None
    stamp = datetime.fromisoformat(text)
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def _retimed(value: Any, move: Callable[[datetime], datetime]) -> Any:  # noqa: ANN401 - a JSON value
    """Return a value with every time in it moved."""
    if isinstance(value, dict):
        return {name: _retimed(inner, move) for name, inner in value.items()}
    if isinstance(value, list):
        return [_retimed(inner, move) for inner in value]
    stamp = _stamp(value) if isinstance(value, str) else None
    return move(stamp).isoformat() if stamp else value


def shared_out(victim: Victim) -> list[Hit]:
    """Return the hits with the steps of the attack divided among ``SPLIT_INTO`` accounts."""
    return _changed(victim, lambda number, source: _suffixed(source, str(number % SPLIT_INTO), ("user",)))


EVASIONS: Mapping[str, Callable[[Victim], list[Hit]]] = MappingProxyType(
    {
        "renaming accounts, files and processes in each step": renamed,
        f"steps {SLOWER} times as far apart": slowed,
        f"steps divided among {SPLIT_INTO} accounts": shared_out,
        f"the same attack on {LESSONS} days before": taught,
    }
)


def _changed(victim: Victim, change: Callable[[int, dict[str, Any]], None]) -> list[Hit]:
    hits, number = [], 0
    for hit in victim.hits:
        own = copy.deepcopy(hit)
        if hit["_id"] in victim.attack:
            number += 1
            change(number, own["_source"])
        hits.append(own)
    return hits


def _suffixed(source: dict[str, Any], suffix: str, groups: Sequence[str] = ("user", "file", "process")) -> None:
    for group in groups:
        below = source.get(group)
        if isinstance(below, dict) and isinstance(below.get("name"), str):
            below["name"] = f"{below['name']}{suffix}"


def evasions(victims: Sequence[Victim]) -> Iterator[Probed]:
    """Yield how many attacks each evasion turns from shown to not shown at all, or to a milder verdict."""
    before = [run_victim(victim, victim.hits) for victim in victims]
    for name, evade in EVASIONS.items():
        after = [run_victim(victim, evade(victim)) for victim in victims]
        pairs = list(zip(victims, before, after, strict=True))
        gone = [victim.name for victim, old, new in pairs if old.shown and not new.shown]
        milder = [victim.name for victim, old, new in pairs if new.shown and new.best[0] < old.best[0]]
        kept = sum(len(new.shown) for new in after) / max(1, sum(len(old.shown) for old in before))
        yield probed(
            f"no longer shown: {name}", len(gone), len(pairs), [*gone, f"{kept:.0%} of the alerts still shown"]
        )
        yield probed(f"milder verdict: {name}", len(milder), len(pairs), milder)
