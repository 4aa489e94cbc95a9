"""Campaigns: incidents of different assets and nights that share what is rare, each link shown with what it is made of.

Two kinds of ground hold a link. *Intelligence*: both incidents name indicators that a source calls signs of the same
threat, or the same known-bad indicator. *Rarity*, stricter: at least two independent things that nothing else here
shows, one of them an indicator. Nothing here changes an incident; it only says what to look at together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations, pairwise
from math import prod
from typing import Final, NamedTuple

import polars as pl

from triage.condense import stable_key
from triage.intelligence.adversary import Campaign, CampaignLink, Ground, Trait, Traits
from triage.judgement.links import KIND_STRENGTH
from triage.times import moment

RARE_ASSETS: Final = 3
"""What at most so many assets show, or no more than the incidents that share it are, is rare."""
RARE_INCIDENTS: Final = 10
"""What more incidents than this share is a habit of the network, not of one intruder."""
LINK_STRENGTH: Final = 0.75
"""Combined strength from which rare things link two incidents."""
TOOLING_STRENGTH: Final = 0.4
SEQUENCE_STRENGTH: Final = 0.4
LEAST_SEQUENCE: Final = 4
"""Techniques in the same order from which a sequence is no coincidence of two common ones."""
LINKS_KEPT: Final = 50


class Known(NamedTuple):
    """What a source of intelligence says about an entity."""

    indicator: str
    source: str
    confidence: int
    threats: tuple[str, ...]
    until: datetime | None = None
    """When it expires; None = never."""


def linked(incidents: Sequence[Traits], known: Mapping[tuple[str, str], Sequence[Known]]) -> list[CampaignLink]:
    """Return all links, in order of their incidents. ``known`` is by kind and value of an entity."""
    ordered = sorted(incidents, key=lambda one: (one.first, one.incident_id))
    by_intelligence = _by_intelligence(ordered, known)
    tied = {(link.left, link.right) for link in by_intelligence}
    by_rarity = [link for link in _by_rarity(ordered) if (link.left, link.right) not in tied]
    return sorted([*by_intelligence, *by_rarity], key=lambda link: (-link.strength, link.since, link.left, link.right))


def campaigns(
    incidents: Sequence[Traits], links: Sequence[CampaignLink], earlier: Sequence[Campaign]
) -> tuple[Campaign, ...]:
    """Return the groups that the links make, the latest first; each keeps the id that most of its incidents had."""
    traits = {one.incident_id: one for one in incidents}
    groups = _groups(links)
    names = _names(groups, earlier)
    made = [_campaign(names[group], [traits[name] for name in group], links) for group in groups]
    return tuple(sorted(made, key=lambda one: (-one.last_seen.timestamp(), one.campaign_id)))


def known_by_entity(matches: pl.DataFrame) -> Mapping[tuple[str, str], Sequence[Known]]:
    """Return what is said of each entity (kind, value) in MATCHES."""
    known: dict[tuple[str, str], list[Known]] = {}
    for row in matches.iter_rows(named=True):
        indicator = f"{row['indicator_kind']}:{row['indicator_value']}"
        until = None if row["until"] is None else moment(row["until"])
        said = Known(indicator, row["source"], row["confidence"], tuple(row["threats"]), until)
        known.setdefault((row["entity_kind"], row["entity"]), []).append(said)
    return known


# --- links ----------------------------------------------------------------------------------------------------------


def _apart(left: Traits, right: Traits) -> bool:
    """Two nights or two assets: what happens on one asset in one night is for correlation to join."""
    return not set(left.assets) & set(right.assets) or left.last.date() != right.last.date()


def _by_intelligence(ordered: Sequence[Traits], known: Mapping[tuple[str, str], Sequence[Known]]) -> list[CampaignLink]:
    """Tie each incident with the one before it that shows signs of the same threat."""
    shown: dict[tuple[str, str], list[tuple[Traits, Trait, Known]]] = defaultdict(list)
    for incident in ordered:
        best: dict[tuple[str, str], tuple[Traits, Trait, Known]] = {}
        for trait in incident.indicators:
            for said in _holding(known.get((trait.kind, trait.value), ()), trait):
                for sign in [("indicator", said.indicator), *(("threat", name) for name in said.threats)]:
                    if sign not in best or said.confidence > best[sign][2].confidence:
                        best[sign] = (incident, trait, said)
        for sign, entry in best.items():
            shown[sign].append(entry)
    found: dict[tuple[str, str], CampaignLink] = {}
    for sign in sorted(shown):
        for left, right in pairwise(shown[sign]):
            link = _intelligence_link(sign, left, right)
            key = (link.left, link.right)
            if _apart(left[0], right[0]) and (key not in found or link.strength > found[key].strength):
                found[key] = link
    return list(found.values())


def _holding(said: Sequence[Known], trait: Trait) -> list[Known]:
    return [one for one in said if one.until is None or trait.first <= one.until]


def _intelligence_link(
    sign: tuple[str, str], left: tuple[Traits, Trait, Known], right: tuple[Traits, Trait, Known]
) -> CampaignLink:
    kind, name = sign
    confidence = min(left[2].confidence, right[2].confidence)
    what = tuple(sorted({left[1].shown, right[1].shown}))
    if kind == "threat":
        reason = (
            f"{left[1].shown} and {right[1].shown} are both signs of '{name}' by {_sources(left[2], right[2])}, "
            f"confidence {confidence} of 100"
        )
    else:
        reason = f"both show {name}, known bad by {_sources(left[2], right[2])}, confidence {confidence} of 100"
    return CampaignLink(
        left=left[0].incident_id,
        right=right[0].incident_id,
        ground="threat" if kind == "threat" else "indicator",
        what=what,
        reason=f"{reason}; seen here since {left[1].first:%Y-%m-%d %H:%M} UTC.",
        strength=confidence / 100,
        since=left[1].first,
    )


def _sources(left: Known, right: Known) -> str:
    return " and ".join(sorted({left.source, right.source}))


class _Share(NamedTuple):
    ground: Ground
    trait: Trait
    strength: float


def _by_rarity(ordered: Sequence[Traits]) -> list[CampaignLink]:
    by_name = {one.incident_id: one for one in ordered}
    shares: dict[tuple[str, str], list[_Share]] = defaultdict(list)
    for pair, share in _rare_shares(ordered):
        shares[pair].append(share)
    found = []
    for pair, shared in sorted(shares.items()):
        left, right = by_name[pair[0]], by_name[pair[1]]
        sequence = _common_sequence(left.techniques, right.techniques)
        extra = SEQUENCE_STRENGTH if len(sequence) >= LEAST_SEQUENCE else 0.0
        strength = 1 - prod(1 - one.strength for one in shared) * (1 - extra)
        grounds = len(shared) + (extra > 0)
        if grounds >= 2 and any(one.ground == "indicator" for one in shared) and strength >= LINK_STRENGTH:
            found.append(_rarity_link(pair, shared, sequence if extra else (), strength))
    return found


def _rare_shares(ordered: Sequence[Traits]) -> Iterable[tuple[tuple[str, str], _Share]]:
    """Yield what pairs of incidents share and little else shows. Rare things are few, so pairs are few."""
    showing: dict[tuple[str, str], list[tuple[Traits, Trait, Ground]]] = defaultdict(list)
    for incident in ordered:
        for trait in incident.indicators:
            showing[trait.kind, trait.value].append((incident, trait, "indicator"))
        for trait in incident.tooling:
            showing[trait.kind, trait.value].append((incident, trait, "tooling"))
    for entries in showing.values():
        widest = max(trait.assets for _, trait, _ in entries)
        if 2 <= len(entries) <= RARE_INCIDENTS and widest <= max(RARE_ASSETS, len(entries)):
            for (left, trait, ground), (right, _, _) in combinations(entries, 2):
                if _apart(left, right):
                    worth = KIND_STRENGTH.get(trait.kind, 0.0) if ground == "indicator" else TOOLING_STRENGTH
                    yield (left.incident_id, right.incident_id), _Share(ground, trait, worth)


def _rarity_link(
    pair: tuple[str, str], shared: Sequence[_Share], sequence: Sequence[str], strength: float
) -> CampaignLink:
    ordered = sorted(shared, key=lambda one: (-one.strength, one.trait.kind, one.trait.value))
    told = [f"{one.trait.shown} (on {one.trait.assets} asset(s) in all)" for one in ordered[:5]]
    since = min(one.trait.first for one in shared)
    steps = f"; the same order of {len(sequence)} techniques: {' > '.join(sequence[:8])}" if sequence else ""
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return CampaignLink(
        left=pair[0],
        right=pair[1],
        ground=ordered[0].ground,
        what=tuple(one.trait.shown for one in ordered),
        reason=f"both show {', '.join(told)}{more}, rare here, since {since:%Y-%m-%d %H:%M} UTC{steps}.",
        strength=round(strength, 3),
        since=since,
    )


def _common_sequence(left: Sequence[str], right: Sequence[str]) -> tuple[str, ...]:
    """Return the longest common subsequence of techniques (dynamic programming; both are a few dozen long)."""
    best: list[list[tuple[str, ...]]] = [[() for _ in range(len(right) + 1)] for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            longer = (*best[i][j], one) if one == other else ()
            best[i + 1][j + 1] = max(longer, best[i][j + 1], best[i + 1][j], key=len)
    return best[-1][-1]


# --- groups ---------------------------------------------------------------------------------------------------------


def _groups(links: Sequence[CampaignLink]) -> list[tuple[str, ...]]:
    """Return the connected incidents, each group sorted."""
    head: dict[str, str] = {}

    def find(name: str) -> str:
        while head.setdefault(name, name) != name:
            name = head[name]
        return name

    for link in links:
        low, high = sorted((find(link.left), find(link.right)))
        head[high] = low
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(head):
        groups[find(name)].append(name)
    return [tuple(group) for _, group in sorted(groups.items())]


def _names(groups: Sequence[tuple[str, ...]], earlier: Sequence[Campaign]) -> dict[tuple[str, ...], str]:
    overlaps = sorted(
        (-len(set(group) & set(campaign.incident_ids)), campaign.campaign_id, group)
        for group in groups
        for campaign in earlier
        if set(group) & set(campaign.incident_ids)
    )
    names: dict[tuple[str, ...], str] = {}
    for _, name, group in overlaps:
        if group not in names and name not in names.values():
            names[group] = name
    taken = {*names.values(), *(campaign.campaign_id for campaign in earlier)}
    for group in groups:
        if group not in names:
            names[group] = _fresh(group, taken)
            taken.add(names[group])
    return names


def _fresh(group: Sequence[str], taken: set[str]) -> str:
    name = f"camp-{stable_key(*group)[:12]}"
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _campaign(name: str, members: Sequence[Traits], links: Sequence[CampaignLink]) -> Campaign:
    ordered = sorted(members, key=lambda one: (one.first, one.incident_id))
    inside = {one.incident_id for one in ordered}
    own = [link for link in links if link.left in inside]
    assets = tuple(sorted({asset for one in ordered for asset in one.assets}))
    strongest = own[0]
    shared = " and ".join(strongest.what[:2])
    return Campaign(
        campaign_id=name,
        title=f"{len(ordered)} incidents on {len(assets)} assets share {shared}",
        first_seen=ordered[0].first,
        last_seen=max(one.last for one in ordered),
        incident_ids=tuple(one.incident_id for one in ordered),
        assets=assets[:100],
        techniques=tuple(dict.fromkeys(technique for one in ordered for technique in one.techniques)),
        links=tuple(own[:LINKS_KEPT]),
        link_count=len(own),
    )
