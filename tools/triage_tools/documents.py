"""Tools that read whole documents of alerts: the rule's own guide, and which process started which."""

from collections.abc import Mapping
from typing import Annotated, Any

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.wording import plain
from triage_tools.arguments import Arguments, Name
from triage_tools.background import Background
from triage_tools.limits import ToolLimits

_GUIDES = (
    *("kibana.alert.rule.note", "signal.rule.note", "rule.note", "kibana.alert.rule.parameters.note"),
    *("finding.remediation.desc", "finding_info.remediation.desc", "remediation.desc", "RemediationSteps"),
    *("properties.RemediationSteps", "recommendedActions", "kibana.alert.rule.description", "signal.rule.description"),
)
"""Where rules keep what to do about their alerts, the best first; their description where there is nothing else."""
_STARTED = (
    ("process.parent.executable", "process.executable", "process.command_line"),
    ("process.parent.name", "process.name", "process.command_line"),
    ("data.win.eventdata.parentImage", "data.win.eventdata.image", "data.win.eventdata.commandLine"),
    ("winlog.event_data.ParentImage", "winlog.event_data.Image", "winlog.event_data.CommandLine"),
    ("event.ParentImageFileName", "event.FileName", "event.CommandLine"),
    ("event.ParentBaseFileName", "event.ImageFileName", "event.CommandLine"),
    ("ParentBaseFileName", "ImageFileName", "CommandLine"),
    ("output_fields.proc.pname", "output_fields.proc.name", "output_fields.proc.cmdline"),
    (
        "properties.InitiatingProcessParentFileName",
        "properties.InitiatingProcessFileName",
        "properties.InitiatingProcessCommandLine",
    ),
)
"""(parent, child, command line) in ECS, Wazuh, Sysmon, CrowdStrike, Falco and Defender."""


class Document(Arguments):
    """An alert by its index and id."""

    index: str = Field(max_length=1000, description="index of the alert")
    id: Name = Field(description="document id of the alert")


class Documents(Arguments):
    """Several alerts."""

    alerts: Annotated[tuple[Document, ...], Field(min_length=1, max_length=20)]


def rule_guide(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over documents."""

    def run(index: str, id: str) -> dict[str, JsonValue]:  # noqa: A002 - Elasticsearch's name for it
        document = background.document(index, id) or {}
        notes = [text for path in _GUIDES if isinstance(text := _at(document, path), str) and text.strip()]
        guide = plain(notes[0], limits.guide_chars) if notes else ""
        cut = bool(notes) and len(notes[0]) > limits.guide_chars
        return {"total": len(notes[:1]), "truncated": cut, "query": f"alert {limits.text(id)}", "guide": guide}

    return StructuredTool.from_function(
        run,
        name="rule_guide",
        description="The note that the author of the rule left in its alert: what it means, how to check it.",
        args_schema=Document,
    )


def process_tree(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over documents."""

    def run(alerts: tuple[Document, ...]) -> dict[str, JsonValue]:
        found = [_started(document) for one in alerts if (document := background.document(one.index, one.id))]
        pairs = list(dict.fromkeys(pair for pair in found if pair))
        rows: list[JsonValue] = [
            {"parent": limits.text(parent), "child": limits.text(child), "command": limits.text(command)}
            for parent, child, command in pairs[: limits.rows]
        ]
        query = f"documents of {len(alerts)} alerts"
        return {"total": len(pairs), "truncated": len(pairs) > len(rows), "query": query, "started": rows}

    return StructuredTool.from_function(
        run,
        name="process_tree",
        description="Which process started which, with its command line, by the documents of alerts.",
        args_schema=Documents,
    )


def _started(document: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return parent, child and command line that a document tells; None where it does not."""
    for parent, child, command in _STARTED:
        names = [_at(document, path) for path in (parent, child)]
        if all(isinstance(name, str) and name for name in names):
            line = _at(document, command)
            return str(names[0]), str(names[1]), line if isinstance(line, str) else ""
    return None


def _at(document: object, path: str) -> object:
    """Return the value at a dotted path, nested or flat; None where there is none."""
    if not path:
        return document
    if not isinstance(document, Mapping):
        return None
    if path in document:
        return document[path]
    head, _, rest = path.partition(".")
    return _at(document[head], rest) if rest and head in document else None
