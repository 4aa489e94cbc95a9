"""The tables of the report as plain rows, the same for terminal, Markdown and HTML."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triage.generator import ATTACKS
from triage.trust.untrusted import clean
from triage_evals.ablations import ABLATIONS
from triage_evals.baselines import METHODS
from triage_evals.results import Mean, Named, Outcome, OwnOutcome, Probed, Results
from triage_evals.statistics import calibration_error, mean, over_attacks, over_cases

OURS = "triage"


class Table(NamedTuple):
    """A titled table of text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables(results: Results) -> Iterator[Table]:
    """Yield the tables of an evaluation, most telling first; those without a row are left out."""
    for table in (_cases(results), _methods(results), _attacks(results), _summary(results), _ablations(results)):
        if table.rows:
            yield table
    for table in (_adversarial(results), _evasion(results)):
        if table.rows:
            yield table
    for table in (_families(results), _causes(results), _alarms(results), _noise(results)):
        if table.rows:
            yield table


def _value(outcome: Outcome, name: str) -> str:
    return f"{outcome.scores[name].value:.3g}" if name in outcome.scores else "-"


def _name(text: str) -> str:
    return clean(text, 60)


_CASE_SCORES = ("found@10", "worst rank", "shown", "noise", "recall", "precision", "pieces", "merged", "phases")


def _cases(results: Results) -> Table:
    head = ("case", "alerts", *_CASE_SCORES, "adj. Rand", "V", "conserved", "shuffled", "seconds", "MB", "tokens")
    rows = tuple((_name(one.case), f"{one.alerts:,}", *_case_row(one)) for one in results.cases)
    return Table("Cases", head, rows, "recall, precision and pieces are means over the attacks of a case")


def _case_row(one: OwnOutcome) -> Iterator[str]:
    yield from (_value(one, name) for name in (*_CASE_SCORES, "adjusted Rand", "V-measure"))
    yield "yes" if one.scores["conservation"].value == 1 else "NO"
    yield "-" if one.shuffled_differs is None else "DIFFERS" if one.shuffled_differs else "same"
    yield from (f"{one.seconds:.1f}", f"{one.peak_mb:,.0f}", str(one.tokens))


def _methods(results: Results) -> Table:
    names = (OURS, *results.baselines)
    rows = [_method_row(case, number, results) for number, case in enumerate(one.case for one in results.cases)]
    note = "shown / noise / found@10; " + "; ".join(f"{name}: {method.what}" for name, method in METHODS.items())
    return Table("Beside plain methods and peers", ("case", *names), tuple(rows), note)


def _method_row(case: str, number: int, results: Results) -> tuple[str, ...]:
    outcomes = (results.cases[number], *(found[number] for found in results.baselines.values()))
    return _name(case), *(" / ".join(_value(one, name) for name in ("shown", "noise", "found@10")) for one in outcomes)


def _attacks(results: Results) -> Table:
    rows = tuple(
        (
            _name(one.case),
            _name(met.attack),
            "missed" if met.rank is None else str(met.rank),
            str(met.pieces),
            f"{met.recall:.2f}",
            f"{met.precision:.2f}",
            f"{met.phases:.2f}",
        )
        for one in results.cases
        for met in one.attacks
    )
    return Table("Attacks", ("case", "attack", "rank", "pieces", "recall", "precision", "phases"), rows)


def interval(found: Mean) -> str:
    """Say a mean with its interval."""
    return f"{found.value:.3g} [{found.low:.3g}, {found.high:.3g}]"


def _summary(results: Results) -> Table:
    every: dict[str, Sequence[Outcome]] = {OURS: results.cases, **results.baselines}
    rows = tuple(_summary_row(name, outcomes) for name, outcomes in every.items() if outcomes)
    head = ("method", "attacks found@10", "recall", "precision", "noise per case", "shown per case", "V", "seconds")
    return Table(
        "Summary", head, rows, "mean [95 % bootstrap interval], over attacks for the first three, else over cases"
    )


def _summary_row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    attacks, cases = over_attacks(outcomes), over_cases(outcomes)
    of_attacks = (interval(attacks[key]) if key in attacks else "-" for key in ("found@10", "recall", "precision"))
    of_cases = (interval(cases[key]) for key in ("noise", "shown", "V-measure"))
    return name, *of_attacks, *of_cases, f"{sum(one.seconds for one in outcomes):.0f}"


_EFFECTS = ("found@10", "noise", "shown", "recall", "precision", "pieces", "merged")


def _ablations(results: Results) -> Table:
    rows = [_effects(name, outcomes, results.cases) for name, outcomes in results.ablations.items() if outcomes]
    note = (
        "change of the mean over the cases when the part is switched off; a part whose row is all 0 adds nothing here"
    )
    return Table("Without one part of our own", ("without", "what it does", *_EFFECTS), tuple(rows), note)


def _effects(name: str, without: Sequence[Outcome], whole: Sequence[Outcome]) -> tuple[str, ...]:
    before, after = over_cases(whole), over_cases(without)
    changes = (after[score].value - before[score].value for score in _EFFECTS)
    return name, ABLATIONS[name].what if name in ABLATIONS else "", *(f"{round(one, 3) + 0.0:+.3g}" for one in changes)


def _generated(results: Results) -> list[OwnOutcome]:
    return [one for one in results.cases if one.case.startswith("company_")]


def _families(results: Results) -> Table:
    met = defaultdict(list)
    for outcome in _generated(results):
        for one in outcome.attacks:
            met[one.attack].append(one)
    rows = tuple(
        (
            _name(name),
            str(len(found)),
            interval(mean([float(one.rank is not None and one.rank <= 10) for one in found])),
            interval(mean([one.recall for one in found])),
            f"{max((one.rank or 0) for one in found)}",
            f"{sum(one.pieces for one in found) / len(found):.2f}",
        )
        for name, found in sorted(met.items())
    )
    return Table(
        "Attack families (generated)", ("family", "played", "found@10", "recall", "worst rank", "pieces"), rows
    )


def _causes(results: Results) -> Table:
    every = [named for outcome in results.cases for named in outcome.causes]
    groups = {"all": every} | {name: [one for one in every if one.subject == name] for name in _subjects(every)}
    rows = tuple(
        (
            _name(name),
            str(len(found)),
            interval(mean([float(one.right) for one in found])),
            ", ".join(sorted({_name(one.cause) or "missed" for one in found if not one.right})),
        )
        for name, found in groups.items()
        if found
    )
    note = "what was played, and whether the incident that holds most of it is said to be that; mean [95 % interval]"
    return Table("Causes named right (generated)", ("played", "times", "right", "else said to be"), rows, note)


def _subjects(every: Sequence[Named]) -> list[str]:
    return sorted({one.subject for one in every}, key=lambda name: (name not in ATTACKS, name))


def _alarms(results: Results) -> Table:
    shown: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for outcome in _generated(results):
        for place in outcome.queue:
            if not place.owner:
                shown[place.origin or "not known"].append((outcome.case, place.place))
    rows = tuple(
        (_name(origin), str(len(places)), ", ".join(f"{case} #{place}" for case, place in places[:8]))
        for origin, places in sorted(shown.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    return Table("False alarms by what set them off (generated)", ("activity", "incidents", "where"), rows)


def _noise(results: Results) -> Table:
    places = [place for outcome in results.cases for place in outcome.queue]
    rows = ((str(len(places)), f"{calibration_error(places):.3f}"),) if places else ()
    note = "urgency / 100 read as the probability of being an attack, over all shown incidents, ten bins"
    return Table("Calibration", ("incidents", "expected calibration error"), rows, note)


_PROBED = ("measure", "count", "of", "share", "95 % interval", "bound", "result", "first of them")


def _adversarial(results: Results) -> Table:
    found = results.adversarial
    note = f"{found.runs} whole runs with {found.plantings:,} planted texts, {found.seconds:.0f} s" if found else ""
    told = "; ".join((note, *found.skipped)) if found else ""
    return Table("Adversarial suite", _PROBED, tuple(map(_probed_row, found.measures if found else ())), told)


def _evasion(results: Results) -> Table:
    found = results.adversarial.evasion if results.adversarial else ()
    return Table("What evasion costs us", _PROBED, tuple(map(_probed_row, found)), "told, held to no bound")


def _probed_row(one: Probed) -> tuple[str, ...]:
    bound = f">= {one.least:.0%}" if one.least is not None else f"<= {one.most:.0%}" if one.most is not None else "-"
    result = "-" if bound == "-" else "MISSED" if one.missed else "held"
    share, interval = f"{one.share:.2%}", f"{one.low:.2%} to {one.high:.2%}"
    return one.name, f"{one.count:,}", f"{one.of:,}", share, interval, bound, result, clean(one.reason, 300)
