"""Asks a language model about one finished investigation, and keeps of its answers what holds."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from triage.advisor import checks
from triage.advisor.budget import IncidentBudget, RunBudget
from triage.advisor.chat import ChatModel, estimate
from triage.advisor.lookups import label, options
from triage.advisor.names import Speech
from triage.advisor.prompts import check_prompts, template
from triage.advisor.proposals import CAUSES, Doubts, LookUps, Proposal, Reason, Story, form_of, read
from triage.attack import TechniqueTable
from triage.casework.evidence import findings, numbered
from triage.config import ModelSettings
from triage.errors import ModelError
from triage.investigation import Advice, CandidateBrief, Investigation, Observation, ToolCall
from triage.models import Evidence, Narrative, Sentence, UrgencyPart
from triage.ports import Clock
from triage.trust.gate import Prompt, PromptText, lines, own, prompt
from triage.trust.injection import scan
from triage.wording import number, plain

EVIDENCE_TOLD = 16
"""Statements of the evidence that a prompt shows."""
NEWEST = 4
"""Of them, those that were found last."""
SENTENCES = 5
RAISED = "language model"
"""Name of the part of the urgency that its reasons add."""
_NOT_VALID = "Your last answer could not be read: {problem}. Answer again, with valid JSON in the form asked for only."
P = TypeVar("P", bound=Proposal)
LookUp = Callable[[ToolCall], Observation]


class ModelAdvisor:
    """``investigation.Advisor`` over a chat model; one serves all incidents of a run, side by side.

    Raises ConfigError where a prompt is missing.
    """

    def __init__(
        self,
        model: ChatModel,
        settings: ModelSettings,
        techniques: TechniqueTable,
        clock: Clock,
        run: RunBudget | None = None,
        evidence_alerts: int = 20,
    ) -> None:
        check_prompts()
        self._model = model
        self._settings = settings
        self._techniques = techniques
        self._clock = clock
        self._run = run or RunBudget(settings.run_tokens)
        self._kept = evidence_alerts

    def advise(
        self,
        brief: CandidateBrief,
        found: Investigation,
        observations: Sequence[Observation],
        look_up: LookUp,
        place: int = 0,
    ) -> Advice:
        """Ask for look-ups, a story, doubts and, where the look-ups found something, a reason to hurry."""
        budget = IncidentBudget(self._settings, self._run, self._clock, place)
        talk = Talk(self._model, self._settings, budget, Speech(brief, self._settings))
        talk.learn(found.evidence, observations)
        chosen = self._choose(talk, brief, found.evidence, observations)
        seen = [*observations, *(look_up(call) for call in chosen)]
        fresh = self._read(brief, found.evidence, observations, seen)
        evidence = (*found.evidence, *fresh)
        talk.learn(fresh, seen[len(observations) :])
        story = talk.story(evidence)
        swayed = talk.swayed(evidence, story) if talk.holds_instructions(evidence) else False
        doubts = talk.doubts(evidence)
        raised, reason = talk.reason(found.evidence, fresh, self._settings.raise_points)
        narrative = Narrative(
            model=self._model.name,
            sentences=(*story, *reason),
            harmless=doubts.harmless,
            missing=doubts.missing,
            evidence=fresh,
            looked_up=tuple(plain(label(call), 200) for call in chosen),
            swayed=swayed,
            notes=tuple(talk.notes),
            use=budget.use(),
        )
        return Advice(narrative, raised)

    def charge(self, tokens: int) -> None:
        """Count tokens against the budget of the run that it used before it was interrupted."""
        self._run.settle(0, tokens)

    def _choose(
        self,
        talk: "Talk",
        brief: CandidateBrief,
        evidence: Sequence[Evidence],
        observations: Sequence[Observation],
    ) -> tuple[ToolCall, ...]:
        offered = options(brief, observations)
        most = min(self._settings.look_ups, len(offered))
        return tuple(offered[place] for place in talk.choose(evidence, [label(call) for call in offered], most))

    def _read(
        self,
        brief: CandidateBrief,
        known: Sequence[Evidence],
        before: Sequence[Observation],
        seen: Sequence[Observation],
    ) -> tuple[Evidence, ...]:
        """Return what the new answers show, read by the same code as all others and numbered after them."""
        old = len(findings(brief, before, self._techniques))
        new = findings(brief, seen, self._techniques)[old:]
        start = len(known) + 1
        return tuple(
            one.model_copy(update={"evidence_id": f"E{place}"})
            for place, one in enumerate(numbered(new, self._kept), start=start)
        )


class _Doubts(NamedTuple):
    harmless: tuple[Sentence, ...] = ()
    missing: tuple[Sentence, ...] = ()


class Talk:
    """The questions about one incident; each answer is read, repaired once, or noted as missing."""

    def __init__(self, model: ChatModel, settings: ModelSettings, budget: IncidentBudget, speech: Speech) -> None:
        self._model = model
        self._settings = settings
        self._budget = budget
        self._speech = speech
        self.notes: list[str] = []

    def learn(self, evidence: Sequence[Evidence], observations: Sequence[Observation]) -> None:
        """Take in the names that this evidence holds, before any of it is told."""
        self._speech.learn([one.statement for one in evidence], observations)

    def choose(self, evidence: Sequence[Evidence], offered: Sequence[str], most: int) -> tuple[int, ...]:
        """Return places in ``offered``, at most ``most``, each once."""
        if not most:
            return ()
        self._speech.learn(offered, ())
        shown = lines(self._speech.tell(f"{place}: {text}") for place, text in enumerate(offered, start=1))
        filled = self._filled("look_up", evidence=self._evidence(evidence), options=shown, most=own(str(most)))
        answer = self._ask("look_up", filled, LookUps)
        wanted = dict.fromkeys(answer.look_ups if answer else ())
        return tuple(place - 1 for place in wanted if 1 <= place <= len(offered))[:most]

    def story(self, evidence: Sequence[Evidence], *, mask: bool = True) -> tuple[Sentence, ...]:
        """Return what happened in the model's words, checked."""
        filled = self._filled("narrate", evidence=self._evidence(evidence, mask=mask), most=own(str(SENTENCES)))
        answer = self._ask("narrate", filled, Story)
        told = answer.sentences if answer else ()
        return tuple(checks.checked(self._speech.restore(one.text), one.cites, evidence) for one in told)

    def doubts(self, evidence: Sequence[Evidence]) -> _Doubts:
        """Return harmless causes and open questions."""
        filled = self._filled("doubt", evidence=self._evidence(evidence), causes=own("; ".join(CAUSES)))
        answer = self._ask("doubt", filled, Doubts)
        if answer is None:
            return _Doubts()
        harmless = tuple(
            checks.question(self._speech.restore(one.question), one.cites, evidence, f"Perhaps {one.cause}: ")
            for one in answer.harmless
        )
        missing = tuple(checks.question(self._speech.restore(text), (), evidence) for text in answer.missing)
        return _Doubts(harmless, missing)

    def answer(self, question: str, evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
        """Return the model's answer to a person's question, checked like a story."""
        told = self._speech.tell(question)
        filled = self._filled("answer", question=told, evidence=self._evidence(evidence), most=own(str(SENTENCES)))
        answer = self._ask("answer", filled, Story)
        said = answer.sentences if answer else ()
        return tuple(checks.checked(self._speech.restore(one.text), one.cites, evidence) for one in said)

    def holds_instructions(self, evidence: Sequence[Evidence]) -> bool:
        """Tell whether the evidence that is told holds text which tries to direct its reader."""
        return any(scan(one.statement) for one in _shown(evidence))

    def swayed(self, evidence: Sequence[Evidence], masked: Sequence[Sentence]) -> bool:
        """Ask for the story again with the instruction-like text in it; tell whether what holds of it changed."""
        plainly = self.story(evidence, mask=False)
        changed = bool(plainly) and _held(plainly) != _held(masked)
        if changed:
            self.notes.append("the model told another story when it could read the instruction-like text; not shown")
        return changed

    def reason(
        self, known: Sequence[Evidence], fresh: Sequence[Evidence], most: float
    ) -> tuple[tuple[UrgencyPart, ...], tuple[Sentence, ...]]:
        """Ask for a reason to hurry, only where look-ups found what speaks for an attack; it must cite that."""
        telling = {one.evidence_id for one in fresh if one.supports == "attack"}
        if not telling or not most:
            return (), ()
        filled = self._filled("raise", evidence=self._evidence(known), fresh=self._evidence(fresh))
        answer = self._ask("raise", filled, Reason)
        if answer is None or not answer.text:
            return (), ()
        said = checks.checked(self._speech.restore(answer.text), answer.cites, [*known, *fresh])
        if said.struck or not telling & set(said.cites):
            return (), (said,)
        cited = ", ".join(said.cites)
        return (UrgencyPart(name=RAISED, points=round(most, 1), why=f"{said.text} [{cited}]"),), (said,)

    def _evidence(self, evidence: Sequence[Evidence], *, mask: bool = True) -> PromptText:
        shown = _shown(evidence)
        told = [self._speech.tell(f"{one.evidence_id} ({one.supports}): {one.statement}", mask=mask) for one in shown]
        rest = len(evidence) - len(shown)
        return lines([*told, own(f"and {number(rest, 'fact')} more")] if rest else told)

    @staticmethod
    def _filled(name: str, **data: PromptText) -> Prompt:
        return prompt(template(name).text, **data)

    def _ask(self, question: str, asked: Prompt, proposal: type[P]) -> P | None:
        """Ask once, and once more where the answer cannot be read; None where there is no answer to be had."""
        for _ in range(2):
            answer = self._answer(question, asked, proposal)
            if answer is None:
                return None
            try:
                return read(proposal, answer)
            except ValueError as problem:
                asked = asked.again(own(_NOT_VALID.format(problem=problem)))
        self.notes.append(f"{question}: no readable answer, also not when asked again")
        return None

    def _answer(self, question: str, asked: Prompt, proposal: type[P]) -> str | None:
        sent = estimate(asked.text)
        reserved = sent + self._settings.answer_tokens
        if forbidden := self._budget.why_not(reserved):
            self.notes.append(f"{question}: not asked, {forbidden}")
            return None
        try:
            reply = self._model.ask(asked, form_of(proposal), self._settings.answer_tokens)
        except ModelError as problem:
            self._budget.lost(reserved, sent)
            self.notes.append(f"{question}: {plain(str(problem), 300)}")
            return None
        self._budget.paid(reserved, reply)
        return reply.text


def _shown(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Return what a prompt tells: the first facts, which are the most telling, and the newest."""
    return evidence if len(evidence) <= EVIDENCE_TOLD else [*evidence[: EVIDENCE_TOLD - NEWEST], *evidence[-NEWEST:]]


def _held(sentences: Sequence[Sentence]) -> list[tuple[str, ...]]:
    """Return what the sentences that hold cite, which is what they are about."""
    return [one.cites for one in sentences if not one.struck]
