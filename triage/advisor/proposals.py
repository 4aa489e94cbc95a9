"""What a model may propose, and nothing else: no field closes, lowers, drops, merges, suppresses or acts.

What an answer holds beyond these fields is not read. Lists and texts that are too long are cut, not refused.
"""

from typing import Annotated, Any, Literal, TypeVar, get_args

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from triage.advisor.chat import Form

TEXT_CHARS = 400
"""Characters of one sentence."""
ANSWER_CHARS = 20_000
"""Characters of an answer that are looked at."""


def _first(number: int) -> BeforeValidator:
    return BeforeValidator(lambda value: value[:number] if isinstance(value, list) else value)


def _shortened(value: object) -> object:
    return value[:TEXT_CHARS] if isinstance(value, str) else value


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_shortened)]
Cites = Annotated[list[str], _first(8), BeforeValidator(_several)]


class Proposal(BaseModel):
    """Base of all proposals."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LookUps(Proposal):
    """Numbers of the offered look-ups that the model would like to see answered."""

    look_ups: Annotated[list[int], _first(20)]


class Told(Proposal):
    """A sentence and the evidence it rests on."""

    text: Text
    cites: Cites


class Story(Proposal):
    """What happened."""

    sentences: Annotated[list[Told], _first(8)]


Cause = Literal[
    "roll-out of software or configuration",
    "authorised scan or test",
    "administration",
    "backup or scheduled job",
    "misfiring rule",
    "mistake of a user",
]
"""Harmless causes that a model may suggest: a closed set, so that it cannot invent an authority."""
CAUSES: tuple[str, ...] = get_args(Cause)


class Doubt(Proposal):
    """A harmless cause that would fit, and the question that would confirm it."""

    cause: Cause
    cites: Cites
    question: Text


class Doubts(Proposal):
    """What speaks against an attack, and what is not known."""

    harmless: Annotated[list[Doubt], _first(3)] = Field(default_factory=list)
    missing: Annotated[list[Text], _first(4)] = Field(default_factory=list)


class Reason(Proposal):
    """A reason for more urgency; an empty text is none. How much more is for code to say."""

    text: Text = ""
    cites: Cites = Field(default_factory=list)


P = TypeVar("P", bound=Proposal)


def form_of(proposal: type[Proposal]) -> Form:
    """Return the form that a model is asked to keep to."""
    schema: dict[str, Any] = proposal.model_json_schema()
    return Form(proposal.__name__, schema)


def read(proposal: type[P], answer: str) -> P:
    """Read a proposal from an answer, with or without words around its JSON.

    Raises ValueError with a message in this program's own words, without any of the answer.
    """
    text = answer[:ANSWER_CHARS]
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ValueError("the answer holds no JSON object")
    try:
        return proposal.model_validate(orjson.loads(text[start : end + 1]))
    except orjson.JSONDecodeError as exc:
        raise ValueError(f"the answer is not valid JSON (position {exc.pos})") from exc
    except ValidationError as exc:
        raise ValueError(_problems(exc)) from exc


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)[:3]
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the answer'}: {one['type']}" for one in found)
