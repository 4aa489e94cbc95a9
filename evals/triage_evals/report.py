"""The report of an evaluation as Markdown and as one self-contained HTML page."""

from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

from triage.atomic import replacing
from triage_evals.plots import found_curve, queue_composition, reliability_curve
from triage_evals.results import Results
from triage_evals.tables import Table, tables

TITLE = "Evaluation"
_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2024, #e6e8ea); --dim: light-dark(#68707a, #98a1ab);
  --line: light-dark(#d9dde2, #353b43); --ground: light-dark(#fff, #15181c); }
body { font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1200px;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
.note { color: var(--dim); }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } svg { width: 460px; max-width: 100%; }
svg text { font: 10px system-ui, sans-serif; fill: var(--ink); } polyline { fill: none; stroke-width: 2; }
.grid { stroke: var(--line); stroke-width: 1; } rect.attack { fill: #c2410c; } rect.noise { fill: #94a3b8; }
.c0 { stroke: #c2410c; stroke-width: 3; } circle.c0 { fill: #c2410c; fill-opacity: .6; } .c1 { stroke: #2563eb; }
.c2 { stroke: #059669; } .c3 { stroke: #9333ea; } .c4 { stroke: #d97706; } .c5 { stroke: #0891b2; }
.c6 { stroke: #be185d; }
.c7 { stroke: #65a30d; } svg .t0 { fill: #c2410c; } svg .t1 { fill: #2563eb; } svg .t2 { fill: #059669; }
svg .t3 { fill: #9333ea; } svg .t4 { fill: #d97706; } svg .t5 { fill: #0891b2; } svg .t6 { fill: #be185d; }
svg .t7 { fill: #65a30d; }
"""


def write_report(results: Results, output: Path) -> tuple[Path, ...]:
    """Write results.json, report.md and report.html; return their paths. Raises OSError."""
    output.mkdir(parents=True, exist_ok=True)
    texts = {
        "results.json": results.model_dump_json(indent=1) + "\n",
        "report.md": markdown(results),
        "report.html": html(results),
    }
    for name, text in texts.items():
        with replacing(output / name) as file:
            file.write(text.encode())
    return tuple(output / name for name in texts)


def markdown(results: Results) -> str:
    """Return the report as Markdown."""
    parts = [f"# {TITLE}", f"{len(results.cases)} cases, code {results.code[:12]}.", *results.skipped]
    for table in tables(results):
        parts += [
            f"## {table.title}",
            "\n".join(_markdown_rows(table)),
            *([f"_{_cell(table.note)}_"] if table.note else []),
        ]
    return "\n\n".join(parts) + "\n"


def _markdown_rows(table: Table) -> Iterator[str]:
    for row in (table.head, tuple("---" for _ in table.head), *table.rows):
        yield "| " + " | ".join(map(_cell, row)) + " |"


def _cell(text: str) -> str:
    """Keep a text from ending its cell or opening markup."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_")


def html(results: Results) -> str:
    """Return the report as one page that may load and run nothing."""
    places = [place for outcome in results.cases for place in outcome.queue]
    plots = (found_curve(results), reliability_curve(places), queue_composition(results.cases))
    sections = Markup().join(_section(table) for table in tables(results))
    skipped = Markup().join(Markup('<p class="note">{}</p>').format(said) for said in results.skipped)
    return Markup(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>{0}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width"><style>{1}</style>'
        '<h1>{0}</h1><p class="note">{2} cases, code {3}</p>{4}<div class="plots">{5}</div>{6}</html>\n'
    ).format(
        TITLE,
        Markup(_STYLE),  # noqa: S704 - our own text
        len(results.cases),
        results.code[:12],
        skipped,
        Markup().join(plots),
        sections,
    )


def _section(table: Table) -> Markup:
    rows = Markup().join(
        Markup("<tr>{}</tr>").format(Markup().join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in table.rows
    )
    head = Markup().join(Markup("<th>{}</th>").format(name) for name in table.head)
    note = Markup('<p class="note">{}</p>').format(table.note) if table.note else Markup()
    return Markup('<h2>{}</h2><div class="wide"><table><tr>{}</tr>{}</table></div>{}').format(
        table.title, head, rows, note
    )
