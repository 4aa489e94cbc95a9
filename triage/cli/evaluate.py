"""``triage eval``: score the program on labelled cases, beside plain methods, and against accepted scores."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.app import Exit
from triage.cli.common import console, safe, with_json
from triage.errors import TriageError, UsageError

if TYPE_CHECKING:
    from triage_evals.results import Results

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("eval")
@click.argument("folders", nargs=-1, type=_FOLDER, metavar="[CASE_FOLDER]...")
@click.option(
    "--output", type=_FOLDER, default=Path("eval"), show_default=True, help="Report, cases and finished runs."
)
@click.option("--shared", type=_FOLDER, default=Path("../shared"), show_default=True, help="Where the data sets lie.")
@click.option("--seeds", default="1", show_default=True, help="Seeds of the built cases, comma-separated.")
@click.option(
    "--generator", type=click.IntRange(0, 1000), default=None, help="Number of generated companies; default 3."
)
@click.option("--only", multiple=True, metavar="NAME", help="Only the cases of this name; may be given several times.")
@click.option("--against", type=click.Path(dir_okay=False, path_type=Path), help="Fail where worse than these scores.")
@click.option(
    "--calibrate", type=click.Path(dir_okay=False, path_type=Path), help="Fit confidence and write its table here."
)
@click.option("--ablations", is_flag=True, help="Run each case again without each part of our own.")
@click.option("--shuffled", is_flag=True, help="Run each case again in another order; the bytes must be the same.")
@click.option("--peers/--no-peers", default=False, show_default=True, help="DeepCASE beside us; takes minutes.")
@click.option("--adversarial", is_flag=True, help="Attack it too: planted text, models, evasion; takes minutes.")
@click.option("--resume/--fresh", default=True, show_default=True, help="Use finished runs of the same code and case.")
@with_json
def eval_command(  # noqa: PLR0913 - one argument per option of the command line
    *,
    folders: tuple[Path, ...],
    output: Path,
    shared: Path,
    seeds: str,
    generator: int | None,
    only: tuple[str, ...],
    against: Path | None,
    calibrate: Path | None,
    ablations: bool,
    shuffled: bool,
    peers: bool,
    resume: bool,
    adversarial: bool,
    as_json: bool,
) -> int:
    """Score the program on labelled cases.

    Without a folder the cases of the shared data sets are built where they are found, and companies are generated.
    A case is a folder with alerts.ndjson.gz and truth.csv.gz (id, attack, phase, certain).
    """
    from triage_evals.ablations import ABLATIONS
    from triage_evals.report import write_report
    from triage_evals.suite import Plan, evaluate

    cases = _wanted(_cases(folders, output, shared, seeds, generator), only, needed=not adversarial)
    without = tuple(ABLATIONS) if ablations else ()
    results = evaluate(Plan(cases, output, without, peers=peers, shuffled=shuffled, resume=resume), _tell)
    results = _attacked(results, cases, shared) if adversarial else results
    written = (*write_report(results, output), *(_calibrated(results, calibrate) if calibrate else ()))
    if as_json:
        click.echo(results.model_dump_json(indent=2))
    else:
        _show(results, written)
    compared = _compare(results, against) if against else Exit.DONE
    return compared if _held(results) else Exit.FAILED


def _tell(text: str) -> None:
    console(err=True).print(safe(text, 1000))


def _cases(folders: Sequence[Path], output: Path, shared: Path, seeds: str, generator: int | None) -> tuple[Path, ...]:
    from triage_evals.cases import find_cases
    from triage_evals.suite import built_cases, generated_cases

    if folders:
        found = tuple(case for folder in folders for case in find_cases(folder))
        return (*found, *generated_cases(output / "cases", generator or 0, _tell))
    if not all(seed.strip().isdigit() for seed in seeds.split(",")):
        raise UsageError(f"--seeds takes numbers divided by commas, not {seeds!r}")
    try:
        built = [built_cases(shared, output / "cases", int(seed), _tell) for seed in seeds.split(",")]
    except subprocess.CalledProcessError as error:
        raise TriageError(f"building the cases of {shared} failed with exit code {error.returncode}") from error
    if not any(built):
        _tell(f"no data sets in {shared}; only generated cases are scored")
    companies = generated_cases(output / "cases", 3 if generator is None else generator, _tell)
    return (*(case for some in built for case in some), *companies)


def _attacked(results: "Results", cases: Sequence[Path], shared: Path) -> "Results":
    from triage.adapters.embeddings import SentenceEmbedder
    from triage.config import EmbeddingSettings
    from triage_evals.adversarial.suite import attack

    return results.model_copy(
        update={"adversarial": attack(cases, shared, _tell, SentenceEmbedder(EmbeddingSettings()))}
    )


def _held(results: "Results") -> bool:
    """Say what the adversarial suite found wrong; tell whether it found nothing."""
    from triage_evals.adversarial.suite import failures

    found = failures(results.adversarial) if results.adversarial else []
    for text in found:
        _tell(f"adversarial suite: {text}")
    return not found


def _wanted(cases: Sequence[Path], only: Sequence[str], *, needed: bool) -> tuple[Path, ...]:
    found = tuple(case for case in cases if not only or case.name in only)
    if not found and needed:
        raise UsageError("no case to score; a case folder holds alerts.ndjson.gz and truth.csv.gz")
    return found


def _show(results: "Results", written: Sequence[Path]) -> None:
    from rich.table import Table as Grid

    from triage_evals.tables import tables

    screen = console()
    for table in tables(results):
        grid = Grid(
            title=safe(table.title), title_justify="left", caption=safe(table.note, 1000), caption_justify="left"
        )
        for name in table.head:
            grid.add_column(safe(name))
        for row in table.rows:
            grid.add_row(*(safe(cell) for cell in row))
        screen.print(grid)
    for text in (*results.skipped, f"written: {', '.join(map(str, written))}"):
        screen.print(safe(text, 1000))


def _calibrated(results: "Results", path: Path) -> Sequence[Path]:
    from triage_evals.calibrating import calibrate, write_calibration

    table = calibrate(results)
    write_calibration(table, path)
    _tell(f"calibration error {table.held_back_error} on {table.held_back_incidents} incidents that were held back")
    return (path,)


def _compare(results: "Results", against: Path) -> int:
    from pydantic import ValidationError

    from triage_evals.regression import regressions
    from triage_evals.results import Results

    try:
        accepted = Results.model_validate_json(against.read_bytes())
    except ValidationError as error:
        raise UsageError(f"{against} holds no scores of an evaluation") from error
    found = list(regressions(accepted, results))
    for text in found:
        _tell(f"regression: {text}")
    return Exit.FAILED if found else Exit.DONE
