"""The asset inventory from a CSV file or an index: kind,value,criticality,owner,role,note."""

import csv
from pathlib import Path
from typing import Any

import orjson

from triage.errors import ConfigError
from triage.models import EntityKind
from triage.ports import AlertSource, Asset, Window

_HEADER = ["kind", "value", "criticality", "owner", "role", "note"]


class EmptyAssets:
    """An inventory that knows nothing, for teams without one."""

    def lookup(self, kind: EntityKind, value: str) -> Asset | None:  # noqa: ARG002 - the protocol's names
        """Return None."""
        return None


class _ListedAssets:
    """Assets that were read once."""

    def __init__(self, assets: list[Asset]) -> None:
        self._assets = {(asset.kind, asset.value.casefold()): asset for asset in assets}

    def lookup(self, kind: EntityKind, value: str) -> Asset | None:
        """Return the asset with this name (case-insensitive), or None."""
        return self._assets.get((kind.value, value.casefold()))


class CsvAssets(_ListedAssets):
    """Assets of a file. Raises ConfigError that names file, line and field."""

    def __init__(self, path: Path) -> None:
        super().__init__(_read(path))


class IndexAssets(_ListedAssets):
    """Assets of an index, read through a source. Raises ConfigError that names document and field, or SourceError."""

    def __init__(self, source: AlertSource) -> None:
        lines = (line for page in source.pages(Window(None, None)) for line in page.lines.splitlines() if line)
        assets = [_from_hit(orjson.loads(line)) for line in lines]
        if problems := source.problems():
            raise ConfigError(f"assets.index could not be read whole: {problems[0].reason}")
        _refuse_repeats(assets, "assets.index")
        super().__init__(assets)


def _from_hit(hit: dict[str, Any]) -> Asset:
    fields = hit.get("_source", {})
    return _asset([str(fields.get(name, "")) for name in _HEADER], f"assets.index, document {hit.get('_id')}")


def _read(path: Path) -> list[Asset]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"assets.file {path}: cannot be read: {exc}") from exc
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        if (header := next(reader, [])) != _HEADER:
            raise ConfigError(
                f"{path}, line 1: the columns must be {','.join(_HEADER)}, found {','.join(header)[:200]}"
            )
        assets = [_asset(row, f"{path}, line {reader.line_num}") for row in reader if row]
    except csv.Error as exc:
        raise ConfigError(f"{path}, line {reader.line_num}: {exc}") from exc
    _refuse_repeats(assets, path)
    return assets


def _asset(row: list[str], place: str) -> Asset:
    if len(row) != len(_HEADER):
        raise ConfigError(f"{place}: expected {len(_HEADER)} fields, found {len(row)}")
    kind, value, criticality, owner, role, note = (field.strip() for field in row)
    if kind not in set(EntityKind):
        raise ConfigError(f"{place}: kind {kind[:40]!r} is unknown; use one of {', '.join(EntityKind)}")
    if not value:
        raise ConfigError(f"{place}: value is empty")
    if not (criticality.isascii() and criticality.isdigit() and int(criticality) <= 100):
        raise ConfigError(f"{place}: criticality {criticality[:40]!r} must be a whole number from 0 to 100")
    return Asset(kind, value, int(criticality), owner, role, note)


def _refuse_repeats(assets: list[Asset], place: Path | str) -> None:
    seen: set[tuple[str, str]] = set()
    for asset in assets:
        key = (asset.kind, asset.value.casefold())
        if key in seen:
            raise ConfigError(f"{place}: {asset.kind}:{asset.value} is listed more than once")
        seen.add(key)
