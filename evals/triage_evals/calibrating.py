"""Fits how likely an incident of some urgency is an attack, and measures the fit on cases that were held back."""

from collections.abc import Iterable
from pathlib import Path

from triage.atomic import replacing
from triage.errors import UsageError
from triage.judgement.confidence import Calibration, Labelled, calibration_error, fit, probability
from triage_evals.results import OwnOutcome, Results

FOLDS = 5
GENERATED = "company_"


def calibrate(results: Results) -> Calibration:
    """Fit all cases; the error is that of generated cases, each stated by a fit without its fold.

    Raises UsageError where no case has a shown incident, or too few were generated to hold some back.
    """
    generated = [one for one in results.cases if one.case.startswith(GENERATED)]
    blocks = fit(labelled(results.cases))
    if not blocks or len(generated) < FOLDS:
        raise UsageError(f"to calibrate takes shown incidents and at least {FOLDS} generated companies (--generator)")
    stated: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        held = generated[fold::FOLDS]
        rest = fit(labelled(one for one in results.cases if one not in held))
        stated += [(probability(one.urgency, rest), one.attack) for one in labelled(held)]
    return Calibration(
        made_by="triage eval --calibrate",
        code=results.code,
        cases=tuple(one.case for one in results.cases),
        held_back_error=round(calibration_error(stated), 4),
        held_back_incidents=len(stated),
        blocks=blocks,
    )


def labelled(cases: Iterable[OwnOutcome]) -> list[Labelled]:
    """Return every shown incident of the cases with what it was."""
    return [Labelled(place.urgency, place.owner != "") for case in cases for place in case.queue]


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write the table, whole or not at all."""
    with replacing(path) as file:
        file.write(calibration.model_dump_json(indent=1).encode() + b"\n")
