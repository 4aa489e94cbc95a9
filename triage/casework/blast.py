"""Who and what a response step would hit: from the asset inventory, and from what was seen together here.

A step is proposed for its target; this module asks what else hangs on that target, says so on the step, and puts the
steps that hit least beside the point first. Pure; nothing is looked up outside of what the run already holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from triage.casework.measures import PHASES
from triage.casework.response import CRITICAL, host_of, is_own
from triage.judgement.baseline import MICROS_PER_DAY
from triage.models import EntityKind, Incident, ResponseStep
from triage.ports import Asset, AssetInventory
from triage.wording import listed, number, plain

PER_PHASE = 5
"""Steps of a phase at most; a longer plan is not read."""
_PER_KIND = 2
"""Containment steps of one measure, where others are waiting."""
WIDE = 10
"""Hosts or users from which on a block hits more than the incident."""
_BLOCKED = frozenset({"block_address", "block_domain", "block_url", "block_hash"})
_PEERS: Mapping[str, str] = {"host": "host", "user": "user", "device": "device", "service": "service"}
"""Kinds that are hit -> their noun."""
_HOME_HOSTS = 3
"""Hosts from which on a domain counts as ours."""
_OWN = frozenset({EntityKind.ADDRESS, EntityKind.DOMAIN})


class Reach(NamedTuple):
    """What alerts named together with a target, over everything that the run compares with."""

    peers: Mapping[str, int]
    """Kind -> distinct others."""
    days: int
    """Days on which an activity that names it began."""

    @property
    def wide(self) -> bool:
        """Tell whether so many hosts or users meet it that it is part of everyday work here."""
        return max(self.peers.get("host", 0), self.peers.get("user", 0)) >= WIDE


NOWHERE = Reach({}, 0)


def weigh_plans(incidents: Sequence[Incident], compared: pl.DataFrame, assets: AssetInventory) -> tuple[Incident, ...]:
    """Return the incidents with their steps weighed and cut; ``compared`` are activities (columns.ACTIVITIES)."""
    reached = reach(compared, {_target(s) for i in incidents for s in i.response_plan if s.target})
    own = home_domains(compared)
    plans = [weigh(_foreign(one.response_plan, own), reached, assets) for one in incidents]
    return tuple(one.model_copy(update={"response_plan": plan}) for one, plan in zip(incidents, plans, strict=True))


def home_domains(compared: pl.DataFrame) -> frozenset[str]:
    """Return the domains that several hosts of the network are in; one host alone may be an attacker's name."""
    if compared.is_empty():
        return frozenset()
    hosts = _named(compared).filter(pl.col("kind") == "host")["value"].str.to_lowercase().unique()
    parents = hosts.str.splitn(".", 2).struct.field("field_1").drop_nulls()
    counted = parents.filter(parents.str.contains(".", literal=True)).value_counts()
    return frozenset(counted.filter(pl.col("count") >= _HOME_HOSTS).to_series(0).to_list())


def _foreign(plan: Iterable[ResponseStep], own: frozenset[str]) -> Iterator[ResponseStep]:
    """Yield the steps without those that would block ourselves."""
    for step in plan:
        value = _target(step)[1]
        name = host_of(value) if step.measure == "block_url" else value
        if step.measure not in {"block_domain", "block_url"} or not is_own(name, own):
            yield step


def weigh(
    plan: Iterable[ResponseStep], reached: Mapping[tuple[str, str], Reach], assets: AssetInventory
) -> tuple[ResponseStep, ...]:
    """Return the steps of a plan that a person will read, each with its blast radius."""
    weighed = []
    for step in _narrowest_first(plan, reached):
        kind, value = _target(step)
        asset = assets.lookup(EntityKind(kind), value) if kind else None
        if asset and kind in _OWN and step.measure in _BLOCKED:
            continue  # in the inventory: ours, however public it looks
        weighed.append(_weighed(step, reached.get((kind, value), NOWHERE), asset))
    return tuple(step for phase in PHASES for step in _kept([s for s in weighed if s.phase == phase]))


def _narrowest_first(plan: Iterable[ResponseStep], reached: Mapping[tuple[str, str], Reach]) -> Iterator[ResponseStep]:
    """Yield the plan with the blocks of one measure changing places, so that what fewest hosts meet comes first.

    The tool of an attacker is rare here; the interpreter that ran it is on every host.
    """
    steps = list(plan)
    width = {step.step_id: sum(reached.get(_target(step), NOWHERE).peers.values()) for step in steps}
    queues = {
        measure: iter(sorted((s for s in steps if s.measure == measure), key=lambda step: width[step.step_id]))
        for measure in _BLOCKED
    }
    yield from (next(queues[step.measure]) if step.measure in _BLOCKED else step for step in steps)


def reach(compared: pl.DataFrame, targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Reach]:
    """Return for each (kind, value) that an activity names what was named with it."""
    wanted = pl.DataFrame(sorted(targets), schema={"kind": pl.String, "value": pl.String}, orient="row")
    if wanted.is_empty() or compared.is_empty():
        return {}
    named = _named(compared)
    hits = named.join(wanted, on=["kind", "value"]).select("activity", "first", of=pl.struct("kind", "value"))
    met = hits.join(named.filter(pl.col("kind").is_in(list(_PEERS))), on="activity")
    others = met.filter(pl.struct("kind", "value") != pl.col("of"))
    counted = others.group_by("of", "kind").agg(pl.col("value").n_unique()).sort("of", "kind")
    peers: dict[tuple[str, str], dict[str, int]] = {}
    for of, kind, count in counted.iter_rows():
        peers.setdefault((of["kind"], of["value"]), {})[kind] = count
    days = hits.group_by("of").agg((pl.col("first") // MICROS_PER_DAY).n_unique())
    return {
        (of["kind"], of["value"]): Reach(peers.get((of["kind"], of["value"]), {}), count)
        for of, count in days.iter_rows()
    }


def _named(compared: pl.DataFrame) -> pl.DataFrame:
    """Return activity, first, kind, value of all entities, the principal among them."""
    rows = compared.select("activity", "first", "entities").explode("entities").unnest("entities").drop("role")
    parts = pl.col("principal").str.splitn(":", 2).struct.rename_fields(["kind", "value"])
    principals = compared.select("activity", "first", of=parts).unnest("of")
    return pl.concat([rows, principals]).drop_nulls().unique()


def _weighed(step: ResponseStep, reached: Reach, asset: Asset | None) -> ResponseStep:
    changed: dict[str, object] = {"blast_radius": _told(step, reached, asset)}
    if step.phase != "investigation" and asset and asset.criticality >= CRITICAL:
        changed["role"] = "admin"
    if step.measure in _BLOCKED and reached.wide:
        changed |= {"role": "admin", "reason": f"{step.reason}, but in wide use here: look before you block"}
    return step.model_copy(update=changed)


def _told(step: ResponseStep, reached: Reach, asset: Asset | None) -> str:
    if not step.target or step.phase == "investigation":
        return "nothing is changed" if step.phase == "investigation" else ""
    named = [number(reached.peers[kind], noun) for kind, noun in _PEERS.items() if kind in reached.peers]
    seen = f"seen with {listed(named, 4)}" if named else "seen with no other host or user"
    watched = f"{seen} on {number(reached.days, 'day')}" if reached.days else "not seen in what is kept"
    return f"{step.target} is {watched}; {_inventory(asset)}"


def _inventory(asset: Asset | None) -> str:
    if asset is None:
        return "not in the asset inventory"
    words = [f"criticality {asset.criticality} of 100"]
    words += [f"{what} {plain(text, 60)}" for what, text in (("role", asset.role), ("owner", asset.owner)) if text]
    return ", ".join(words)


def _kept(steps: Sequence[ResponseStep]) -> list[ResponseStep]:
    """Return the steps of one phase: what is in wide use last, and no measure more than twice while others wait."""
    ordered = sorted(steps, key=lambda step: step.measure in _BLOCKED and "in wide use" in step.reason)
    seen: dict[str, int] = {}
    first, more = list[ResponseStep](), list[ResponseStep]()
    for step in ordered:
        seen[step.measure] = seen.get(step.measure, 0) + 1
        (first if seen[step.measure] <= _PER_KIND else more).append(step)
    return [*first, *more][:PER_PHASE]


def _target(step: ResponseStep) -> tuple[str, str]:
    kind, _, value = step.target.partition(":")
    return kind, value
