"""What the investigations of a run share: the briefs of all candidates and the tools, made once and then only read."""

from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Lock

from triage.casework.samples import samples
from triage.investigation import CandidateBrief, InvestigationContext
from triage.judgement.candidates import briefs
from triage.models import AlertRef
from triage.ports import WorkingSet
from triage.state import Frames


class RunDossier:
    """``state.Dossier``; lazy, safe to share between branches: the first one to ask makes it, the others wait."""

    def __init__(self, work: WorkingSet, tools: Callable[[WorkingSet], InvestigationContext], sample: int) -> None:
        self._work = work
        self._tools = tools
        self._sample = sample
        self._lock = Lock()

    def brief(self, candidate: str) -> CandidateBrief:
        """Return the brief of a rated candidate."""
        with self._lock:
            return self._briefs[candidate]

    def context(self) -> InvestigationContext:
        """Return the handles of an investigation."""
        with self._lock:
            return self._context

    def samples(self) -> Mapping[str, tuple[AlertRef, ...]]:
        """Return sample alerts of this run by activity."""
        with self._lock:
            return self._samples

    @cached_property
    def _context(self) -> InvestigationContext:
        return self._tools(self._work)

    @cached_property
    def _samples(self) -> Mapping[str, tuple[AlertRef, ...]]:
        return samples(self._work.get(Frames.ALERTS), self._sample)

    @cached_property
    def _briefs(self) -> Mapping[str, CandidateBrief]:
        made = briefs(
            self._work.get(Frames.COMPARED),
            self._work.get(Frames.MEMBERSHIP),
            self._work.get(Frames.JOINS),
            self._work.get(Frames.RATINGS),
            self._samples,
        )
        return {brief.candidate_id: brief for brief in made}
