"""The report as one self-contained HTML page: no script, no link to anywhere, nothing active from an alert.

Three walls: every value is cleaned on its way out, then escaped by the template engine, and the page forbids itself by
its content security policy to load or run anything.
"""

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from triage.casework.cause_wording import told
from triage.models import Entity
from triage.report import content, narrative, svg
from triage.report.content import Report
from triage.trust.untrusted import clean, defang

_VALUE_CHARS = 1500
_SUMMARY_CHARS = 6000
_DEFANGED = frozenset({"url", "domain", "mailbox"})


def render(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_finalize, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(_FILTERS)
    folder = files("triage.report")
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    style = Markup((folder / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return template.render(
        r=report, style=style, limits=content, note=_note, narrative_title=narrative.TITLE, cause=told
    )


def _finalize(value: object) -> object:
    """Clean every text that an expression puts out; markup is only ever our own."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value, _VALUE_CHARS)
    return value


def _note(shown: int, total: int, what: str) -> Markup:
    said = content.cut(shown, total, what)
    return Markup('<p class="dim">{}.</p>').format(said) if said else Markup()


def _paragraphs(text: str) -> list[str]:
    lines = clean(text, _SUMMARY_CHARS, lines=True).splitlines()
    return [line for line in lines if line.strip()]


def _indicator(entity: Entity) -> str:
    return defang(entity.value) if entity.kind in _DEFANGED else entity.value


_FILTERS: dict[str, Callable[..., Any]] = {
    "number": lambda number: f"{number:,}",
    "points": lambda points: f"{points:.0f}",
    "signed": lambda points: f"{points:+.1f}",
    "percent": lambda share: f"{share:.0%}",
    "when": lambda time: content.when(time) if isinstance(time, datetime) else "",
    "duration": content.duration,
    "paragraphs": _paragraphs,
    "indicator": _indicator,
    "short": lambda text: clean(text, 44),
    "plan": content.plan_by_phase,
    "activities": content.chosen_activities,
    "joins": content.chosen_joins,
    "passages": narrative.passages,
    "severity": svg.severity_class,
    "urgency_bar": svg.urgency_bar,
    "kill_chain": svg.kill_chain,
    "timeline": svg.timeline,
}
