"""How urgent a candidate is: named parts that add up to 0-100, and the rule that says attack or benign.

The heart is the *weight of unusual behaviour*: each distinct kind of unusual thing counts once, by how new it
is here and how bad its vendor says it is. Every part is monotone: more evidence of attack never lowers the sum;
only the same mild thing on many assets at once (a roll-out) counts less than it would on few.
The constants are heuristics, set on the labelled cases of the eval suite; none names a rule, host or vendor.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log2
from types import MappingProxyType
from typing import Any, NamedTuple

from triage.judgement.vocabulary import said
from triage.models import Disposition, UrgencyPart
from triage.trust.injection import PLANTED

INTRUDER_TACTICS = frozenset(
    {
        "credential-access",
        "lateral-movement",
        "command-and-control",
        "exfiltration",
        "impact",
        "inhibit-response-function",
    }
)
"""Tactics that no software roll-out has a use for."""
_CALLS_HOME = frozenset({"command-and-control", "exfiltration"})
"""What the words of a rule alone may say, too, against a roll-out."""


class Scale(NamedTuple):
    """The constants of the rating, in one place."""

    unknown_severity: float = 0.3
    """Weight of a kind of alert whose vendor gives no severity."""
    worst_severity: float = 1.2
    """Weight at severity 100; grows with the power below, so that low alerts count little."""
    severity_power: float = 1.3
    steady: float = 1.5
    """Weight of a presence round the clock that only few assets show, whatever its vendor says of it."""
    variety_gain: float = 0.25
    """One kind of alert that says many things counts more: 1 + gain * log2(things), at most ``variety_most``."""
    variety_most: float = 2.0
    repeat_gain: float = 0.25
    """The same for mere repetition of an alert that its vendor rates: 1 + gain * log2(alerts)."""
    repeat_most: float = 2.0
    return_least: int = 4
    """An activity that comes back to its asset this often is repetition, too, however long the silence between."""
    family_factor: float = 0.25
    """What a kind of alert still counts beside a heavier one that means much the same."""
    moment_seconds: float = 1
    """Unrated kinds of alert that begin together on one asset, within this, are one event in several words."""
    behaviour_points: float = 60
    behaviour_half: float = 3.0
    """Behaviour points saturate: weight w earns points * (1 - exp(-w / half))."""
    tactic_points: float = 3
    tactic_most: float = 15
    spread_points: float = 2.5
    spread_most: float = 10
    importance_points: float = 15
    """Points of an asset of criticality 100."""
    injection_points: float = 15
    """Points of text that is written for whoever triages: honest machines do not write such."""
    shown_weight: float = 0.85
    """Below this weight of unusual behaviour a candidate is benign: unusual, but too little to act on."""
    together_weight: float = 0.5
    """The same bound for two rated kinds of alert at one moment on one asset: maybe one event, but two rules say so."""
    sequence_weight: float = 0.25
    """The same bound for two rated kinds of alert that follow each other on one asset."""
    sequence_seconds: float = 60
    sequence_severity: float = 20
    sequence_novelty: float = 0.15
    attack_points: float = 45
    """From this urgency on the disposition is attack, below it suspicious."""
    rollout_assets: int = 5
    rollout_severity: float = 90
    rollout_many_severity: float = 80
    """The same bound for a roll-out that sets off several kinds of alert."""
    rollout_factor: float = 0.25
    """What the one kind that is on so many assets still counts, when there is something else."""
    """One kind of alert on this many assets and nothing else, rated below this severity, is a roll-out."""


SCALE = Scale()


class Rating(NamedTuple):
    """The judgement of code on a candidate, before investigation."""

    disposition: Disposition
    reason: str
    weight: float
    """Weight of unusual behaviour, 0 and up."""
    parts: tuple[UrgencyPart, ...]

    @property
    def urgency(self) -> float:
        """The sum of the parts, 0-100, to one decimal."""
        return total(self.parts)


def total(parts: Sequence[UrgencyPart]) -> float:
    """Add up parts to an urgency of 0-100; parts are rounded to 0.1, so the sum shown is the sum of what is shown."""
    return round(min(100.0, sum(part.points for part in parts)), 1)


def rate(
    core: Sequence[Mapping[str, Any]],
    criticality: int = 0,
    families: Mapping[str, str] = MappingProxyType({}),
    scale: Scale = SCALE,
    company: Sequence[Mapping[str, Any]] = (),
) -> Rating:
    """Rate a candidate from its core activities (rows of columns.ACTIVITIES with baseline.BASELINE).

    ``families`` maps signatures to the name of their family: kinds of alert that mean much the same. ``company`` are
    the less unusual activities that were taken in; they weigh nothing, but may show that the core was no single step.
    """
    heaviest = _heaviest_of_each_kind(core, [*core, *company], scale)
    kinds = _by_family(_once_a_moment(core, heaviest, scale), families, scale)
    weight = sum(kinds.values())
    assets = {row["principal"] for row in core}
    parts = tuple(part for part in _parts(core, kinds, assets, criticality, scale) if part.points > 0)
    # What is enough by itself need not be two steps, so they are looked for only where it matters.
    needed = scale.shown_weight if weight >= scale.shown_weight else _needed([*core, *company], scale)
    disposition, reason = _judge(core, kinds, weight, assets, parts, needed, scale)
    return Rating(disposition, reason, round(weight, 4), parts)


def severity_weight(severity: float | None, scale: Scale = SCALE) -> float:
    """Weight of a severity (0-100, None = the vendor says nothing)."""
    if severity is None:
        return scale.unknown_severity
    rated: float = scale.worst_severity * (severity / 100) ** scale.severity_power
    return max(scale.unknown_severity / 3, rated)


def _weight(row: Mapping[str, Any], returns: int, scale: Scale) -> float:
    base = severity_weight(row["severity"], scale)
    if _is_steady(row):
        base = max(base, scale.steady)
    variety = min(scale.variety_most, 1 + scale.variety_gain * log2(max(1, row["variety"])))
    rated = row["severity"] is not None
    repeats = min(scale.repeat_most, 1 + scale.repeat_gain * log2(max(1, row["count"], returns))) if rated else 1.0
    return float(row["novelty"] * base * max(variety, repeats))


def _is_steady(row: Mapping[str, Any]) -> bool:
    return bool(row["alone"])


def _heaviest_of_each_kind(
    core: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]], scale: Scale
) -> dict[str, float]:
    kinds: dict[str, float] = {}
    often = Counter((row["signature"], row["principal"]) for row in every)
    for row in core:
        times = often[row["signature"], row["principal"]]
        returns = times if times >= scale.return_least else 1
        kinds[row["signature"]] = max(kinds.get(row["signature"], 0.0), _weight(row, returns, scale))
    return _without_roll_out(core, kinds, scale)


def _once_a_moment(core: Sequence[Mapping[str, Any]], kinds: Mapping[str, float], scale: Scale) -> dict[str, float]:
    """Anomaly detectors say one event in several words: of unrated kinds, each moment vouches for one as a whole.

    Kinds are matched with moments, the heaviest first (a maximum matching by augmenting paths, so that a further
    alert never lowers the sum); what finds no moment of its own counts a part.
    """
    moments = _moments(core, scale)
    vouched: dict[tuple[str, int], str] = {}

    def settle(kind: str, seen: set[tuple[str, int]]) -> bool:
        for moment in sorted(moments[kind] - seen):
            seen.add(moment)
            if moment not in vouched or settle(vouched[moment], seen):
                vouched[moment] = kind
                return True
        return False

    order = sorted(moments, key=lambda kind: (-kinds[kind], kind))
    return dict(kinds) | {kind: kinds[kind] * scale.family_factor for kind in order if not settle(kind, set())}


def _moments(core: Sequence[Mapping[str, Any]], scale: Scale) -> dict[str, set[tuple[str, int]]]:
    """Return the moments (asset, number) in which each kind begins that no vendor rates and that is nowhere steady."""
    vouched = {row["signature"] for row in core if row["severity"] is not None or _is_steady(row)}
    moments: dict[str, set[tuple[str, int]]] = {}
    for row in core:
        if row["signature"] not in vouched:
            moment = row["principal"], int(row["first"] // (scale.moment_seconds * 1_000_000))
            moments.setdefault(row["signature"], set()).add(moment)
    return moments


def _by_family(kinds: Mapping[str, float], families: Mapping[str, str], scale: Scale) -> dict[str, float]:
    """Ten rules for one event are one behaviour: in each family the heaviest kind counts whole, the others a part."""
    first: dict[str, str] = {}
    for kind in sorted(kinds, key=lambda kind: (-kinds[kind], kind)):
        first.setdefault(families.get(kind, kind), kind)
    whole = set(first.values())
    return {kind: weight if kind in whole else weight * scale.family_factor for kind, weight in kinds.items()}


def _without_roll_out(core: Sequence[Mapping[str, Any]], kinds: dict[str, float], scale: Scale) -> dict[str, float]:
    """One kind on many assets is likely a roll-out that met something else; two such kinds may be a worm."""
    wide = _wide([row for row in core if (row["severity"] or 0.0) < scale.rollout_severity], scale)
    return kinds | {kind: kinds[kind] * scale.rollout_factor for kind in wide} if len(wide) == 1 else kinds


def _wide(core: Sequence[Mapping[str, Any]], scale: Scale) -> set[str]:
    """Return the kinds of alert that are on many assets; what somebody keeps up round the clock is no roll-out."""
    assets: dict[str, set[str]] = {}
    for row in core:
        if not _is_steady(row):
            assets.setdefault(row["signature"], set()).add(row["principal"])
    return {kind for kind, where in assets.items() if len(where) >= scale.rollout_assets}


def _is_roll_out(core: Sequence[Mapping[str, Any]], kinds: Mapping[str, float], scale: Scale) -> bool:
    """Tell a roll-out: every kind on many assets, none rated severe, and nothing that only an intruder wants.

    A single kind alone may be rated higher: one misfiring rule is more likely than a one-step intrusion everywhere.
    """
    worst = max((row["severity"] or 0.0 for row in core), default=0.0)
    tactics = {tactic for row in core for tactic in row["tactics"]}
    tactics |= {told.tactic for row in core if (told := said(row["rule"][:300]))} & _CALLS_HOME
    bound = scale.rollout_severity if len(kinds) == 1 else scale.rollout_many_severity
    harmless = len(kinds) == 1 or not tactics & INTRUDER_TACTICS
    return set(kinds) == _wide(core, scale) and worst < bound and harmless


def _parts(
    core: Sequence[Mapping[str, Any]], kinds: Mapping[str, float], assets: set[str], criticality: int, scale: Scale
) -> list[UrgencyPart]:
    weight = sum(kinds.values())
    tactics = sorted({tactic for row in core for tactic in row["tactics"]})
    spread = scale.spread_points * (len(assets) - 1) if len(kinds) > 1 else 0.0
    return [
        _part(
            "behaviour", scale.behaviour_points * (1 - exp(-weight / scale.behaviour_half)), _say_behaviour(core, kinds)
        ),
        _part(
            "kill chain",
            min(scale.tactic_most, scale.tactic_points * max(0, len(tactics) - 1)),
            f"{len(tactics)} tactics: {', '.join(tactics)}",
        ),
        _part("spread", min(scale.spread_most, spread), f"{len(assets)} assets show unusual behaviour"),
        _part(
            "importance",
            scale.importance_points * criticality / 100,
            f"criticality {criticality} of its most important asset",
        ),
        _part("instruction-like text", scale.injection_points if _planted(core) else 0.0, _say_planted(core)),
    ]


def _part(name: str, points: float, why: str) -> UrgencyPart:
    return UrgencyPart(name=name, points=round(points, 1), why=why)


def _planted(core: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the activities whose alerts hold text that is written for their reader."""
    return [row for row in core if PLANTED in row.get("flags", ())]


def _say_planted(core: Sequence[Mapping[str, Any]]) -> str:
    number = len(_planted(core))
    hold = "activity holds" if number == 1 else "activities hold"
    return f"{number} {hold} text that tries to tell the reader of the alerts what to do"


def _say_behaviour(core: Sequence[Mapping[str, Any]], kinds: Mapping[str, float]) -> str:
    fresh = sum(1 for row in core if row["net_days"] == 0)
    worst = max((row["severity"] for row in core if row["severity"] is not None), default=None)
    rated = "no vendor severity" if worst is None else f"highest vendor severity {worst:.0f}"
    return f"{len(kinds)} kinds of unusual alert ({fresh} activities never seen on this network before), {rated}"


def _kinds(kinds: Mapping[str, float]) -> str:
    return f"{len(kinds)} kind{'s' if len(kinds) != 1 else ''} of alert"


def _judge(
    core: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, float],
    weight: float,
    assets: set[str],
    parts: Sequence[UrgencyPart],
    needed: float,
    scale: Scale,
) -> tuple[Disposition, str]:
    harmless = _why_benign(core, kinds, weight, assets, needed, scale)
    if harmless and _planted(core):
        return "suspicious", f"text that tries to direct whoever reads the alerts; without it benign, {harmless}"
    if harmless:
        return "benign", harmless
    reached = f"weight {weight:.2f} where {needed} is enough, urgency {total(parts)}"
    if total(parts) >= scale.attack_points:
        return "attack", f"{len(kinds)} kinds of unusual behaviour, {reached}"
    return (
        "suspicious",
        f"{len(kinds)} kinds of unusual behaviour, {reached}, {scale.attack_points:.0f} would be attack",
    )


def _needed(rows: Sequence[Mapping[str, Any]], scale: Scale) -> float:
    """Return the bound on weight: two kinds of rated, not everyday alert within a minute on one asset are no stray.

    Such that follow each other are two steps; what begins at the very same moment may be one event of two rules. What
    is on so many assets that it looks like a roll-out is no step.
    """
    wide = _wide(rows, scale)
    steps = [row for row in rows if row["signature"] not in wide and _may_be_step(row, scale)]
    steps.sort(key=lambda row: (row["principal"], row["first"], row["signature"]))
    pairs = [pair for pair in _near(steps, scale.sequence_seconds) if pair[0]["signature"] != pair[1]["signature"]]
    if any(_follows(one, other, scale) for one, other in pairs):
        return scale.sequence_weight
    return scale.together_weight if pairs else scale.shown_weight


def _may_be_step(row: Mapping[str, Any], scale: Scale) -> bool:
    rated = (row["severity"] or 0.0) >= scale.sequence_severity
    return bool(rated and row["principal"] and row["novelty"] >= scale.sequence_novelty)


def _near(steps: Sequence[Mapping[str, Any]], seconds: float) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield pairs on one asset that begin within ``seconds``, in order of time."""
    for number, one in enumerate(steps):
        for other in steps[number + 1 :]:
            if other["principal"] != one["principal"] or other["first"] - one["first"] > seconds * 1_000_000:
                break
            yield one, other


def _follows(one: Mapping[str, Any], other: Mapping[str, Any], scale: Scale) -> bool:
    return bool(other["first"] - one["first"] > scale.moment_seconds * 1_000_000)


def _why_benign(
    core: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, float],
    weight: float,
    assets: set[str],
    needed: float,
    scale: Scale,
) -> str:
    """Return the rule by which the behaviour is benign; '' where there is none."""
    if _is_roll_out(core, kinds, scale):
        return f"roll-out: the same {_kinds(kinds)} on {len(assets)} assets and nothing else unusual on them"
    if weight < needed:
        return f"too little: weight of unusual behaviour {weight:.2f} is below {needed}"
    return ""
