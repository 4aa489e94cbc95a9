"""Tool: how common a rule is in a time window."""

from datetime import datetime

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.casework import kql
from triage.ports import EventSearch
from triage_tools.arguments import Name, Within, check_length
from triage_tools.limits import ToolLimits


class RuleWithin(Within):
    """A rule and a window."""

    rule: Name = Field(description="rule name exactly as the alert has it")


def rule_prevalence(search: EventSearch, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a search."""

    def run(rule: str, since: datetime, until: datetime) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        found = search.rule_prevalence(rule, since, until)
        return {
            "total": found.count,
            "truncated": False,
            "query": kql.every(kql.rule(rule), kql.within(since, until)),
            "hosts": found.hosts,
            "days": found.days,
        }

    return StructuredTool.from_function(
        run,
        name="rule_prevalence",
        description="How many alerts of a rule there are in a time window, on how many hosts and days.",
        args_schema=RuleWithin,
    )
