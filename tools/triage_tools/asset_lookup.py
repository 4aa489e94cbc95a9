"""Tool: what the asset inventory knows about an entity."""

from langchain_core.tools import StructuredTool
from pydantic import JsonValue

from triage.models import EntityKind
from triage.ports import AssetInventory
from triage_tools.arguments import AboutEntity
from triage_tools.limits import ToolLimits


def asset_lookup(assets: AssetInventory, limits: ToolLimits) -> StructuredTool:
    """Make the tool over an inventory."""

    def run(kind: EntityKind, value: str) -> dict[str, JsonValue]:
        asset = assets.lookup(kind, value)
        known: dict[str, JsonValue] | None = asset and {
            "criticality": asset.criticality,
            "owner": limits.text(asset.owner),
            "role": limits.text(asset.role),
            "note": limits.text(asset.note),
        }
        query = f"asset inventory {kind}:{limits.text(value)}"
        return {"total": int(known is not None), "truncated": False, "query": query, "asset": known}

    return StructuredTool.from_function(
        run,
        name="asset_lookup",
        description="Criticality (0-100), owner, role and note of an entity in the asset inventory, if it is there.",
        args_schema=AboutEntity,
    )
