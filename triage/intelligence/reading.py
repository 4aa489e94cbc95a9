"""What the readers of all formats fill: indicators in columns, what they point to, actor profiles, and what was left.

Feeds are written by others: every text is cleaned and bounded here, everything not taken is counted with its reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import polars as pl

from triage.intelligence.adversary import Profile
from triage.intelligence.harmless import WarningList
from triage.intelligence.values import Key, normal
from triage.times import micros
from triage.wording import plain

INDICATORS: Final = pl.Schema(
    {
        "kind": pl.String(),  # values.KINDS
        "value": pl.String(),  # in the one spelling of values.normal
        "confidence": pl.UInt8(),  # 0-100
        "since": pl.Int64(),  # microseconds; null = unbounded
        "until": pl.Int64(),  # microseconds; null = does not expire
        "labels": pl.List(pl.String),  # sorted
        "threats": pl.List(pl.String),  # sorted names of campaigns, malware, actors, events it is a sign of
        "tlp": pl.String(),  # '' or clear, green, amber, amber+strict, red
        "ref": pl.String(),  # its id in the source
    }
)
CHARS: Final = 120
MOST_LABELS: Final = 8
MOST_PER_VALUE: Final = 4
"""Entries of one source kept for one value, the most confident ones."""
_CHUNK: Final = 1 << 16
_TLPS: Final = frozenset({"clear", "white", "green", "amber", "amber+strict", "red"})


class Item(NamedTuple):
    """One indicator as its source gives it."""

    key: Key
    confidence: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    labels: tuple[str, ...] = ()
    threats: tuple[str, ...] = ()
    """Names, or ids that ``Gathered.names`` knows."""
    tlp: str = ""
    """A TLP level, or the id of a marking that ``Gathered.names`` knows."""
    ref: str = ""


class Gathered:
    """Collects what one source holds. ``default_confidence`` is for indicators whose source gives none."""

    def __init__(self, warning_list: WarningList, default_confidence: int, most: int) -> None:
        self._warning_list = warning_list
        self._default = default_confidence
        self._most = most
        self._rows: list[tuple[Any, ...]] = []
        self._chunks: list[pl.DataFrame] = []
        self._count = 0
        self.left_out: Counter[str] = Counter()
        """Reason -> how many entries were not taken."""
        self.names: dict[str, str] = {}
        """Id of an object that indicators point to -> its name."""
        self.points_to: dict[str, set[str]] = {}
        """Id of an indicator -> ids of what it indicates."""
        self.profiles: list[Profile] = []

    def value(self, kind: str, text: str, entry: Item | None = None, **more: Any) -> None:  # noqa: ANN401 - Item's fields
        """Take an indicator by its text; ``kind`` '' = tell by its form. What is no indicator is counted."""
        key = normal(kind, text)
        if key is None:
            self.leave("no indicator of a kind that is compared")
        else:
            self.item(entry._replace(key=key) if entry else Item(key, **more))

    def item(self, item: Item) -> None:
        """Take an indicator, unless it is harmless by itself or there are too many."""
        if reason := self._warning_list.reason(item.key):
            self.leave(reason)
        elif self._count >= self._most:
            self.leave(f"more than {self._most:,} indicators in one source")
        else:
            self._count += 1
            self._rows.append(self._row(item))
            if len(self._rows) >= _CHUNK:
                self._flush()

    def leave(self, reason: str, number: int = 1) -> None:
        """Count entries that are not taken."""
        self.left_out[reason] += number

    def frame(self) -> pl.DataFrame:
        """Return INDICATORS, sorted, each distinct, with names in the place of ids."""
        self._flush()
        frame = pl.concat(self._chunks) if self._chunks else pl.DataFrame(schema=INDICATORS)
        named = _named(frame.unique(), self.names, self.points_to)
        order = ["kind", "value", "confidence", "until", "ref"]
        ordered = named.sort(order, descending=[False, False, True, True, False], nulls_last=False)
        kept = ordered.filter(pl.int_range(pl.len()).over("kind", "value") < MOST_PER_VALUE)
        if kept.height < frame.height:
            self.leave("given more than once", frame.height - kept.height)
        return kept

    def _row(self, item: Item) -> tuple[Any, ...]:
        confidence = self._default if item.confidence is None else max(0, min(100, item.confidence))
        times = (item.since and micros(item.since), item.until and micros(item.until))
        texts = (_texts(item.labels), _texts(item.threats), plain(item.tlp, 60), plain(item.ref, CHARS))
        return (*item.key, confidence, *times, *texts)

    def _flush(self) -> None:
        if self._rows:
            self._chunks.append(pl.DataFrame(self._rows, schema=INDICATORS, orient="row"))
            self._rows = []


def _texts(texts: Iterable[str]) -> list[str]:
    return sorted({plain(text, CHARS) for text in texts if text})[:MOST_LABELS]


def _named(frame: pl.DataFrame, names: Mapping[str, str], points_to: Mapping[str, set[str]]) -> pl.DataFrame:
    """Add what an indicator points to, and put names where ids are; a marking that nobody explains is none."""
    told = {ref: sorted({names[one] for one in targets if one in names}) for ref, targets in points_to.items()}
    pointed = [(ref, found[:MOST_LABELS]) for ref, found in told.items()]
    aims = pl.DataFrame(pointed, schema={"ref": pl.String, "aims": pl.List(pl.String)}, orient="row")
    joined = frame.join(aims, on="ref", how="left", maintain_order="left")
    tlp = pl.col("tlp").replace(names).str.to_lowercase().str.strip_prefix("tlp:")
    return joined.with_columns(
        threats=pl.concat_list("threats", pl.col("aims").fill_null([])).list.unique().list.sort(),
        tlp=pl.when(tlp.is_in(list(_TLPS))).then(tlp).otherwise(pl.lit("")),
    ).select(INDICATORS.names())


def moment_of(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text or of seconds since the epoch; None for anything else."""
    try:
        if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit() and len(value) >= 9):
            return datetime.fromtimestamp(float(value), UTC)
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        return None


def words(value: object) -> tuple[str, ...]:
    """Return the texts of a JSON value that should be a list of texts."""
    listed: Sequence[object] = value if isinstance(value, list) else [value]
    return tuple(text for text in listed if isinstance(text, str) and text)
