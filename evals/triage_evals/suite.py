"""The evaluation: runs every case, scores it, sets the plain methods and the ablations beside it.

Whatever is finished is kept under its fingerprint, so that an evaluation that was stopped goes on where it was.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

from triage.atomic import replacing
from triage_evals.answer import Answer, Shown, answer, queue_members, read_ledger, read_queue
from triage_evals.baselines import METHODS, Method, without_truth
from triage_evals.cases import ALERTS_FILE, Case, load_case
from triage_evals.causes import cause_score, causes_named
from triage_evals.deepcase_peer import MISSING, available, deepcase_queue
from triage_evals.generated import origins, write_company
from triage_evals.results import Measured, Met, Outcome, OwnOutcome, Place, Results
from triage_evals.running import Job, Ran, code_version, fingerprint, known, run, same_result
from triage_evals.scoring import SCORERS, attack_scores, conservation

Tell = Callable[[str], None]


class Plan(NamedTuple):
    """What to evaluate."""

    cases: tuple[Path, ...]
    """Case folders."""
    output: Path
    without: tuple[str, ...] = ()
    """Names of ablations to run as well."""
    peers: bool = True
    """Run DeepCASE where it is installed; it takes minutes on a large case."""
    shuffled: bool = False
    """Run each case a second time in another order of alerts and compare the bytes."""
    resume: bool = True
    """Use finished runs again."""


def built_cases(shared: Path, folder: Path, seed: int, tell: Tell) -> tuple[Path, ...]:
    """Build the labelled cases of a seed unless they are there; none where the data sets are not beside us."""
    builder, target = shared / "tools" / "build_cases.py", folder / f"seed_{seed}"
    if not builder.is_file():
        return ()
    if not (target / "complete").exists():
        tell(f"building the labelled cases of seed {seed}")
        words = [sys.executable, str(builder), "--out", str(target), "--seed", str(seed)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own builder, our own words
        (target / "complete").touch()
    return tuple(sorted(path.parent for path in target.glob(f"*/{ALERTS_FILE}")))


def generated_cases(folder: Path, companies: int, tell: Tell) -> tuple[Path, ...]:
    """Generate the companies 1, 2, ... unless they are there."""
    if companies:
        tell(f"generating {companies} companies")
    return tuple(write_company(folder / "generated", seed) for seed in range(1, companies + 1))


def evaluate(plan: Plan, tell: Tell) -> Results:
    """Evaluate a plan. Raises TriageError when a run fails, OSError when a case cannot be read."""
    code = code_version()
    own: list[OwnOutcome] = []
    baselines: dict[str, list[Outcome]] = {}
    ablations: dict[str, list[OwnOutcome]] = {name: [] for name in plan.without}
    for number, folder in enumerate(plan.cases, start=1):
        case = load_case(folder)._replace(name=case_name(folder))
        tell(f"[{number}/{len(plan.cases)}] {case.name}: {case.alerts.height:,} alerts")
        own.append(_own(case, Job(folder, plan.output / "runs"), code, plan, tell))
        for name, outcome in _beside(case, plan, tell):
            baselines.setdefault(name, []).append(outcome)
        for name in plan.without:
            job = Job(folder, plan.output / "runs", without=name)
            ablations[name].append(_own(case, job, code, plan._replace(shuffled=False), tell))
    skipped = (MISSING,) if plan.peers and not available() else ()
    return Results(
        code=code, cases=tuple(own), baselines=_tuples(baselines), ablations=_tuples(ablations), skipped=skipped
    )


def case_name(folder: Path) -> str:
    """Return the name of a case; cases of another seed than the first carry it."""
    seed = folder.parent.name.removeprefix("seed_")
    return f"{folder.name}/{seed}" if seed.isdigit() and seed != "1" else folder.name


def _tuples(lists: dict[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(values) for name, values in lists.items()}


def _own(case: Case, job: Job, code: str, plan: Plan, tell: Tell) -> OwnOutcome:
    ran = _made(job, code, plan, tell)
    ledger, queue = read_ledger(ran.output), read_queue(ran.output)
    given = answer(case, queue_members(queue, ledger), len(queue))
    differs = None
    if plan.shuffled:
        differs = tuple(same_result(ran.output, _made(job._replace(shuffled=True), code, plan, tell).output))
    scores = _scores(given)
    kept = conservation(case, ledger)
    scores["conservation"] = Measured(value=kept.value, reason=kept.reason)
    named = tuple(causes_named(given, ledger, ran.output, origins(job.case)))
    if named:
        told = cause_score(named)
        scores["cause named right"] = Measured(value=round(told.value, 6), reason=told.reason[:500])
    return OwnOutcome(
        case=case.name,
        alerts=case.alerts.height,
        seconds=ran.seconds,
        scores=scores,
        attacks=_attacks(given),
        peak_mb=ran.peak_mb,
        tokens=ran.tokens,
        queue=tuple(_places(given, queue, origins(job.case))),
        shuffled_differs=differs,
        causes=named,
    )


def _made(job: Job, code: str, plan: Plan, tell: Tell) -> Ran:
    found = known(job, code) if plan.resume else None
    if found:
        return found
    made = run(job, code)
    beside = (f" without {job.without}" if job.without else "") + (" shuffled" if job.shuffled else "")
    tell(f"    run{beside}: {made.seconds:.1f} s, {made.peak_mb:,.0f} MB")
    return made


def _scores(given: Answer) -> dict[str, Measured]:
    found = ((scorer.name, scorer(given)) for scorer in SCORERS)
    return {name: Measured(value=round(one.value, 6), reason=one.reason[:500]) for name, one in found}


def _attacks(given: Answer) -> tuple[Met, ...]:
    return tuple(Met(**one._asdict()) for one in attack_scores(given))


def _places(given: Answer, queue: Sequence[Shown], benign: pl.DataFrame) -> Iterator[Place]:
    owners = dict(given.owners.iter_rows())
    counted = given.members.join(benign, on="id").group_by("place", "origin").len()
    first = counted.sort("place", "len", "origin", descending=[False, True, False]).unique("place", maintain_order=True)
    origin = {place: name for place, name, _ in first.iter_rows()}
    for place, one in enumerate(queue, start=1):
        owner = owners.get(place, "")
        yield Place(
            place=place,
            urgency=one.urgency,
            alerts=one.alerts,
            owner=owner,
            origin="" if owner else origin.get(place, ""),
        )


def _beside(case: Case, plan: Plan, tell: Tell) -> Iterator[tuple[str, Outcome]]:
    """Yield the outcome of every plain method, and of DeepCASE where it is installed."""
    for name, method in METHODS.items():
        yield name, _outcome(case, method)
    if plan.peers and available():
        yield "DeepCASE", _kept(case, plan, tell)


def _kept(case: Case, plan: Plan, tell: Tell) -> Outcome:
    """Return DeepCASE's outcome, kept by the case alone: our code does not change it."""
    peer = (
        Path(__file__).with_name("deepcase_peer.py").read_bytes() + Path(__file__).with_name("scoring.py").read_bytes()
    )
    path = plan.output / "peers" / f"{fingerprint(Job(case.source.parent, plan.output), peer.hex())}.json"
    if plan.resume and path.exists():
        return Outcome.model_validate(orjson.loads(path.read_bytes()))
    found = _outcome(case, Method("", deepcase_queue))
    tell(f"    DeepCASE: {found.seconds:.1f} s")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(found.model_dump_json().encode())
    return found


def _outcome(case: Case, method: Method) -> Outcome:
    began = time.perf_counter()
    members = method.queue(without_truth(case.alerts))
    seconds = round(time.perf_counter() - began, 3)
    given = answer(case, members)
    return Outcome(
        case=case.name, alerts=case.alerts.height, seconds=seconds, scores=_scores(given), attacks=_attacks(given)
    )
