"""Constraints applied to the activities of one run: what is joined first, what is kept apart, which links do not count.

The rule: links are taken from the strongest on, and one that would bring two activities together that are kept apart is
left out. So what is cut is always the weakest link on the way between them. Keeping apart prevails over joining, except
that a pair which a later must_link names is together.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from triage.judgement.constraints import SIGNATURE, Constraint, Index, Selected
from triage.judgement.links import Link

NOTHING: frozenset[int] = frozenset()


class Bonds:
    """Constraints as they bear on the activities of one run; without constraints it changes nothing."""

    def __init__(self, constraints: Sequence[Constraint], activities: pl.DataFrame) -> None:
        """``constraints`` in the order in which they were made; ``activities`` has columns.ACTIVITIES."""
        self._constraints = tuple(constraints)
        rows = activities.select("activity", "signature", "principal", "entities").iter_rows(named=True)
        self._index = Index(rows if constraints else ())
        self._together = [self._joined(one) for one in self._constraints]
        self._sides = self._all_sides()

    def __bool__(self) -> bool:
        return bool(self._constraints)

    @property
    def joined(self) -> list[str]:
        """Keys of the activities that an analyst joined to others."""
        return sorted({key for keys in self._together for key in keys if len(keys) > 1})

    def with_joined(self, core: pl.DataFrame, activities: pl.DataFrame) -> pl.DataFrame:
        """Return ``core`` (with its column node), followed by the everyday activities that an analyst joined."""
        wanted = activities.filter(pl.col("activity").is_in(self.joined))
        more = wanted.join(core.select("activity"), on="activity", how="anti", maintain_order="left")
        return pl.concat([core, more.with_row_index("node", offset=core.height)]) if more.height else core

    def sides(self, activity: str) -> frozenset[int]:
        """Return the sides an activity is on: n and -n are the two sides of one constraint."""
        return self._sides.get(activity, NOTHING)

    def sets(self, core: pl.DataFrame) -> Iterator[list[int]]:
        """Yield the nodes of each must_link, the one made last first."""
        nodes = dict(core.select("activity", "node").iter_rows())
        for keys in reversed(self._together):
            yield sorted(nodes[key] for key in keys if key in nodes)

    def allowed(self, links: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
        """Return the LINKS that no never_group or unjoin takes away; their order stays."""
        for one in self._constraints:
            if one.kind in {"never_group", "unjoin"}:
                links = links.filter(~self._refused(one, core))
        return links

    def admits(self, offers: pl.DataFrame) -> pl.DataFrame:
        """Return those rows (candidate, left, principal, activity, ...) by which an activity may be taken in."""
        for one in self._constraints:
            if one.kind == "never_group":
                offers = offers.filter(~self._barred(one))
            elif one.kind == "unjoin":
                left, right = self._keys(one.left), self._keys(one.right)
                there = pl.col("left").is_in(left) & pl.col("activity").is_in(right)
                back = pl.col("left").is_in(right) & pl.col("activity").is_in(left)
                offers = offers.filter(~(there | back))
        return offers

    def _barred(self, one: Constraint) -> pl.Expr:
        """Tell the takings-in that rest on what joins nothing."""
        signatures = self._keys(_of_signatures(one.left))
        by_signature = pl.col("activity").is_in(signatures) | pl.col("left").is_in(signatures)
        barred = by_signature | pl.col("principal").is_in(list(one.left))
        if one.scope:
            scope = self._keys(one.scope)
            barred &= pl.col("activity").is_in(scope) & pl.col("left").is_in(scope)
        return barred

    def _refused(self, one: Constraint, core: pl.DataFrame) -> pl.Expr:
        left = self._nodes(one.left, core)
        if one.kind == "unjoin":
            right = self._nodes(one.right, core)
            there = pl.col("left").is_in(left) & pl.col("right").is_in(right)
            return there | (pl.col("left").is_in(right) & pl.col("right").is_in(left))
        kinds = _of_signatures(one.left)
        signatures = self._nodes(kinds, core)
        refused = pl.col("left").is_in(signatures) | pl.col("right").is_in(signatures)
        entities = [name for name in one.left if name not in kinds]
        shared = [name.replace(":", " ", 1) for name in entities]
        refused |= (pl.col("kind") == "entity") & pl.col("about").is_in(shared)
        refused |= (pl.col("kind") == "asset") & pl.col("about").is_in(entities)
        if one.scope:
            scope = self._nodes(one.scope, core)
            refused &= pl.col("left").is_in(scope) & pl.col("right").is_in(scope)
        return refused

    def _keys(self, selectors: Sequence[str]) -> list[str]:
        return sorted(self._index.select(selectors).keys)

    def _nodes(self, selectors: Sequence[str], core: pl.DataFrame) -> list[int]:
        keys = self._keys(selectors)
        return core.filter(pl.col("activity").is_in(keys))["node"].to_list()

    def _joined(self, one: Constraint) -> frozenset[str]:
        return self._index.select(one.left).named if one.kind == "must_link" else frozenset()

    def _all_sides(self) -> dict[str, frozenset[int]]:
        found: dict[str, set[int]] = {}
        for number, one in enumerate(self._constraints, start=1):
            if one.kind == "cannot_link":
                for key, side in self._split(number, one):
                    found.setdefault(key, set()).add(side)
        return {key: frozenset(sides) for key, sides in found.items()}

    def _split(self, number: int, one: Constraint) -> Iterator[tuple[str, int]]:
        """Yield the activities of both sides, less the pairs that a later must_link names."""
        left, right = _divide(self._index.select(one.left), self._index.select(one.right))
        for later in self._together[number:]:
            if later & left and later & right:
                left, right = left - later, right - later
        if left and right:
            yield from ((key, number) for key in sorted(left))
            yield from ((key, -number) for key in sorted(right))


def _of_signatures(selectors: Sequence[str]) -> list[str]:
    return [name for name in selectors if name.startswith(f"{SIGNATURE}:")]


def _divide(left: Selected, right: Selected) -> tuple[frozenset[str], frozenset[str]]:
    """Put an activity that both sides name where it is named by its key; on neither side where that does not tell."""
    both = left.keys & right.keys
    return (
        left.keys - (both - (left.named - right.named)),
        right.keys - (both - (right.named - left.named)),
    )


def conflict(sides: frozenset[int], others: frozenset[int]) -> bool:
    """Tell whether two sets of sides must not come together."""
    return any(-side in others for side in sides)


class Components:
    """Union-find over nodes that refuses to bring together what is kept apart."""

    def __init__(self, sides: Sequence[frozenset[int]]) -> None:
        """``sides`` has one entry per node."""
        self._root = list(range(len(sides)))
        self._sides = list(sides)

    def find(self, node: int) -> int:
        """Return the smallest node of a node's component."""
        root = self._root
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    def join(self, left: int, right: int) -> bool:
        """Join two components; False when they were one, or are kept apart."""
        a, b = self.find(left), self.find(right)
        if a == b or conflict(self._sides[a], self._sides[b]):
            return False
        low, high = min(a, b), max(a, b)
        self._root[high] = low
        self._sides[low] = self._sides[low] | self._sides[high]
        return True

    def all(self) -> list[int]:
        """Return each node's component."""
        return [self.find(node) for node in range(len(self._root))]


class Taken(NamedTuple):
    """An everyday activity and the candidate that would take it in."""

    candidate: str
    activity: str


def taken_in(offers: Sequence[Taken], core: pl.DataFrame, bonds: Bonds) -> list[int]:
    """Return which offers hold, one per activity: the first whose candidate has nothing it is kept apart from.

    ``offers`` are ordered, those of one activity by preference; ``core`` has candidate and activity.
    """
    held: dict[str, frozenset[int]] = {}
    for candidate, activity in core.select("candidate", "activity").iter_rows():
        held[candidate] = held.get(candidate, NOTHING) | bonds.sides(activity)
    chosen, done = [], set()
    for number, offer in enumerate(offers):
        sides = bonds.sides(offer.activity)
        if offer.activity not in done and not conflict(sides, held[offer.candidate]):
            held[offer.candidate] = held[offer.candidate] | sides
            done.add(offer.activity)
            chosen.append(number)
    return chosen


def _gap(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Return the silence between two spans (first, last), 0 where they overlap."""
    return max(0, max(one[0], other[0]) - min(one[1], other[1]))


def must_links(bonds: Bonds, core: pl.DataFrame, components: Components) -> Iterator[Link]:
    """Join what analysts joined, and yield a link for each two parts that came together."""
    times = core.select("first", "last").rows()
    for nodes in bonds.sets(core):
        parts: list[int] = []
        for node in nodes:
            met = next((part for part in reversed(parts) if components.join(part, node)), None)
            if met is not None:
                yield Link(met, node, 1.0, "analyst", "", _gap(times[met], times[node]), 0)
            if met is None and all(components.find(part) != components.find(node) for part in parts):
                parts.append(node)
