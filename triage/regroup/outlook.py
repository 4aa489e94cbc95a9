"""What would come of another grouping: the incidents it is about, before and after, rated by code."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import polars as pl
from pydantic import Field

from triage.judgement.candidates import EVERYDAY, parts_of
from triage.judgement.urgency import total
from triage.models import Disposition, Model, UrgencyPart
from triage.regroup.grouping import Grouping

Effect = Literal["holds", "splits", "merges", "moves", "re-ranks", "dissolves"]
RULES_SHOWN = 4


class Piece(Model):
    """One incident or everyday group, as a grouping has it."""

    incident_id: str
    rank: int = Field(ge=1, description="by the ratings of this grouping")
    urgency: float = Field(ge=0, le=100)
    urgency_parts: tuple[UrgencyPart, ...]
    disposition: Disposition = Field(description="by code alone, before any investigation")
    reason: str
    alerts: int = Field(ge=0)
    activities: tuple[str, ...] = Field(description="keys, sorted")
    rules: tuple[str, ...] = Field(description="those with most alerts first, bounded")
    weakest_join: str = Field("", description="the reason that holds it together least; '' where there is one activity")
    everyday: bool = False


class Outlook(Model):
    """What is, and what would be. Nothing of it is kept."""

    effect: Effect
    summary: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    note: str = ""


class Named(NamedTuple):
    """A grouping whose candidates have the ids of incidents."""

    grouping: Grouping
    ids: Mapping[str, str]
    """candidate -> incident id"""
    compared: pl.DataFrame


def outlook(before: Named, after: Named, about: Iterable[str], *, every: bool = True) -> Outlook:
    """Compare two groupings as far as they concern the incidents ``about``, and what takes in their activities.

    ``every``: also say of other incidents that change.
    """
    old, new = _pieces(before), _pieces(after)
    wanted = set(about)
    keys = {key for piece in old if piece.incident_id in wanted for key in piece.activities}
    mine_before = [piece for piece in old if keys & set(piece.activities)]
    mine_after = [piece for piece in new if keys & set(piece.activities)]
    if every:
        touched = _differing(old, new)
        mine_before = [piece for piece in old if piece in mine_before or set(piece.activities) & touched]
        mine_after = [piece for piece in new if piece in mine_after or set(piece.activities) & touched]
    effect = _effect(mine_before, mine_after)
    return Outlook(
        effect=effect,
        summary=_said(effect, mine_before, mine_after),
        before=tuple(mine_before),
        after=tuple(mine_after),
    )


def _differing(old: Sequence[Piece], new: Sequence[Piece]) -> set[str]:
    """Return the activities of incidents, not of everyday groups, that are in a different one."""
    there = {piece.activities for piece in old}
    return {key for piece in new if piece.activities not in there and not piece.everyday for key in piece.activities}


def _effect(before: Sequence[Piece], after: Sequence[Piece]) -> Effect:
    old, new = _real(before), _real(after)
    if old and not new:
        return "dissolves"
    if len(new) > len(old):
        return "splits"
    if len(new) < len(old):
        return "merges"
    if {piece.activities for piece in old} != {piece.activities for piece in new}:
        return "moves" if len(old) > 1 or not _within(old, new) else _graded(old, new)
    return _graded(old, new)


def _within(old: Sequence[Piece], new: Sequence[Piece]) -> bool:
    return all(set(piece.activities) <= {key for one in old for key in one.activities} for piece in new)


def _graded(old: Sequence[Piece], new: Sequence[Piece]) -> Effect:
    return "re-ranks" if _grades(old) != _grades(new) else "holds"


def _grades(pieces: Sequence[Piece]) -> list[tuple[int, float, str]]:
    return sorted((piece.rank, piece.urgency, piece.disposition) for piece in pieces)


def _real(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if not piece.everyday]


def _said(effect: Effect, before: Sequence[Piece], after: Sequence[Piece]) -> str:
    names = ", ".join(piece.incident_id for piece in _real(before)) or "it"
    mine = {key for piece in _real(before) for key in piece.activities}
    rest = sum(len(mine & set(piece.activities)) for piece in after if piece.everyday)
    told = {
        "holds": f"{names} holds, at the same rank and urgency",
        "re-ranks": f"{names} holds, but ranks otherwise",
        "splits": f"{names} splits into {len(_real(after))}",
        "merges": f"{names} become {len(_real(after))}",
        "moves": f"activities move between {names}",
        "dissolves": f"nothing of {names} stays out of the ordinary",
    }
    left = "activity is" if rest == 1 else "activities are"
    return told[effect] + (f"; {rest:,} {left} everyday then" if rest else "")


def _pieces(named: Named) -> list[Piece]:
    """Return all pieces in the order in which a queue would show them."""
    rows = named.grouping.membership.join(named.compared, on="activity").sort("candidate", "activity")
    ratings = {row["candidate"]: row for row in named.grouping.ratings.iter_rows(named=True)}
    weakest = dict(
        named.grouping.joins.sort("candidate", "strength", "left", "right")
        .unique("candidate", keep="first", maintain_order=True)
        .select("candidate", "reason")
        .iter_rows()
    )
    drafts = []
    for (key,), part in rows.group_by("candidate", maintain_order=True):
        candidate, first = str(key), part["first"].min()
        piece = _piece(named.ids[candidate], part, ratings.get(candidate), weakest.get(candidate, ""), candidate)
        drafts.append(((piece.disposition == "benign", -piece.urgency, -piece.alerts, first, piece.incident_id), piece))
    ordered = [piece for _, piece in sorted(drafts, key=lambda pair: pair[0])]
    return [piece.model_copy(update={"rank": rank}) for rank, piece in enumerate(ordered, start=1)]


def _piece(
    incident_id: str, rows: pl.DataFrame, rating: Mapping[str, object] | None, weakest: str, candidate: str
) -> Piece:
    parts = parts_of(rating) if rating else ()
    loudest = rows.group_by("rule").agg(pl.col("count").sum()).sort("count", "rule", descending=[True, False])
    return Piece.model_validate(
        {
            "incident_id": incident_id,
            "rank": 1,
            "urgency": total(parts),
            "urgency_parts": parts,
            "disposition": rating["disposition"] if rating else "benign",
            "reason": rating["reason"] if rating else "everyday",
            "alerts": int(rows["count"].sum()),
            "activities": tuple(rows["activity"].to_list()),
            "rules": tuple(loudest["rule"].head(RULES_SHOWN).to_list()),
            "weakest_join": weakest,
            "everyday": candidate.startswith(EVERYDAY),
        }
    )
