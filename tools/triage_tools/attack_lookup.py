"""Tool: names and tactics of ATT&CK Enterprise, ICS and ATLAS techniques."""

from typing import Annotated

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.attack import TechniqueTable
from triage_tools.arguments import Arguments
from triage_tools.limits import ToolLimits

TechniqueId = Annotated[str, Field(min_length=1, max_length=40)]


class Techniques(Arguments):
    """Technique ids to look up."""

    ids: tuple[TechniqueId, ...] = Field(min_length=1, max_length=1000, description="e.g. T1003.001, T0831, AML.T0051")


def attack_lookup(techniques: TechniqueTable, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a technique table. A sub-technique newer than the table is answered by its parent."""

    def run(ids: tuple[str, ...]) -> dict[str, JsonValue]:
        asked = list(dict.fromkeys(ids))
        shown = asked[: limits.ids]
        found = {technique_id: techniques.find(technique_id) for technique_id in shown}
        return {
            "total": len(asked),
            "truncated": len(asked) > len(shown),
            "query": f"ATT&CK {limits.text(' '.join(shown))}",
            "techniques": [
                {"id": row.id, "name": row.name, "domain": row.domain, "tactics": list(row.tactics)}
                for row in found.values()
                if row
            ],
            "unknown": [limits.text(technique_id) for technique_id, row in found.items() if row is None],
        }

    return StructuredTool.from_function(
        run,
        name="attack_lookup",
        description="Name, domain and tactics of ATT&CK Enterprise, ATT&CK ICS and ATLAS techniques.",
        args_schema=Techniques,
    )
