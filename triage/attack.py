"""The ATT&CK table: technique id -> name, domain and tactics, and the order of tactics along the kill chain.

The shipped table holds MITRE ATT&CK Enterprise v17.0, ICS v18.1 and ATLAS 5.6.0 (see NOTICE).
© The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from triage.errors import ConfigError

KILL_CHAIN = (
    "reconnaissance",
    "resource-development",
    "initial-access",
    "ai-model-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "ai-attack-staging",
    "command-and-control",
    "exfiltration",
    "inhibit-response-function",
    "impair-process-control",
    "impact",
)
"""Tactic short names of Enterprise, ICS and ATLAS in the order in which an intrusion usually goes through them."""

_STAGE = {tactic: stage for stage, tactic in enumerate(KILL_CHAIN)}
_HEADER = ["id", "name", "domain", "tactics"]


class Technique(NamedTuple):
    """A row of the table."""

    id: str
    """T1003, T1003.001, T0831, AML.T0051, ..."""
    name: str
    domain: str
    """enterprise, ics or atlas."""
    tactics: tuple[str, ...]
    """Short names in kill-chain order."""


class TechniqueTable(Mapping[str, Technique]):
    """Techniques by id, case-insensitive."""

    def __init__(self, techniques: Iterable[Technique]) -> None:
        self._by_id = {technique.id: technique for technique in techniques}

    def __getitem__(self, technique_id: str) -> Technique:
        return self._by_id[technique_id.upper()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, technique_id: str) -> Technique | None:
        """Return the technique, its parent where the sub-technique is newer than the table, or None."""
        return self.get(technique_id) or self.get(technique_id.rpartition(".")[0])

    def tactics(self, technique_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the tactics those techniques serve, in kill-chain order."""
        found = (self.find(technique_id) for technique_id in technique_ids)
        return kill_chain_order(tactic for technique in found if technique for tactic in technique.tactics)


def stage(tactic: str) -> int:
    """Return the position of a tactic in ``KILL_CHAIN``; an unknown one comes after all others."""
    return _STAGE.get(tactic, len(KILL_CHAIN))


def kill_chain_order(tactics: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct tactics in kill-chain order, unknown ones last and by name."""
    return tuple(sorted(set(tactics), key=lambda tactic: (stage(tactic), tactic)))


def load_techniques(path: Path | None = None) -> TechniqueTable:
    """Read the shipped table, or a user's own CSV with the same columns. Raises ConfigError for a broken file."""
    source: Traversable = path or files("triage") / "data" / "techniques.csv"
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"technique table {path!s} cannot be read: {exc}") from exc
    rows = csv.reader(text.splitlines())
    if next(rows, None) != _HEADER:
        raise ConfigError(f"technique table {path!s}: the first line must be {','.join(_HEADER)}")
    return TechniqueTable(_technique(row, rows.line_num) for row in rows if row)


def _technique(row: list[str], line: int) -> Technique:
    if len(row) != len(_HEADER):
        raise ConfigError(f"technique table, line {line}: expected {len(_HEADER)} fields, found {len(row)}")
    technique_id, name, domain, tactics = row
    return Technique(technique_id.upper(), name, domain, kill_chain_order(tactics.split()))
