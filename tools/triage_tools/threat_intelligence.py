"""Tool: what the local copy of threat intelligence says about entities. Nothing asked leaves the machine."""

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue, model_validator

from triage.models import EntityKind
from triage.times import moment
from triage_tools.arguments import Arguments, Name
from triage_tools.background import Background
from triage_tools.limits import ToolLimits


class Named(Arguments):
    """One entity."""

    kind: EntityKind = Field(description="kind of entity")
    value: Name = Field(description="its name, address, hash, ...")


class Several(Arguments):
    """What to compare: entities, or all that the alerts of activities name."""

    entities: tuple[Named, ...] = Field(default=(), max_length=200, description="what to look for")
    activities: tuple[Name, ...] = Field(default=(), max_length=1000, description="keys of activities")

    @model_validator(mode="after")
    def _asks(self) -> "Several":
        if not self.entities and not self.activities:
            raise ValueError("name entities or activities")
        return self


def threat_intelligence(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over the local copy."""

    def run(entities: tuple[Named, ...] = (), activities: tuple[str, ...] = ()) -> dict[str, JsonValue]:
        asked = list(dict.fromkeys((one.kind.value, one.value) for one in entities))
        found = background.indicators(asked, activities)
        rows: list[JsonValue] = [_row(row, limits) for row in found[: limits.rows]]
        query = f"threat intelligence on {len(asked)} entities and {len(activities)} activities"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "matches": rows}

    return StructuredTool.from_function(
        run,
        name="threat_intelligence",
        description="Indicators of the local copy of threat intelligence that name these entities: source, confidence, "
        "validity, threats. No look-up leaves the machine.",
        args_schema=Several,
    )


def _row(row: Mapping[str, Any], limits: ToolLimits) -> dict[str, JsonValue]:
    return {
        "entity": limits.text(f"{row['entity_kind']}:{row['entity']}"),
        "indicator": limits.text(f"{row['indicator_kind']}:{row['indicator_value']}"),
        "source": limits.text(row["source"]),
        "confidence": row["confidence"],
        "since": _iso(row["since"]),
        "until": _iso(row["until"]),
        "labels": [limits.text(label) for label in row["labels"]],
        "threats": [limits.text(threat) for threat in row["threats"]],
        "tlp": row["tlp"],
        "telling": bool(row.get("telling", True)),
    }


def _iso(micros: int | None) -> str | None:
    return None if micros is None else moment(micros).isoformat()
