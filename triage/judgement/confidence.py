"""How likely a shown incident is a real attack: its urgency, calibrated on labelled cases and on people's closures.

The fit is isotonic: incidents in order of urgency fall into blocks whose share of attacks never drops, and an
incident is stated the share of its block. Blocks with little in them are merged, and what rests on too little is not
stated at all. ``triage eval --calibrate`` makes the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple, Protocol

from pydantic import Field

from triage.judgement.teaching import ATTACK_REASONS, BENIGN_REASONS
from triage.models import Model

LEAST_CLOSURES = 30
"""Closures of one's own from which on they count, and incidents that a statement must rest on."""
LEAST_IN_BLOCK = 50
"""Incidents of a block, so that chance alone moves its share by no more than about 0.07."""
LABELLED_WEIGHT = 30
"""The labelled incidents of a block weigh as much as so many closures: these tell more of one's own network."""
_BINS = 10
_PRIOR = 0.5
"""Jeffreys: half an attack and half a false alarm are added, so that nothing is ever stated as certain."""


class Labelled(NamedTuple):
    """One shown incident of which it is known what it was."""

    urgency: float
    """0-100."""
    attack: bool


class Rated(Protocol):
    """What a statement needs of an incident."""

    @property
    def urgency(self) -> float:
        """Return the urgency, 0-100."""
        ...

    @property
    def disposition(self) -> str:
        """Return attack, suspicious or benign."""
        ...


class Block(Model):
    """Incidents of alike urgency."""

    low: float = Field(description="lowest urgency in it")
    high: float = Field(description="highest urgency in it")
    attacks: float = Field(ge=0, description="how many of them were attacks; weighted, so not always a whole number")
    incidents: float = Field(gt=0)

    @property
    def share(self) -> float:
        """Share of attacks, 0-1, never quite either."""
        return (self.attacks + _PRIOR) / (self.incidents + 2 * _PRIOR)


class Calibration(Model):
    """The fitted table and where it comes from."""

    made_by: str = ""
    code: str = Field("", description="SHA-256 over the code whose urgency it calibrates")
    cases: tuple[str, ...] = ()
    held_back_error: float | None = Field(None, description="expected calibration error on cases that were held back")
    held_back_incidents: int = 0
    blocks: tuple[Block, ...] = ()
    closures: int = Field(0, description="closures of one's own that are in it")


class Confidence(NamedTuple):
    """What is stated about an incident."""

    probability: float | None
    """That it is a real attack, 0-1; None = withheld."""
    basis: str
    """What the statement rests on, or why there is none."""


def load_calibration() -> Calibration:
    """Return the table that comes with the program."""
    return Calibration.model_validate_json((files("triage") / "data" / "confidence.json").read_bytes())


def fit(labelled: Iterable[Labelled]) -> tuple[Block, ...]:
    """Fit blocks by pooling adjacent violators (Ayer et al. 1955), then merge those with under LEAST_IN_BLOCK."""
    by_urgency: dict[float, list[bool]] = {}
    for one in labelled:
        by_urgency.setdefault(one.urgency, []).append(one.attack)
    blocks = [
        Block(low=urgency, high=urgency, attacks=sum(found), incidents=len(found))
        for urgency, found in sorted(by_urgency.items())
    ]
    return _merged(_rising(blocks))


def _rising(blocks: Iterable[Block]) -> list[Block]:
    rising: list[Block] = []
    for block in blocks:
        rising.append(block)
        while len(rising) > 1 and _raw(rising[-2]) >= _raw(rising[-1]):
            last = rising.pop()
            rising[-1] = _joined(rising[-1], last)
    return rising


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """Join the smallest block with the neighbour that is most like it until none is too small."""
    while len(blocks) > 1 and min(one.incidents for one in blocks) < LEAST_IN_BLOCK:
        at = min(range(len(blocks)), key=lambda n: blocks[n].incidents)
        beside = [n for n in (at - 1, at + 1) if 0 <= n < len(blocks)]
        other = min(beside, key=lambda n: abs(_raw(blocks[n]) - _raw(blocks[at])))
        low, high = sorted((at, other))
        blocks[low : high + 1] = [_joined(blocks[low], blocks[high])]
    return tuple(blocks)


def _raw(block: Block) -> float:
    return block.attacks / block.incidents


def _joined(left: Block, right: Block) -> Block:
    attacks, incidents = left.attacks + right.attacks, left.incidents + right.incidents
    return Block(low=left.low, high=right.high, attacks=attacks, incidents=incidents)


def refined(calibration: Calibration, closures: Sequence[Labelled]) -> Calibration:
    """Return the table with people's own closures in it, as soon as there are LEAST_CLOSURES."""
    if len(closures) < LEAST_CLOSURES or not calibration.blocks:
        return calibration
    own: dict[int, list[bool]] = {}
    for one in closures:
        own.setdefault(_place(one.urgency, calibration.blocks), []).append(one.attack)
    blocks = [_with_own(block, own.get(place, [])) for place, block in enumerate(calibration.blocks)]
    return calibration.model_copy(update={"blocks": tuple(_rising(blocks)), "closures": len(closures)})


def _with_own(block: Block, own: Sequence[bool]) -> Block:
    weight = min(1.0, LABELLED_WEIGHT / block.incidents)
    attacks, incidents = block.attacks * weight + sum(own), block.incidents * weight + len(own)
    return block.model_copy(update={"attacks": attacks, "incidents": incidents})


def _place(urgency: float, blocks: Sequence[Block]) -> int:
    """Return the number of the block an urgency falls into; the border of two is halfway between them."""
    borders = [(left.high + right.low) / 2 for left, right in pairwise(blocks)]
    return sum(urgency >= border for border in borders)


def state(incident: Rated, calibration: Calibration) -> Confidence:
    """Return what can be said about one incident. Of what was judged benign only ``triage quality`` tells."""
    if incident.disposition == "benign":
        return Confidence(None, "withheld: judged benign; 'triage quality' bounds how much of that is an attack")
    block = calibration.blocks[_place(incident.urgency, calibration.blocks)] if calibration.blocks else None
    if block is None or block.incidents < LEAST_CLOSURES:
        alike = 0 if block is None else round(block.incidents)
        return Confidence(None, f"withheld: only {alike} known incidents of alike urgency")
    own = f"{calibration.closures} closures of your own" if calibration.closures else "no closures of your own yet"
    labelled = f"labelled cases with urgency {block.low:.0f}-{block.high:.0f}"
    return Confidence(round(block.share, 2), f"share of attacks among {labelled}; {own}")


def labelled_closures(urgencies: Mapping[str, float], reasons: Mapping[str, str]) -> list[Labelled]:
    """Return the closures that say what an incident was: ``urgencies`` and ``reasons`` by incident id."""
    telling = ATTACK_REASONS | BENIGN_REASONS
    return [
        Labelled(urgencies[name], reason in ATTACK_REASONS)
        for name, reason in sorted(reasons.items())
        if reason in telling and name in urgencies
    ]


def calibration_error(stated: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error (Naeini et al. 2015) of (probability, attack), in ten bins; 0 is best."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for one in stated:
        bins.setdefault(min(int(one[0] * _BINS), _BINS - 1), []).append(one)
    gaps = (abs(sum(p for p, _ in found) - sum(attack for _, attack in found)) for found in bins.values())
    return sum(gaps) / max(1, len(stated))


def probability(urgency: float, blocks: Sequence[Block]) -> float:
    """Return the share of attacks of the block that an urgency falls into."""
    return blocks[_place(urgency, blocks)].share
