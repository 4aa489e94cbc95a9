"""What a language model is to the rest of the program: something that answers a prompt which passed the gate."""

from typing import Any, NamedTuple, Protocol

from triage.trust.gate import Prompt

CHARS_PER_TOKEN = 3.0
"""Characters per token of technical text, below the 4 of English prose: names, ids and times split finely."""


class Form(NamedTuple):
    """The form that an answer should have."""

    name: str
    schema: dict[str, Any]
    """JSON schema of the answer, an object."""


class Reply(NamedTuple):
    """What a model said, not yet believed."""

    text: str
    """Its answer; JSON text if it kept to the form."""
    input_tokens: int
    output_tokens: int
    estimated: bool = False
    """Whether the tokens were counted here, because the provider did not."""
    seconds: float = 0.0
    model: str = ""
    """provider:model that answered; a fallback may have."""


class ChatModel(Protocol):
    """A language model, wherever it runs. Safe to be asked from several threads at a time."""

    @property
    def name(self) -> str:
        """Return provider:model."""
        ...

    @property
    def local(self) -> bool:
        """Tell whether the model runs on machines of ours, so that names may be sent as they are."""
        ...

    def ask(self, prompt: Prompt, form: Form, limit: int) -> Reply:
        """Answer with at most ``limit`` tokens.

        Raises ModelError when there is no answer, whatever the reason; TypeError where the model is not local and the
        prompt holds text that passed the gate without pseudonyms.
        """
        ...


def estimate(text: str) -> int:
    """Return about how many tokens a text has."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


def refuse_plain(prompt: Prompt, *, local: bool) -> None:
    """Raise TypeError for a prompt with real names that would leave this machine."""
    if not (local or prompt.hidden):
        raise TypeError("a prompt for a remote model must pass the gate with pseudonyms")
